import type { Instant } from '../../src/base/time.ts'

/** Beyond what fits a small integer, as the clock of a stack is after 36 minutes. */
const START: Instant = 2 ** 32 + 0.5

/**
 * Moments made beforehand: a driver reads the clock, which gives a new object, and what it costs is not the stack's. The list's first element
 * is no number, so that the others stay the objects that they are.
 */
export class Instants {
  readonly #step: number
  readonly #list: (Instant | undefined)[] = [undefined]
  #last: Instant = START
  #next = 1

  /** `step`: microseconds from one to the next. */
  constructor(count: number, step = 1.25) {
    this.#step = step
    for (let i = 0; i < count; i++) {
      this.#last += step
      this.#list.push(this.#last)
    }
  }

  next(): Instant {
    if (this.#next === this.#list.length) this.#renew()
    return this.#list[this.#next++]!
  }

  #renew(): void {
    for (let i = 1; i < this.#list.length; i++) {
      this.#last += this.#step
      this.#list[i] = this.#last
    }
    this.#next = 1
  }
}
