import { AF_INET, IPPROTO_UDP, IpOption, Level, MtuDiscovery, SOCK_DGRAM, SocketOption } from './constants.ts'
import type { DatagramSocket } from './datagram-socket.ts'
import { Errno } from './errno.ts'
import {
  durationOf,
  INT_LENGTH,
  intOf,
  TIMEVAL_LENGTH,
  tellBytes,
  tellInt,
  timevalOf,
} from './option-values.ts'

interface Option {
  get(s: DatagramSocket): number
  set?(s: DatagramSocket, value: number): number
}

/** Linux's SOCK_MIN_SNDBUF and SOCK_MIN_RCVBUF. */
const MIN_SEND_BUFFER = 4608
const MIN_RECEIVE_BUFFER = 2304

const shared: Option = {
  get: (s) => Number(s.udp.sharesPort),
  set: (s, value) => {
    s.udp.sharesPort = value !== 0
    return 0
  },
}

const socketOptions: Readonly<Record<number, Option>> = {
  [SocketOption.ReuseAddress]: shared,
  [SocketOption.ReusePort]: shared,
  [SocketOption.Broadcast]: {
    get: (s) => Number(s.udp.allowsBroadcast),
    set: (s, value) => {
      s.udp.allowsBroadcast = value !== 0
      return 0
    },
  },
  [SocketOption.Type]: { get: () => SOCK_DGRAM },
  [SocketOption.Domain]: { get: () => AF_INET },
  [SocketOption.Protocol]: { get: () => IPPROTO_UDP },
  [SocketOption.AcceptConn]: { get: () => 0 },
  [SocketOption.Error]: { get: (s) => s.takeError() },
  // Linux doubles what is set, to allow for its own overhead, and tells the doubled value.
  [SocketOption.ReceiveBuffer]: {
    get: (s) => s.udp.receiveLimit,
    set: (s, value) => {
      const most = Math.min(value >>> 0, s.core.rmem_max)
      s.udp.receiveLimit = Math.max(2 * most, MIN_RECEIVE_BUFFER)
      return 0
    },
  },
  [SocketOption.SendBuffer]: {
    get: (s) => s.sendBuffer,
    set: (s, value) => {
      const most = Math.min(value >>> 0, s.core.wmem_max)
      s.sendBuffer = Math.max(2 * most, MIN_SEND_BUFFER)
      return 0
    },
  },
}

const ipOptions: Readonly<Record<number, Option>> = {
  [IpOption.TypeOfService]: {
    get: (s) => s.udp.tos,
    set: (s, value) => {
      s.udp.tos = value & 0xff
      return 0
    },
  },
  [IpOption.TimeToLive]: {
    get: (s) => s.udp.ttl || s.defaultTimeToLive,
    set: (s, value) => {
      if (value !== -1 && (value < 1 || value > 255)) return -Errno.EINVAL
      s.udp.ttl = value === -1 ? 0 : value
      return 0
    },
  },
  [IpOption.MtuDiscover]: { get: (s) => s.mtuDiscovery, set: setMtuDiscovery },
  [IpOption.Mtu]: { get: (s) => s.pathMtu },
}

function setMtuDiscovery(s: DatagramSocket, value: number): number {
  if (value < MtuDiscovery.Dont || value > MtuDiscovery.Omit) return -Errno.EINVAL
  s.mtuDiscovery = value
  s.udp.neverFragments = value === MtuDiscovery.Do || value === MtuDiscovery.Probe
  s.udp.neverDiscovers = value === MtuDiscovery.Dont || value >= MtuDiscovery.Interface
  return 0
}

const OPTIONS: Readonly<Record<number, Readonly<Record<number, Option>>>> = {
  [Level.Socket]: socketOptions,
  [Level.Ip]: ipOptions,
}

/** As for a stream: 0, -EINVAL, -EDOM or -ENOPROTOOPT. */
export function setDatagramOption(
  s: DatagramSocket,
  level: number,
  option: number,
  value: number | Uint8Array,
): number {
  if (typeof value !== 'number' && isTimeout(level, option)) return setTimeouts(s, option, value)
  const int = typeof value === 'number' ? value : intOf(level, value)
  if (int === undefined) return level in OPTIONS ? -Errno.EINVAL : -Errno.ENOPROTOOPT
  return OPTIONS[level]?.[option]?.set?.(s, int) ?? -Errno.ENOPROTOOPT
}

export const getDatagramOption = (s: DatagramSocket, level: number, option: number): number =>
  OPTIONS[level]?.[option]?.get(s) ?? -Errno.ENOPROTOOPT

/** Writes the value's bytes to `out`, as many as fit; their number, or a negative errno. */
export function tellDatagramOption(
  s: DatagramSocket,
  level: number,
  option: number,
  out: Uint8Array,
): number {
  if (isTimeout(level, option)) {
    const time = option === SocketOption.ReceiveTimeout ? s.receiveTimeout : s.sendTimeout
    return tellBytes(timevalOf(time), out)
  }
  const value = getDatagramOption(s, level, option)
  return value < 0 ? value : tellInt(level, value, out.subarray(0, INT_LENGTH))
}

const isTimeout = (level: number, option: number): boolean =>
  level === Level.Socket && (option === SocketOption.ReceiveTimeout || option === SocketOption.SendTimeout)

function setTimeouts(s: DatagramSocket, option: number, value: Uint8Array): number {
  if (value.length < TIMEVAL_LENGTH) return -Errno.EINVAL
  const duration = durationOf(value)
  if (duration === undefined) return -Errno.EDOM
  if (option === SocketOption.ReceiveTimeout) s.receiveTimeout = duration
  else s.sendTimeout = duration
  return 0
}
