// hot path
import type { Duration, Instant } from '../base/time.ts'
import type { Memo } from './memo.ts'

/** Which end of the values is looked for; as a factor it makes the better value the smaller one. */
export const Extreme = { Least: 1, Greatest: -1 } as const
export type Extreme = (typeof Extreme)[keyof typeof Extreme]

/** A sample is a value and when it was taken; the filter keeps three. */
const SAMPLE = 2
const LAST = 2 * SAMPLE

/**
 * The least or greatest value of a window of time, by the best, second and third best sample, each later than the one before (Linux's
 * lib/win_minmax.c, after Kathleen Nichols): constant work, and never older than the window. The time may be of any unit that the
 * window is of, such as round trips.
 */
export class WindowedExtreme {
  readonly #extreme: Extreme
  readonly #samples: Float64Array

  constructor(extreme: Extreme) {
    this.#extreme = extreme
    this.#samples = new Float64Array(3 * SAMPLE).fill(extreme * Number.POSITIVE_INFINITY)
  }

  /** Before the first sample worse than any: Infinity, or -Infinity. */
  get value(): number {
    return this.#samples[0]!
  }

  /** Takes in a sample, and returns the best value of the last `window`. */
  add(value: number, now: Instant, window: Duration): number {
    if (this.#beats(value, 0) || now - this.#samples[LAST + 1]! > window) this.#put(0, value, now)
    else if (this.#beats(value, SAMPLE)) this.#put(SAMPLE, value, now)
    else if (this.#beats(value, LAST)) this.#put(LAST, value, now)
    return this.#age(value, now, window)
  }

  /** Whether `value` is as good as the sample at `at`: of equals the later one is of use for longer. */
  #beats(value: number, at: number): boolean {
    return this.#extreme * value <= this.#extreme * this.#samples[at]!
  }

  /** Forgets what is too old, and sees to it that the three are spread over the window. */
  #age(value: number, now: Instant, window: Duration): number {
    const samples = this.#samples
    const age = now - samples[1]!
    if (age > window) {
      samples.copyWithin(0, SAMPLE)
      this.#put(LAST, value, now)
      if (now - samples[1]! > window) {
        samples.copyWithin(0, SAMPLE)
        this.#put(LAST, value, now)
      }
    } else if (samples[SAMPLE + 1] === samples[1] && age > window / 4) this.#put(SAMPLE, value, now)
    else if (samples[LAST + 1] === samples[SAMPLE + 1] && age > window / 2) this.#put(LAST, value, now)
    return samples[0]!
  }

  /** Stores a sample at `from` and in the places behind it. */
  #put(from: number, value: number, now: Instant): void {
    for (let at = from; at < 3 * SAMPLE; at += SAMPLE) {
      this.#samples[at] = value
      this.#samples[at + 1] = now
    }
  }

  /** Keeps the samples in `memo`, or takes them from it. */
  carry(memo: Memo): void {
    const samples = this.#samples
    for (let at = 0; at < 3 * SAMPLE; at += SAMPLE) {
      samples[at] = memo.number(samples[at]!)
      samples[at + 1] = memo.instant(samples[at + 1]!)
    }
  }
}
