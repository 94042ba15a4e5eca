import { SeededRandom } from '../../src/base/random.ts'

/** Choices that follow from a number: each owner has its own stream, so that leaving one out changes nothing for the others. */
export class Draw {
  readonly #random: SeededRandom

  constructor(seed: number, stream: number) {
    this.#random = new SeededRandom(seed * 1000 + stream)
  }

  chance(probability: number): boolean {
    return this.#random.fraction() < probability
  }

  /** From `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + this.#random.below(most - least + 1)
  }

  /** As `integer`, but each order of magnitude is as likely as any other. */
  magnitude(least: number, most: number): number {
    return Math.round(Math.exp(Math.log(least) + this.#random.fraction() * Math.log(most / least)))
  }

  /** A probability up to `most`. */
  share(most: number): number {
    return this.#random.fraction() * most
  }

  pick<T>(...values: readonly T[]): T {
    return values[this.#random.below(values.length)]!
  }
}
