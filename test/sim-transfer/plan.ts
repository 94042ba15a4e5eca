import type { Duration, Instant } from '../../src/base/time.ts'
import type { LinkDirection } from '../../src/sim/link.ts'
import type { TcpSysctls } from '../../src/tcp/sysctls.ts'

/** What a user sets on a socket. Undefined: left as it is. */
export interface SocketChoices {
  receiveBuffer?: number
  sendBuffer?: number
  noDelay?: boolean
  cork?: boolean
  maxSegment?: number
  windowClamp?: number
  isOutOfBandInline?: boolean
  quickAck?: number
  /** Bytes a second (SO_MAX_PACING_RATE). */
  pacingRate?: number
  notSentLowWater?: number
  /** Milliseconds. */
  userTimeout?: number
  /** Seconds. */
  keepIdle: number
  deferAccept?: number
  /** IP_MTU_DISCOVER. */
  mtuDiscovery?: number
}

/** A host and what its users set. */
export interface Side {
  mtu: number
  offload: boolean
  profile: 'linux' | 'freebsd'
  sysctl: Partial<TcpSysctls>
  /** Bytes. */
  arena: number
  /** How far the first initial sequence number lies below 2^32; undefined: anywhere. */
  beforeWrap?: number
  /** Milliseconds for which the clock of timestamps goes on before it wraps, and whether at 2^31 or at 2^32. */
  beforeClockWrap?: number
  clockWrap?: 0x7fffffff | 0xffffffff
  /** Of a host that comes back after a crash (RFC 9293 §3.4.3). */
  quietTime: Duration
  socket: SocketChoices
}

/** How a user behaves. */
export interface Conduct {
  /** Bytes to send. */
  length: number
  /** Bytes a call of send or recv. */
  chunk: number
  /**
   * When all is sent: shut the direction down and read on, close only when the peer has ended, or abort. Who leaves closes at `leavesAt`,
   * whatever has been sent or read by then.
   */
  ending: 'half-close' | 'wait' | 'abort' | 'leave'
  /** Counted from the connection's beginning, as `readsFrom`. */
  leavesAt: Duration
  /** SO_LINGER with no time, whatever the ending. */
  isAbrupt: boolean
  /** Nothing is read before. */
  readsFrom: Duration
  /** After so many bytes read, a rest. */
  sip?: { bytes: number; rest: Duration }
  /** After so many bytes written, a rest. */
  puff?: { bytes: number; rest: Duration }
  /** Every so many calls of send: one byte as urgent data; a promise of more. */
  urgentEvery?: number
  moreEvery?: number
}

/** One direction of the way between the hosts. */
export interface Way extends LinkDirection {
  /** Largest packets that it takes, from moments on. Silent: nobody is told of what is too large. */
  narrows: { at: Instant; mtu: number }[]
  isSilent: boolean
  /** Its ICMP errors are of before RFC 1191: they name no MTU. */
  isOldRouter: boolean
  /** Probability that a packet of an ECN-capable transport is marked. */
  marks: number
  /** Probability that a packet is answered by an ICMP error, whether it arrives or not; type and code. */
  slander: number
  slanders: readonly (readonly [number, number])[]
}

export interface Plan {
  seed: number
  /** Names of what was drawn. */
  features: string[]
  /** A connection may end before everything has arrived: somebody or something sees to that. */
  mayFail: boolean
  client: Side
  server: Side
  forth: Way
  back: Way
  /** Connections side by side, and one after the other on the same pair of ports. */
  lanes: number
  rounds: number
  /** Between one and the next. */
  gap: Duration
  /** Of the users of each lane. */
  clientConduct: Conduct[]
  serverConduct: Conduct[]
  backlog: number
  /** Nothing is accepted before. */
  acceptsFrom: Instant
  isSimultaneous: boolean
  fastOpen: boolean
  /** Nothing gets through. */
  outages: { at: Instant; lasts: Duration; way: 'forth' | 'back' | 'both' }[]
  /** The host forgets everything, and comes back. */
  crashes: { at: Instant; lasts: Duration; side: 'client' | 'server' }[]
}
