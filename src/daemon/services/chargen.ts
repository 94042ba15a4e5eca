import { Msg } from '../../socket/constants.ts'
import { Errno } from '../../socket/errno.ts'
import type { StreamSocket } from '../../socket/stream-socket.ts'
import type { Conversation, Service } from './service.ts'

/** The 95 printing characters, and the 72 of them in a line (RFC 864). */
const FIRST = 0x20
const CHARACTERS = 95
const WIDTH = 72
const LINE = WIDTH + 2

/** All lines, each beginning one character later than the last: one round of the pattern, eight times over. */
const pattern = makePattern(8)
const nothing = new Uint8Array(0)

/** Most that a datagram's answer may have (RFC 864). */
const MOST = 512

/** RFC 864: characters for as long as the client takes them. */
export const chargen: Service = {
  name: 'chargen',
  converse: (socket) => new Chargen(socket),
  answer: (buffer, length) => {
    // No longer than the question: an answer that is would make us a weapon in a forger's hands.
    const size = Math.min(length, MOST)
    for (let i = 0; i < size; i++) buffer[i] = pattern[i]!
    return size
  },
}

class Chargen implements Conversation {
  readonly #socket: StreamSocket
  #at = 0

  constructor(socket: StreamSocket) {
    this.#socket = socket
  }

  proceed(): boolean {
    const socket = this.#socket
    let read: number
    do read = socket.recv(nothing, 0, 0x7fffffff, Msg.Trunc)
    while (read > 0)
    if (read !== 0 && read !== -Errno.EAGAIN) return false
    for (;;) {
      const sent = socket.send(pattern, this.#at, pattern.length - this.#at)
      if (sent < 0) return sent === -Errno.EAGAIN
      this.#at = (this.#at + sent) % pattern.length
    }
  }
}

function makePattern(rounds: number): Uint8Array {
  const bytes = new Uint8Array(rounds * CHARACTERS * LINE)
  for (let i = 0; i < bytes.length; i++) {
    const line = Math.floor(i / LINE)
    const column = i % LINE
    bytes[i] = column < WIDTH ? FIRST + ((line + column) % CHARACTERS) : column === WIDTH ? 0x0d : 0x0a
  }
  return bytes
}
