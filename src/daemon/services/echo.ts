import { Msg } from '../../socket/constants.ts'
import { Errno } from '../../socket/errno.ts'
import type { StreamSocket } from '../../socket/stream-socket.ts'
import type { Conversation, Service } from './service.ts'

/** One buffer for all conversations: none of them holds bytes between two calls. */
const buffer = new Uint8Array(64 * 1024)

/** RFC 862: whatever comes goes back. */
export const echo: Service = {
  name: 'echo',
  converse: (socket) => new Echo(socket),
  answer: (_buffer, length) => length,
}

/** Takes from the receive queue only what the send queue has room for, so a client that does not read is not read either. */
class Echo implements Conversation {
  readonly #socket: StreamSocket

  constructor(socket: StreamSocket) {
    this.#socket = socket
  }

  proceed(): boolean {
    const socket = this.#socket
    for (;;) {
      const count = socket.recv(buffer, 0, buffer.length, Msg.Peek)
      if (count <= 0) return count === -Errno.EAGAIN
      const sent = socket.send(buffer, 0, count)
      if (sent < 0) return sent === -Errno.EAGAIN
      socket.recv(buffer, 0, sent, Msg.Trunc)
      if (sent < count) return true
    }
  }
}
