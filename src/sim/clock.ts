import type { Instant } from '../base/time.ts'

/** Time that passes only when it is told to. */
export class VirtualClock {
  #now: Instant = 0

  get now(): Instant {
    return this.#now
  }

  /** Jumps to `at`. Throws a RangeError for a moment that has passed. */
  advanceTo(at: Instant): void {
    if (!(at >= this.#now)) throw new RangeError(`the clock cannot go from ${this.#now} to ${at} µs`)
    this.#now = at
  }
}
