import type { Connection } from '../tcp/connection.ts'
import { Errno } from './errno.ts'
import { errnoOfReason } from './reasons.ts'

/** The error that a socket has to report, each once: how its connection ended, or what SO_ERROR tells of it meanwhile. */
export class PendingError {
  #errno = 0
  /** The connection whose end was taken note of. */
  #seen: Connection | undefined

  /** True when there is one to report. */
  isSet(c: Connection | undefined): boolean {
    this.#note(c)
    return this.#errno !== 0
  }

  /** The error, once; 0 when there is none. */
  take(c: Connection | undefined): number {
    this.#note(c)
    const errno = this.#errno
    this.#errno = 0
    return errno
  }

  /** As SO_ERROR tells it: the ICMP error that a connection which is still alive has met counts too (MUST-47); who does not ask is not told (SHLD-20). */
  takeAny(c: Connection | undefined): number {
    const errno = this.take(c)
    if (errno !== 0 || c?.softError === undefined || c.state === 'CLOSED') return errno
    const soft = errnoOfReason(c.softError)
    c.softError = undefined
    return soft
  }

  set(errno: number): void {
    this.#errno = errno
  }

  #note(c: Connection | undefined): void {
    if (c?.closeReason === undefined || c === this.#seen) return
    this.#seen = c
    // As Linux: a reset in CLOSE-WAIT is a broken pipe.
    const isBrokenPipe = c.closeReason === 'reset' && c.receive.isFinTaken && !c.send.hasFin
    this.#errno = isBrokenPipe ? Errno.EPIPE : errnoOfReason(c.closeReason)
  }
}
