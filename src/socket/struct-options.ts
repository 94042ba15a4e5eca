import { controllerNames } from '../tcp/controllers.ts'
import { Level, SocketOption, TcpOption } from './constants.ts'
import { Errno } from './errno.ts'
import {
  durationOf,
  int32At,
  LINGER_LENGTH,
  putInt32,
  TIMEVAL_LENGTH,
  tellBytes,
  timevalOf,
} from './option-values.ts'
import type { StreamSocket } from './stream-socket.ts'
import { tcpInfo } from './tcp-info.ts'
import { encodeTcpInfo } from './tcp-info-layout.ts'

/** One option whose value is a struct or a string. */
interface StructOption {
  /** Writes the value to `out`, as much as fits; its length, or a negative errno. */
  tell(s: StreamSocket, out: Uint8Array): number
  /** 0 or a negative errno. */
  set?(s: StreamSocket, value: Uint8Array): number
}

/** Linux's TCP_CA_NAME_MAX. */
const NAME_LENGTH = 16

const linger: StructOption = {
  tell: (s, out) => {
    const bytes = new Uint8Array(LINGER_LENGTH)
    putInt32(bytes, 0, Number(s.linger !== undefined))
    putInt32(bytes, 4, s.linger ?? 0)
    return tellBytes(bytes, out)
  },
  set: (s, value) => {
    if (value.length < LINGER_LENGTH) return -Errno.EINVAL
    s.linger = int32At(value, 0) === 0 ? undefined : int32At(value, 4) >>> 0
    return 0
  },
}

/** SO_RCVTIMEO and SO_SNDTIMEO: kept for callers that block; no call here does. */
const timeout = (name: 'receiveTimeout' | 'sendTimeout'): StructOption => ({
  tell: (s, out) => tellBytes(timevalOf(s[name]), out),
  set: (s, value) => {
    if (value.length < TIMEVAL_LENGTH) return -Errno.EINVAL
    const duration = durationOf(value)
    if (duration === undefined) return -Errno.EDOM
    s[name] = duration
    return 0
  },
})

/** Nine u32: allocated and limit for receiving, the same for sending, forward, queued to send, options, backlog, drops. */
const memoryInfo: StructOption = {
  tell: (s, out) => {
    const bytes = new Uint8Array(9 * 4)
    const c = s.connection
    putInt32(bytes, 0, c?.receive.queue.extent ?? 0)
    putInt32(bytes, 4, s.settings.receiveBuffer)
    putInt32(bytes, 12, s.settings.sendBuffer)
    putInt32(bytes, 20, c?.send.queue.length ?? 0)
    return tellBytes(bytes, out)
  },
}

/** The default may always be chosen, as on Linux. */
function isAllowed(s: StreamSocket, name: string): boolean {
  const { tcp_allowed_congestion_control, tcp_congestion_control } = s.sockets.tcp.host.sysctl
  return name === tcp_congestion_control || tcp_allowed_congestion_control.split(' ').includes(name)
}

/** A name: -ENOENT for a controller that there is not, -EPERM for one that the operator does not allow. */
const congestion: StructOption = {
  tell: (s, out) => {
    const name = new Uint8Array(NAME_LENGTH)
    const text = s.connection?.congestion.name ?? s.settings.congestionControl
    for (let i = 0; i < text.length; i++) name[i] = text.charCodeAt(i)
    return tellBytes(name, out)
  },
  set: (s, value) => {
    if (value.length === 0) return -Errno.EINVAL
    const end = value.indexOf(0)
    const bytes = value.subarray(0, Math.min(end === -1 ? value.length : end, NAME_LENGTH - 1))
    const name = String.fromCharCode(...bytes)
    if (!controllerNames().includes(name)) return -Errno.ENOENT
    if (!isAllowed(s, name)) return -Errno.EPERM
    s.configure((t) => (t.congestionControl = name))
    return 0
  },
}

const info: StructOption = { tell: (s, out) => tellBytes(encodeTcpInfo(tcpInfo(s)), out) }

/** None of our controllers has any. */
const congestionInfo: StructOption = { tell: () => 0 }

export const structOptions: Readonly<Record<number, Readonly<Record<number, StructOption>>>> = {
  [Level.Socket]: {
    [SocketOption.Linger]: linger,
    [SocketOption.ReceiveTimeout]: timeout('receiveTimeout'),
    [SocketOption.SendTimeout]: timeout('sendTimeout'),
    [SocketOption.MemInfo]: memoryInfo,
  },
  [Level.Tcp]: {
    [TcpOption.Congestion]: congestion,
    [TcpOption.Info]: info,
    [TcpOption.CongestionInfo]: congestionInfo,
  },
}
