import { MILLISECOND, SECOND } from '../base/time.ts'
import { controllerNames } from '../tcp/controllers.ts'
import { AF_INET, IPPROTO_TCP, IpOption, Level, SOCK_STREAM, SocketOption, TcpOption } from './constants.ts'
import { Errno } from './errno.ts'
import type { StreamSocket } from './stream-socket.ts'

/** One option: how it is read, and how it is set (0 or a negative errno). */
interface Option {
  get(s: StreamSocket): number
  set?(s: StreamSocket, value: number): number
}

/** Smallest buffers (Linux's SOCK_MIN_SNDBUF and SOCK_MIN_RCVBUF), bytes. */
const MIN_SEND_BUFFER = 4608
const MIN_RECEIVE_BUFFER = 2304

const within = (value: number, least: number, most: number): boolean => value >= least && value <= most

const socketOptions: Readonly<Record<number, Option>> = {
  [SocketOption.ReuseAddress]: {
    get: (s) => Number(s.reusesAddress),
    set: (s, value) => {
      s.reusesAddress = value !== 0
      return 0
    },
  },
  [SocketOption.Type]: { get: () => SOCK_STREAM },
  [SocketOption.Domain]: { get: () => AF_INET },
  [SocketOption.Protocol]: { get: () => IPPROTO_TCP },
  [SocketOption.Error]: { get: (s) => s.takeError() },
  [SocketOption.AcceptConn]: { get: (s) => Number(s.isListening) },
  // Linux doubles what is set, to allow for its own overhead, and tells the doubled value.
  [SocketOption.SendBuffer]: {
    get: (s) => s.settings.sendBuffer,
    set: (s, value) => configured(s, true, (t) => (t.sendBuffer = Math.max(2 * value, MIN_SEND_BUFFER))),
  },
  [SocketOption.ReceiveBuffer]: {
    get: (s) => s.settings.receiveBuffer,
    set: (s, value) =>
      configured(s, true, (t) => (t.receiveBuffer = Math.max(2 * value, MIN_RECEIVE_BUFFER))),
  },
  [SocketOption.KeepAlive]: {
    get: (s) => Number(s.settings.keepAlive),
    set: (s, value) => configured(s, true, (t) => (t.keepAlive = value !== 0)),
  },
  [SocketOption.OobInline]: {
    get: (s) => Number(s.isOobInline),
    set: (s, value) => {
      s.isOobInline = value !== 0
      return 0
    },
  },
  /** Seconds; negative: off. */
  [SocketOption.Linger]: {
    get: (s) => s.linger ?? -1,
    set: (s, value) => {
      s.linger = value < 0 ? undefined : value
      return 0
    },
  },
}

const tcpOptions: Readonly<Record<number, Option>> = {
  [TcpOption.NoDelay]: {
    get: (s) => Number(s.settings.noDelay),
    set: (s, value) => configured(s, true, (t) => (t.noDelay = value !== 0)),
  },
  [TcpOption.Cork]: {
    get: (s) => Number(s.settings.cork),
    set: (s, value) => configured(s, true, (t) => (t.cork = value !== 0)),
  },
  [TcpOption.MaxSegment]: {
    get: (s) => s.connection?.segmentSize ?? (s.settings.maxSegment || 536),
    set: (s, value) => configured(s, value === 0 || within(value, 88, 32767), (t) => (t.maxSegment = value)),
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
    get: (s) => s.settings.finTimeout / SECOND,
    set: (s, value) => configured(s, true, (t) => (t.finTimeout = Math.min(value, 120) * SECOND)),
  },
  [TcpOption.UserTimeout]: {
    get: (s) => s.settings.userTimeout / MILLISECOND,
    set: (s, value) => configured(s, value >= 0, (t) => (t.userTimeout = value * MILLISECOND)),
  },
  [TcpOption.QuickAck]: {
    get: (s) => Number(s.connection?.acks.isQuick ?? false),
    set: (s, value) => {
      if (s.connection === undefined) return 0
      s.connection.acks.mode = value !== 0 ? 1 : 0
      return 0
    },
  },
}

const ipOptions: Readonly<Record<number, Option>> = {
  [IpOption.TypeOfService]: {
    get: (s) => s.settings.typeOfService,
    set: (s, value) => configured(s, within(value, 0, 255), (t) => (t.typeOfService = value)),
  },
  [IpOption.TimeToLive]: {
    get: (s) => s.settings.timeToLive,
    set: (s, value) => configured(s, within(value, 1, 255), (t) => (t.timeToLive = value)),
  },
}

/** 0, -EINVAL for a value out of range, -ENOPROTOOPT for an option that there is not. */
export function setOption(s: StreamSocket, level: number, option: number, value: number): number {
  const found = find(level, option)
  if (found?.set === undefined) return -Errno.ENOPROTOOPT
  return found.set(s, value)
}

/** The value, or -ENOPROTOOPT. */
export function getOption(s: StreamSocket, level: number, option: number): number {
  return find(level, option)?.get(s) ?? -Errno.ENOPROTOOPT
}

/** TCP_CONGESTION: 0, or -ENOENT for a controller that there is not. */
export function setCongestion(s: StreamSocket, name: string): number {
  if (!controllerNames().includes(name)) return -Errno.ENOENT
  s.configure((t) => {
    t.congestionControl = name
  })
  return 0
}

function find(level: number, option: number): Option | undefined {
  if (level === Level.Socket) return socketOptions[option]
  if (level === Level.Tcp) return tcpOptions[option]
  return level === Level.Ip ? ipOptions[option] : undefined
}

function configured(
  s: StreamSocket,
  isValid: boolean,
  change: Parameters<StreamSocket['configure']>[0],
): number {
  if (!isValid) return -Errno.EINVAL
  s.configure(change)
  return 0
}
