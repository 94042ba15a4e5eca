import { describeConnection } from '../../observe/describe.ts'
import { Errno } from '../../socket/errno.ts'
import type { StreamSocket } from '../../socket/stream-socket.ts'
import type { Conversation, Service } from './service.ts'

/** Longest line, bytes; a longer one is answered in pieces. */
const MAX_LINE = 1024
/** What may wait for a client that does not read; then it is not read any more. */
const MAX_PENDING = 64 * 1024

const HELP = [
  'state  this connection as its TCP sees it',
  'help   these lines',
  'quit   goodbye',
  'Any other line comes back.',
].join('\r\n')

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const buffer = new Uint8Array(4096)

/** A line server for people with telnet. */
export const talk: Service = {
  name: 'talk',
  converse: (socket) => new Talk(socket),
}

class Talk implements Conversation {
  readonly #socket: StreamSocket
  #line = ''
  #pending: Uint8Array = encoder.encode('tunstack at your service; try help\r\n')
  #isOver = false

  constructor(socket: StreamSocket) {
    this.#socket = socket
  }

  proceed(): boolean {
    for (;;) {
      if (!this.#flush()) return false
      if (this.#isOver) return this.#pending.length > 0
      if (this.#pending.length > MAX_PENDING) return true
      const count = this.#socket.recv(buffer, 0, buffer.length)
      if (count === -Errno.EAGAIN) return true
      if (count < 0) return false
      if (count === 0) {
        this.#isOver = true
        if (this.#line !== '') this.#take(this.#line)
      } else this.#hear(withoutTelnetCommands(buffer, count))
    }
  }

  /** Sends what waits. False when the connection is no more. */
  #flush(): boolean {
    while (this.#pending.length > 0) {
      const sent = this.#socket.send(this.#pending, 0, this.#pending.length)
      if (sent < 0) return sent === -Errno.EAGAIN
      this.#pending = this.#pending.slice(sent)
    }
    return true
  }

  #hear(text: string): void {
    const lines = (this.#line + text).split('\n')
    this.#line = lines.pop() ?? ''
    for (const line of lines) if (!this.#isOver) this.#take(line)
    if (this.#line.length > MAX_LINE) {
      this.#take(this.#line)
      this.#line = ''
    }
  }

  #take(line: string): void {
    const said = line.replace(/\r$/, '')
    const command = said.trim().toLowerCase()
    if (command === 'quit') {
      this.#say('goodbye')
      this.#isOver = true
    } else if (command === 'help') this.#say(HELP)
    else if (command === 'state') this.#say(this.#describe())
    else this.#say(said)
  }

  #describe(): string {
    const c = this.#socket.connection
    return c === undefined ? 'no connection' : describeConnection(c).join('\r\n')
  }

  #say(text: string): void {
    const more = encoder.encode(`${text}\r\n`)
    const joined = new Uint8Array(this.#pending.length + more.length)
    joined.set(this.#pending)
    joined.set(more, this.#pending.length)
    this.#pending = joined
  }
}

const IAC = 255
const WILL = 251

/** The text without telnet's commands (RFC 854): a client that negotiates options is not answered with its own noise. */
function withoutTelnetCommands(bytes: Uint8Array, count: number): string {
  if (!bytes.subarray(0, count).includes(IAC)) return decoder.decode(bytes.subarray(0, count))
  const kept: number[] = []
  for (let i = 0; i < count; i++) {
    if (bytes[i] !== IAC) kept.push(bytes[i]!)
    else i += (bytes[i + 1] ?? 0) >= WILL ? 2 : 1
  }
  return decoder.decode(Uint8Array.from(kept))
}
