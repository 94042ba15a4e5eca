import { Msg } from '../../socket/constants.ts'
import { Errno } from '../../socket/errno.ts'
import type { StreamSocket } from '../../socket/stream-socket.ts'
import type { Conversation } from './service.ts'

const nothing = new Uint8Array(0)

/** A conversation that says one thing and is over. What the client said is thrown away, so that the close is orderly. */
export function once(socket: StreamSocket, bytes: Uint8Array): Conversation {
  let at = 0
  return {
    proceed(): boolean {
      while (socket.recv(nothing, 0, 0x7fffffff, Msg.Trunc) > 0);
      const sent = socket.send(bytes, at, bytes.length - at)
      if (sent < 0) return sent === -Errno.EAGAIN
      at += sent
      return at < bytes.length
    },
  }
}
