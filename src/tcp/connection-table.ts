// hot path
import { Connection } from './connection.ts'
import type { Resting } from './rest.ts'

/** The connections that are not CLOSED, by their rows, be they at rest or not. */
export class ConnectionTable {
  /** How many there are. */
  size = 0
  /**
   * The connection that ended or came to rest last. V8 discards code that was compiled for objects of which none is left when it collects
   * garbage, as it does when a daemon has been idle for seconds: the next client would meet uncompiled code.
   */
  kept: Connection | undefined
  readonly #rows: (Connection | Resting | undefined)[] = []

  at(row: number): Connection | Resting | undefined {
    return this.#rows[row]
  }

  add(c: Connection): void {
    this.#rows[c.id] = c
    this.size++
  }

  /** `c` takes the place of what it was before. */
  replace(c: Connection | Resting): void {
    const before = this.#rows[c.id]
    if (before instanceof Connection) this.kept = before
    this.#rows[c.id] = c
  }

  remove(c: Connection): void {
    this.kept = c
    this.#rows[c.id] = undefined
    this.size--
  }

  /** All of them. */
  *all(): IterableIterator<Connection | Resting> {
    for (const c of this.#rows) if (c !== undefined) yield c
  }

  /** Those in `most` rows from row `from` on; returns the row to go on from, or -1. */
  scan(from: number, most: number, visit: (c: Connection | Resting) => void): number {
    const end = Math.min(from + most, this.#rows.length)
    for (let row = from; row < end; row++) {
      const c = this.#rows[row]
      if (c !== undefined) visit(c)
    }
    return end < this.#rows.length ? end : -1
  }

  /** Those that do not rest. */
  *awake(): IterableIterator<Connection> {
    for (const c of this.#rows) if (c instanceof Connection) yield c
  }
}
