import type { Instant } from '../../src/base/time.ts'
import { Shutdown } from '../../src/socket/constants.ts'
import { Errno } from '../../src/socket/errno.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'

/** `length` bytes of which none tells where the next one is: 32 bits of state, so that no two places look alike. */
export function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let x = (seed * 2654435761) | 1
  for (let i = 0; i < length; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    bytes[i] = x
  }
  return bytes
}

/** How one end behaves. */
export interface Manner {
  /** Bytes to send. */
  length: number
  /** Bytes a call of send or recv. */
  chunk: number
  /**
   * What it does when all is sent: shut the direction down and read on, close only when the peer has ended, or abort. Who leaves closes at
   * `leavesAt`, whatever has been sent or read by then.
   */
  ending: 'half-close' | 'wait' | 'abort' | 'leave'
  leavesAt: Instant
  /** It reads nothing before this moment. */
  readsFrom: Instant
}

/** One end of a connection: sends what it has, reads what comes, ends in its manner, and notes everything. */
export class Party {
  readonly socket: StreamSocket
  readonly manner: Manner
  readonly toSend: Uint8Array
  readonly received: Uint8Array
  receivedLength = 0
  sentLength = 0
  /** The peer's end of stream was read. */
  sawEnd = false
  /** Negative errno that a call returned, other than -EAGAIN. */
  error = 0
  isClosed = false
  readonly #now: () => Instant
  #isShut = false

  constructor(socket: StreamSocket, manner: Manner, seed: number, most: number, now: () => Instant) {
    this.socket = socket
    this.manner = manner
    this.toSend = noise(manner.length, seed)
    this.received = new Uint8Array(most)
    this.#now = now
    socket.onReady = () => this.work()
  }

  work(): void {
    if (this.isClosed) return
    if (this.manner.ending === 'leave' && this.#now() >= this.manner.leavesAt) {
      this.close()
      return
    }
    if (this.#now() >= this.manner.readsFrom) this.#read()
    if (this.error === 0) this.#write()
    if (this.error !== 0 || (this.sawEnd && this.sentLength === this.toSend.length)) this.close()
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.socket.close()
  }

  #read(): void {
    while (!this.sawEnd && this.error === 0) {
      const room = this.received.length - this.receivedLength
      const count = this.socket.recv(this.received, this.receivedLength, Math.min(this.manner.chunk, room))
      if (count > 0) this.receivedLength += count
      else if (count === 0) {
        if (room === 0 && !this.socket.isAtEnd) return
        this.sawEnd = true
      } else if (count === -Errno.EAGAIN) return
      else this.error = count
    }
  }

  #write(): void {
    while (this.sentLength < this.toSend.length) {
      const left = Math.min(this.manner.chunk, this.toSend.length - this.sentLength)
      const count = this.socket.send(this.toSend, this.sentLength, left)
      if (count === -Errno.EAGAIN) return
      if (count < 0) {
        this.error = count
        return
      }
      this.sentLength += count
    }
    if (this.#isShut || this.socket.connection?.state === 'SYN-SENT') return
    this.#isShut = true
    if (this.manner.ending === 'half-close') this.socket.shutdown(Shutdown.Write)
    else if (this.manner.ending === 'abort') {
      this.socket.linger = 0
      this.close()
    }
  }
}
