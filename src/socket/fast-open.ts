import { FastOpenFailure } from '../tcp/fast-open-state.ts'
import { sayFirstSyn } from '../tcp/timeouts.ts'
import { Msg } from './constants.ts'
import { Errno } from './errno.ts'
import { writeStream } from './stream-queues.ts'
import type { StreamSocket } from './stream-socket.ts'

/**
 * sendto() with MSG_FASTOPEN: connects, and has as much of the data as may go with the SYN. Bytes taken; -EINPROGRESS when there is no cookie to
 * send data with (one is asked for), -EOPNOTSUPP, or what connect() says.
 */
export function connectAndSend(
  s: StreamSocket,
  from: Uint8Array,
  offset: number,
  length: number,
  address: number,
  port: number,
  flags: number,
): number {
  const { fastOpen } = s.sockets.tcp
  if (!fastOpen.isEnabled) return -Errno.EOPNOTSUPP
  const remote = s.sockets.destination(address)
  const begun = fastOpen.begin(remote, port, s.settings.fastOpenNoCookie, s.now)
  const error = s.open(remote, port, begun)
  if (error === 0) return s.send(from, offset, length, flags & ~Msg.FastOpen) // it has connected meanwhile
  if (error !== -Errno.EINPROGRESS) return error
  const count = writeStream(s.connection!, from, offset, Math.min(length, begun.mostData), flags)
  return count === 0 ? error : count
}

/** connect() with TCP_FASTOPEN_CONNECT: with a cookie it is over at once, and the SYN waits for the first data. */
export function connectDeferred(s: StreamSocket, address: number, port: number): number {
  const remote = s.sockets.destination(address)
  const begun = s.sockets.tcp.fastOpen.begin(remote, port, s.settings.fastOpenNoCookie, s.now)
  begun.isDeferred = begun.failure === FastOpenFailure.None && begun.mostData > 0
  const error = s.open(remote, port, begun)
  return error === -Errno.EINPROGRESS && begun.isDeferred ? 0 : error
}

/** The connection is open by word only: its SYN waits for data. */
export const isDeferred = (s: StreamSocket): boolean => s.connection?.fastOpen?.isDeferred === true

/** The first data of a connection whose SYN waits for it. Bytes taken, or -EINPROGRESS when there are none. */
export function sendDeferred(
  s: StreamSocket,
  from: Uint8Array,
  offset: number,
  length: number,
  flags: number,
): number {
  const c = s.connection!
  const { mostData } = c.fastOpen!
  c.fastOpen!.isDeferred = false
  const count = writeStream(c, from, offset, Math.min(length, mostData), flags)
  sayFirstSyn(c, s.now)
  return count === 0 ? -Errno.EINPROGRESS : count
}
