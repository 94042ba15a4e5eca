import type { Instant } from '../base/time.ts'
import type { Connection, TcpUser } from './connection.ts'
import { FastOpenQueue } from './fast-open-queue.ts'
import type { Settings } from './settings.ts'

/** A passive OPEN (RFC 9293 §3.10.1): an address and port in LISTEN, with the connections nobody has accepted yet. */
export class Listener {
  /** Local address, or 0 for any. */
  readonly local: number
  readonly port: number
  /** What the connections begin with. */
  settings: Settings
  /** As given to listen(): Linux lets one more than this wait. */
  backlog: number
  user: TcpUser | undefined
  isOpen = true
  /** Handshakes in progress, in the SYN cache. */
  pending = 0
  /** Those of them whose SYN-ACK has not been sent again. */
  young = 0
  readonly fastOpen = new FastOpenQueue()
  /** When a SYN was last answered with a cookie. */
  cookieAt: Instant = Number.NEGATIVE_INFINITY
  /** When a cookie last came back and found the accept queue full. */
  refusedAt: Instant = Number.NEGATIVE_INFINITY
  /** Established and waiting to be accepted, oldest first. */
  readonly #queue: Connection[] = []

  constructor(local: number, port: number, backlog: number, settings: Settings) {
    this.local = local
    this.port = port
    this.backlog = backlog
    this.settings = settings
  }

  get queued(): number {
    return this.#queue.length
  }

  get isFull(): boolean {
    return this.#queue.length > this.backlog
  }

  push(c: Connection): void {
    c.listener = this
    this.#queue.push(c)
    this.user?.changed()
  }

  /** The connection that has waited longest. */
  accept(): Connection | undefined {
    const c = this.#queue.shift()
    if (c !== undefined) c.listener = undefined
    return c
  }
}
