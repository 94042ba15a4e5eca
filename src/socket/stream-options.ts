import { MILLISECOND, SECOND } from '../base/time.ts'
import { push } from '../tcp/calls.ts'
import type { Settings } from '../tcp/settings.ts'
import type { TcpSysctls } from '../tcp/sysctls.ts'
import {
  AF_INET,
  IPPROTO_TCP,
  IpOption,
  Level,
  MtuDiscovery,
  SOCK_STREAM,
  SocketOption,
  TcpOption,
} from './constants.ts'
import { deferOf, secondsOf } from './defer-accept.ts'
import { Errno } from './errno.ts'
import { INT_LENGTH, intOf, tellInt } from './option-values.ts'
import type { StreamSocket } from './stream-socket.ts'
import { structOptions } from './struct-options.ts'

/** One option whose value is an int: how it is read, and how it is set (0 or a negative errno). */
interface Option {
  get?(s: StreamSocket): number
  set?(s: StreamSocket, value: number): number
}

/** Smallest buffers (Linux's SOCK_MIN_SNDBUF and SOCK_MIN_RCVBUF), bytes. */
const MIN_SEND_BUFFER = 4608
const MIN_RECEIVE_BUFFER = 2304

const MAX_INT = 0x7fffffff
const MAX_UNSIGNED = 0xffffffff
/** Linux's TCP_MIN_MSS and MAX_TCP_WINDOW. */
const MIN_MSS = 88
const MAX_MSS = 32767
/** Linux's TCP_FIN_TIMEOUT_MAX, seconds. */
const MAX_FIN_TIMEOUT = 120
/** The two bits of the type of service that belong to ECN: a stream's are not the user's. */
const ECN_MASK = 3

const socketOptions: Readonly<Record<number, Option>> = {
  [SocketOption.ReuseAddress]: flag('reusesAddress'),
  [SocketOption.ReusePort]: flag('reusesPort'),
  [SocketOption.KeepAlive]: flag('keepAlive'),
  [SocketOption.OobInline]: flag('isOutOfBandInline'),
  [SocketOption.ZeroCopy]: {
    get: (s) => Number(s.isZeroCopy),
    set: (s, value) => {
      if (!within(value, 0, 1)) return -Errno.EINVAL
      s.isZeroCopy = value !== 0
      return 0
    },
  },
  [SocketOption.Type]: { get: () => SOCK_STREAM },
  [SocketOption.Domain]: { get: () => AF_INET },
  [SocketOption.Protocol]: { get: () => IPPROTO_TCP },
  [SocketOption.Error]: { get: (s) => s.takeSocketError() },
  [SocketOption.AcceptConn]: { get: (s) => Number(s.isListening) },
  [SocketOption.SendLowWater]: { get: () => 1 },
  /** An unsigned int of which the largest, and 0, stand for no limit. */
  [SocketOption.MaxPacingRate]: {
    get: (s) => s.settings.maxPacingRate || MAX_UNSIGNED,
    set: (s, value) => configured(s, true, (t) => (t.maxPacingRate = value === -1 ? 0 : value >>> 0)),
  },
  [SocketOption.ReceiveLowWater]: {
    get: (s) => s.receiveLowWater,
    set: (s, value) => {
      const most = s.settings.isReceiveBufferFixed ? s.settings.receiveBuffer : sysctlOf(s).tcp_rmem[2]!
      s.receiveLowWater = Math.min(value < 0 ? MAX_INT : value, most >> 1) || 1
      s.changed()
      return 0
    },
  },
  // Linux doubles what is set, to allow for its own overhead, and tells the doubled value.
  [SocketOption.SendBuffer]: {
    get: (s) => s.connection?.send.limit ?? s.settings.sendBuffer,
    set: (s, value) => setSendBuffer(s, Math.min(value >>> 0, s.sockets.stack.sysctls.core.wmem_max)),
  },
  [SocketOption.SendBufferForce]: {
    set: (s, value) => setSendBuffer(s, Math.max(value, 0)),
  },
  [SocketOption.ReceiveBuffer]: {
    get: receiveBufferOf,
    set: (s, value) => setReceiveBuffer(s, Math.min(value >>> 0, s.sockets.stack.sysctls.core.rmem_max)),
  },
  [SocketOption.ReceiveBufferForce]: {
    set: (s, value) => setReceiveBuffer(s, Math.max(value, 0)),
  },
  /** As a plain number: seconds; negative: off. */
  [SocketOption.Linger]: {
    get: (s) => s.linger ?? -1,
    set: (s, value) => {
      s.linger = value < 0 ? undefined : value
      return 0
    },
  },
}

const tcpOptions: Readonly<Record<number, Option>> = {
  // On Linux it also sends what waits, whatever corks it.
  [TcpOption.NoDelay]: {
    get: (s) => Number(s.settings.noDelay),
    set: (s, value) => {
      const result = configured(s, true, (t) => (t.noDelay = value !== 0))
      if (value !== 0 && s.connection !== undefined) push(s.connection)
      return result
    },
  },
  [TcpOption.Cork]: flag('cork'),
  [TcpOption.MaxSegment]: {
    get: (s) => s.connection?.segmentSize ?? (s.settings.maxSegment || 536),
    set: (s, value) =>
      configured(s, value === 0 || within(value, MIN_MSS, MAX_MSS), (t) => (t.maxSegment = value)),
  },
  [TcpOption.KeepIdle]: {
    get: (s) => s.settings.keepIdle / SECOND,
    set: (s, value) => configured(s, within(value, 1, 32767), (t) => (t.keepIdle = value * SECOND)),
  },
  [TcpOption.KeepInterval]: {
    get: (s) => s.settings.keepInterval / SECOND,
    set: (s, value) => configured(s, within(value, 1, 32767), (t) => (t.keepInterval = value * SECOND)),
  },
  [TcpOption.KeepCount]: {
    get: (s) => s.settings.keepCount,
    set: (s, value) => configured(s, within(value, 1, 127), (t) => (t.keepCount = value)),
  },
  [TcpOption.SynCount]: {
    get: (s) => s.settings.synRetries,
    set: (s, value) => configured(s, within(value, 1, 127), (t) => (t.synRetries = value)),
  },
  [TcpOption.Linger2]: {
    get: (s) => (s.settings.finTimeout < 0 ? -1 : s.settings.finTimeout / SECOND),
    set: (s, value) => {
      const seconds = value === 0 ? sysctlOf(s).tcp_fin_timeout : Math.min(value, MAX_FIN_TIMEOUT)
      return configured(s, true, (t) => (t.finTimeout = Math.max(seconds, -1) * SECOND))
    },
  },
  [TcpOption.DeferAccept]: {
    get: (s) => secondsOf(s.settings.deferAccept),
    set: (s, value) => configured(s, true, (t) => (t.deferAccept = deferOf(value))),
  },
  // 0, and so no limit, only before there is a connection. Not below half of the smallest receive buffer.
  [TcpOption.WindowClamp]: {
    get: (s) => s.settings.windowClamp,
    set: (s, value) => {
      if (value === 0 && (s.isListening || s.isOpen)) return -Errno.EINVAL
      const clamp = value === 0 ? 0 : Math.max(value, MIN_RECEIVE_BUFFER >> 1)
      return configured(s, true, (t) => (t.windowClamp = clamp))
    },
  },
  [TcpOption.UserTimeout]: {
    get: (s) => s.settings.userTimeout / MILLISECOND,
    set: (s, value) => configured(s, value >= 0, (t) => (t.userTimeout = value * MILLISECOND)),
  },
  [TcpOption.FastOpen]: {
    get: (s) => s.listener?.fastOpen.limit ?? s.settings.fastOpenBacklog,
    set: (s, value) => {
      const limit = Math.min(value, s.sockets.stack.sysctls.core.somaxconn)
      if (s.listener !== undefined && value >= 0) s.listener.fastOpen.limit = limit
      return configured(s, value >= 0 && !s.isOpen, (t) => (t.fastOpenBacklog = limit))
    },
  },
  [TcpOption.FastOpenConnect]: {
    get: (s) => Number(s.settings.connectsFast),
    set: (s, value) => {
      if (!within(value, 0, 1)) return -Errno.EINVAL
      if (!s.sockets.tcp.fastOpen.isEnabled) return -Errno.EOPNOTSUPP
      return configured(s, !s.isListening && !s.isOpen, (t) => (t.connectsFast = value === 1))
    },
  },
  [TcpOption.FastOpenNoCookie]: {
    get: (s) => Number(s.settings.fastOpenNoCookie),
    set: (s, value) =>
      configured(s, within(value, 0, 1) && !s.isOpen, (t) => (t.fastOpenNoCookie = value === 1)),
  },
  [TcpOption.NotSentLowWater]: {
    get: (s) => s.settings.notSentLowWater | 0,
    set: (s, value) => configured(s, true, (t) => (t.notSentLowWater = value >>> 0)),
  },
  [TcpOption.QuickAck]: {
    get: (s) => Number(!(s.connection?.ackDelay.isTwoWay(s.connection) ?? s.settings.delaysAcks)),
    set: setQuickAck,
  },
}

const ipOptions: Readonly<Record<number, Option>> = {
  [IpOption.TypeOfService]: {
    // RFC 1122 §3.2.1.6: the user's, but for the bits of ECN.
    get: (s) => s.settings.typeOfService,
    set: (s, value) =>
      configured(
        s,
        true,
        (t) => (t.typeOfService = (value & 0xff & ~ECN_MASK) | (t.typeOfService & ECN_MASK)),
      ),
  },
  [IpOption.TimeToLive]: {
    get: (s) => s.settings.timeToLive,
    set: (s, value) => {
      const timeToLive = value === -1 ? sysctlOf(s).ip_default_ttl : value
      return configured(s, within(timeToLive, 1, 255), (t) => (t.timeToLive = timeToLive))
    },
  },
  [IpOption.MtuDiscover]: {
    get: (s) => s.settings.mtuDiscovery,
    set: (s, value) =>
      configured(s, within(value, MtuDiscovery.Dont, MtuDiscovery.Omit), (t) => (t.mtuDiscovery = value)),
  },
  [IpOption.Mtu]: { get: (s) => (s.isOpen ? s.connection!.path.mtu : -Errno.ENOTCONN) },
}

/**
 * setsockopt: a number, or the value's bytes. 0, -EINVAL for a value that is too short or out of range, -ENOPROTOOPT for an option that there
 * is not, or what the option says of itself.
 */
export function setOption(
  s: StreamSocket,
  level: number,
  option: number,
  value: number | Uint8Array,
): number {
  if (typeof value !== 'number') {
    const struct = structOptions[level]?.[option]
    if (struct !== undefined) return struct.set?.(s, value) ?? -Errno.ENOPROTOOPT
  }
  const int = typeof value === 'number' ? value : intOf(level, value)
  const found = find(level, option)
  if (level === Level.Ip && option === IpOption.TimeToLive && typeof value !== 'number' && value.length === 0)
    return -Errno.EINVAL
  // The value is looked at before the option, except where there are no options at all.
  if (int === undefined) return level in OPTIONS ? -Errno.EINVAL : -Errno.ENOPROTOOPT
  return found?.set?.(s, int) ?? -Errno.ENOPROTOOPT
}

/** getsockopt as a number: the value, or -ENOPROTOOPT. TCP_LINGER2 alone may be negative (-1: off). */
export function getOption(s: StreamSocket, level: number, option: number): number {
  return find(level, option)?.get?.(s) ?? -Errno.ENOPROTOOPT
}

/** getsockopt: the value's bytes to `out`, as many as fit. Their number, -ENOPROTOOPT, or what the option says of itself. */
export function tellOption(s: StreamSocket, level: number, option: number, out: Uint8Array): number {
  const struct = structOptions[level]?.[option]
  if (struct !== undefined) return struct.tell(s, out)
  const value = find(level, option)?.get?.(s)
  if (value === undefined) return -Errno.ENOPROTOOPT
  // Of the options of IP a negative value is an error, IP_MTU's; of TCP's it may be a value.
  if (level === Level.Ip && value < 0) return value
  return tellInt(level, value, out.subarray(0, INT_LENGTH))
}

const OPTIONS: Readonly<Record<number, Readonly<Record<number, Option>>>> = {
  [Level.Socket]: socketOptions,
  [Level.Tcp]: tcpOptions,
  [Level.Ip]: ipOptions,
}

const find = (level: number, option: number): Option | undefined => OPTIONS[level]?.[option]

const sysctlOf = (s: StreamSocket): TcpSysctls => s.sockets.tcp.host.sysctl

const within = (value: number, least: number, most: number): boolean => value >= least && value <= most

type Flag = 'reusesAddress' | 'reusesPort' | 'keepAlive' | 'isOutOfBandInline' | 'cork'

/** An option that is on or off. */
function flag(name: Flag): Option {
  return {
    get: (s) => Number(s.settings[name]),
    set: (s, value) => configured(s, true, (t) => (t[name] = value !== 0)),
  }
}

/** What the user chose, or what it has grown to. */
function receiveBufferOf(s: StreamSocket): number {
  const { receiveBuffer, isReceiveBufferFixed } = s.settings
  return isReceiveBufferFixed ? receiveBuffer : Math.max(receiveBuffer, s.connection?.receive.limit ?? 0)
}

function setSendBuffer(s: StreamSocket, value: number): number {
  const size = withOverhead(s, value, MIN_SEND_BUFFER)
  return configured(s, true, (t) => {
    t.sendBuffer = size
    t.isSendBufferFixed = true
  })
}

function setReceiveBuffer(s: StreamSocket, value: number): number {
  const size = withOverhead(s, value, MIN_RECEIVE_BUFFER)
  return configured(s, true, (t) => {
    t.receiveBuffer = size
    t.isReceiveBufferFixed = doubles(s) // half of it is overhead
  })
}

/** Linux doubles what is asked for, and has a least size. */
const withOverhead = (s: StreamSocket, value: number, least: number): number =>
  doubles(s) ? Math.max(2 * Math.min(value, MAX_INT >> 1), least) : Math.max(1, value)

const doubles = (s: StreamSocket): boolean => s.sockets.tcp.host.profile.doublesBuffers

/** Of an open connection, for a while; of a listener, for those that it will accept. */
function setQuickAck(s: StreamSocket, value: number): number {
  const { connection } = s
  if (connection === undefined) return configured(s, true, (t) => (t.delaysAcks = value === 0))
  connection.ackDelay.prefer(connection, value)
  if (connection.acks.now) connection.speak()
  return 0
}

function configured(s: StreamSocket, isValid: boolean, change: (settings: Settings) => void): number {
  if (!isValid) return -Errno.EINVAL
  s.configure(change)
  return 0
}
