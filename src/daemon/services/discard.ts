import { Msg } from '../../socket/constants.ts'
import { Errno } from '../../socket/errno.ts'
import type { StreamSocket } from '../../socket/stream-socket.ts'
import type { Conversation, Service } from './service.ts'

const nothing = new Uint8Array(0)
const EVERYTHING = 0x7fffffff

/** RFC 863: whatever comes is thrown away, uncopied. */
export const discard: Service = {
  name: 'discard',
  converse: (socket) => new Discard(socket),
  answer: () => -1,
}

class Discard implements Conversation {
  readonly #socket: StreamSocket

  constructor(socket: StreamSocket) {
    this.#socket = socket
  }

  proceed(): boolean {
    let count: number
    do count = this.#socket.recv(nothing, 0, EVERYTHING, Msg.Trunc)
    while (count > 0)
    return count === -Errno.EAGAIN
  }
}
