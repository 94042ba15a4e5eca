import { type Duration, SECOND } from '../base/time.ts'
import type { TcpSysctls } from './sysctls.ts'

/** The largest window that can be expressed (RFC 7323 §2.3), bytes. */
export const MAX_WINDOW = 0xffff << 14

/** From this value of IP_MTU_DISCOVER on segments are as large as the interface takes. */
const PMTUDISC_PROBE = 3

/** With whom a port is shared. */
export interface SharedPort {
  /** SO_REUSEADDR and SO_REUSEPORT. */
  readonly reusesAddress: boolean
  readonly reusesPort: boolean
}

/**
 * What a user may set on one connection; a listener's are inherited by what it accepts.
 *
 * Shared until changed: connections that nobody tunes all point to one object.
 */
export class Settings implements SharedPort {
  /** Nagle's algorithm off (TCP_NODELAY; MUST-17). */
  noDelay = false
  /** TCP_FASTOPEN_NO_COOKIE: Fast Open without, towards a server, or for clients, that can be trusted. */
  fastOpenNoCookie = false
  /** TCP_FASTOPEN: Fast Opens that a listener has in progress. */
  fastOpenBacklog = 0
  /** TCP_FASTOPEN_CONNECT: the SYN waits for the first data, where it can go with it. */
  connectsFast = false
  /** Only full segments (TCP_CORK). */
  cork = false
  /** Probe an idle peer (SO_KEEPALIVE): for each connection (MUST-24), and not unless asked for (MUST-25). */
  keepAlive = false
  /** TCP_KEEPIDLE (MUST-27). */
  keepIdle: Duration
  keepInterval: Duration
  keepCount: number
  /** TCP_USER_TIMEOUT (RFC 5482); 0: `tcp_retries2` decides. */
  userTimeout: Duration = 0
  /** TCP_LINGER2: how long an orphan stays in FIN-WAIT-2; negative: not at all. */
  finTimeout: Duration
  /** TCP_SYNCNT. */
  synRetries: number
  /** TCP_MAXSEG; 0: by the MTU. */
  maxSegment = 0
  /** SO_SNDBUF and SO_RCVBUF as they are told, bytes. */
  sendBuffer: number
  receiveBuffer: number
  /** The user chose the send buffer: it does not grow by itself. */
  isSendBufferFixed = false
  /** The user chose the receive buffer: it does not grow by itself. */
  isReceiveBufferFixed = false
  /** TCP_WINDOW_CLAMP: largest window to offer, bytes; 0: as large as the buffer. */
  windowClamp = 0
  /** TCP_NOTSENT_LOWAT: unsent bytes from which on a connection is not writable; 0: `tcp_notsent_lowat`. */
  notSentLowWater = 0
  /** TCP_DEFER_ACCEPT: how many time-outs of the SYN-ACK a handshake waits for data; 0: not at all. */
  deferAccept = 0
  /** SO_OOBINLINE: urgent data is read like any other. */
  isOutOfBandInline = false
  /** As SharedPort, for as long as the connection uses its port. */
  reusesAddress = false
  reusesPort = false
  /** IP_TTL (MUST-49). */
  timeToLive: number
  /** TCP_CONGESTION: on a connection too. */
  congestionControl: string
  /** SO_MAX_PACING_RATE: bytes a second; 0: no limit. */
  maxPacingRate = 0
  /** IP_TOS (MUST-48): may change at any time (SHLD-21), and reaches IP as it is (SHLD-22). */
  typeOfService = 0
  /** IP_MTU_DISCOVER; 0: segments may be fragmented. */
  mtuDiscovery: number
  /** TCP_QUICKACK was set to 0 on a listener: what it accepts begins by waiting for answers to carry its acknowledgements. */
  delaysAcks = false

  constructor(sysctl: TcpSysctls) {
    this.keepIdle = sysctl.tcp_keepalive_time * SECOND
    this.keepInterval = sysctl.tcp_keepalive_intvl * SECOND
    this.keepCount = sysctl.tcp_keepalive_probes
    this.finTimeout = sysctl.tcp_fin_timeout * SECOND
    this.synRetries = sysctl.tcp_syn_retries
    this.sendBuffer = sysctl.tcp_wmem[1]!
    this.receiveBuffer = sysctl.tcp_rmem[1]!
    this.timeToLive = sysctl.ip_default_ttl
    this.mtuDiscovery = sysctl.ip_no_pmtu_disc === 0 ? 1 : 0
    this.congestionControl = sysctl.tcp_congestion_control
  }

  /** Bytes that may wait for the user to read them. Half of a chosen buffer is for overhead, as Linux has it. */
  get receiveLimit(): number {
    return this.isReceiveBufferFixed ? this.receiveBuffer >> 1 : this.receiveBuffer
  }

  /** The largest window that may be offered, bytes. */
  get windowLimit(): number {
    return this.windowClamp === 0 ? MAX_WINDOW : this.windowClamp
  }

  /** The largest window that there will be, bytes, where buffers grow to `most`: one that the user chose does not. */
  largestWindow(most: number): number {
    return Math.min(this.isReceiveBufferFixed ? this.receiveLimit : most, this.windowLimit)
  }

  /** DF is set, and routers' answers to it are heard (RFC 1191). */
  get discoversPathMtu(): boolean {
    return this.mtuDiscovery !== 0
  }

  /** What routers have said of the path counts. */
  get usesPathMtu(): boolean {
    return this.mtuDiscovery < PMTUDISC_PROBE
  }

  copy(): Settings {
    return Object.assign(Object.create(Settings.prototype) as Settings, this)
  }
}
