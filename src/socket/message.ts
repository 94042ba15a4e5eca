import { Msg } from './constants.ts'
import { DatagramSocket } from './datagram-socket.ts'
import { Errno } from './errno.ts'
import { type Socket, SocketAddress } from './socket.ts'

/** Linux's UIO_MAXIOV. */
const MAX_BUFFERS = 1024

/** What sendmsg and recvmsg carry (struct msghdr), without control messages, of which there are none. */
export interface Message {
  buffers: readonly Uint8Array[]
  /** Where to, or where from: filled in for a datagram that was received, undefined for a stream. */
  name: SocketAddress | undefined
  /** Told by recvmsg: MSG_TRUNC, MSG_OOB. */
  flags: number
}

/** sendmsg(2): the buffers in one; bytes taken, or a negative errno: -EMSGSIZE for too many buffers, or as `send`. */
export function sendmsg(socket: Socket, message: Message, flags = 0): number {
  const { buffers, name } = message
  if (buffers.length > MAX_BUFFERS) return -Errno.EMSGSIZE
  const bytes = buffers.length === 1 ? buffers[0]! : gather(buffers)
  if (name === undefined) return socket.send(bytes, 0, bytes.length, flags)
  return socket.sendTo(bytes, 0, bytes.length, name.address, name.port, flags)
}

/** recvmsg(2): fills the buffers one after the other; bytes read, or a negative errno: -EMSGSIZE for too many buffers, or as `recv`. */
export function recvmsg(socket: Socket, message: Message, flags = 0): number {
  const { buffers } = message
  message.flags = 0
  message.name = undefined
  if (buffers.length > MAX_BUFFERS) return -Errno.EMSGSIZE
  const bytes = buffers.length === 1 ? buffers[0]! : new Uint8Array(lengthOf(buffers))
  const isDatagram = socket instanceof DatagramSocket
  const from = new SocketAddress()
  const count = socket.recvFrom(bytes, 0, bytes.length, isDatagram ? flags | Msg.Trunc : flags, from)
  if (count < 0) return count
  const copied = Math.min(count, bytes.length)
  if (buffers.length > 1) scatter(bytes, copied, buffers)
  if (isDatagram) message.name = from
  if (isDatagram && count > copied) message.flags |= Msg.Trunc
  if ((flags & Msg.Oob) !== 0) message.flags |= bytes.length === 0 ? Msg.Oob | Msg.Trunc : Msg.Oob
  return (flags & Msg.Trunc) !== 0 ? count : copied
}

/** writev(2): as sendmsg without flags; -EINVAL for too many buffers. */
export const writev = (socket: Socket, buffers: readonly Uint8Array[]): number =>
  buffers.length > MAX_BUFFERS ? -Errno.EINVAL : sendmsg(socket, { buffers, name: undefined, flags: 0 })

/** readv(2): as recvmsg without flags; nothing to fill is 0. -EINVAL for too many buffers. */
export function readv(socket: Socket, buffers: readonly Uint8Array[]): number {
  if (buffers.length > MAX_BUFFERS) return -Errno.EINVAL
  return lengthOf(buffers) === 0 ? 0 : recvmsg(socket, { buffers, name: undefined, flags: 0 })
}

const lengthOf = (buffers: readonly Uint8Array[]): number =>
  buffers.reduce((sum, { length }) => sum + length, 0)

function gather(buffers: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(lengthOf(buffers))
  let at = 0
  for (const buffer of buffers) {
    bytes.set(buffer, at)
    at += buffer.length
  }
  return bytes
}

function scatter(bytes: Uint8Array, count: number, buffers: readonly Uint8Array[]): void {
  let at = 0
  for (const buffer of buffers) {
    const end = Math.min(count, at + buffer.length)
    if (end > at) buffer.set(bytes.subarray(at, end))
    at += buffer.length
  }
}
