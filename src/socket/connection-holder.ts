import type { Connection, TcpUser } from '../tcp/connection.ts'
import { Resting } from '../tcp/rest.ts'
import type { Sockets } from './sockets.ts'

/** A user whose connection may rest: whoever asks for it wakes it. */
export abstract class ConnectionHolder implements TcpUser {
  abstract readonly sockets: Sockets
  #held: Connection | Resting | undefined

  get connection(): Connection | undefined {
    return this.#held instanceof Resting ? this.sockets.tcp.rests.wake(this.#held) : this.#held
  }

  /** Becomes the user of `c`. */
  hold(c: Connection): void {
    this.#held = c
    c.user = this
    if (c.restTicket === 0) c.tcp.rests.watch(c)
  }

  /** There is no connection any more. */
  letGo(): void {
    this.#held = undefined
  }

  holds(c: Connection | Resting): void {
    this.#held = c
  }

  abstract changed(): void
}
