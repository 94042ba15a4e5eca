// hot path
import type { Duration } from '../base/time.ts'
import { MILLISECOND } from '../base/time.ts'
import type { RateSample } from './delivery-rate.ts'
import type { Memo } from './memo.ts'

/** RFC 9406 §4.3. */
const MIN_RTT_THRESHOLD: Duration = 4 * MILLISECOND
const MAX_RTT_THRESHOLD: Duration = 16 * MILLISECOND
const RTT_DIVISOR = 8
const SAMPLES = 8
const GROWTH_DIVISOR = 4
const ROUNDS = 5

const NONE: Duration = 0x7fffffff

/** HyStart++ (RFC 9406): leaves slow start when the round trip grows, by way of a slower slow start that can be taken back. */
export class HyStart {
  /** Conservative slow start: the window grows by a quarter of what is acknowledged. */
  isConservative = false
  /** Five rounds of it: slow start is over. */
  isOver = false
  #roundEnd = 0
  #lastMinimum: Duration = NONE
  #minimum: Duration = NONE
  #samples = 0
  #baseline: Duration = NONE
  #rounds = 0

  /** Bytes by which slow start may grow for `delivered` bytes. */
  allowance(delivered: number): number {
    return this.isConservative ? delivered / GROWTH_DIVISOR : delivered
  }

  /** An acknowledgement in slow start; `rtt` microseconds, or -1. */
  observe(sample: RateSample, rtt: Duration): void {
    if (sample.hasData && sample.priorDelivered >= this.#roundEnd) {
      this.#nextRound(sample.priorDelivered + sample.delivered)
    }
    if (rtt <= 0) return
    this.#samples++
    if (rtt < this.#minimum) this.#minimum = rtt
    if (this.#samples < SAMPLES) return
    if (this.isConservative) {
      if (this.#minimum < this.#baseline) this.isConservative = false // it was jitter
      return
    }
    if (this.#lastMinimum === NONE) return
    const threshold = Math.min(
      Math.max(this.#lastMinimum / RTT_DIVISOR, MIN_RTT_THRESHOLD),
      MAX_RTT_THRESHOLD,
    )
    if (this.#minimum < this.#lastMinimum + threshold) return
    this.isConservative = true
    this.#baseline = this.#minimum
    this.#rounds = 0
  }

  #nextRound(delivered: number): void {
    this.#roundEnd = delivered
    this.#lastMinimum = this.#minimum
    this.#minimum = NONE
    this.#samples = 0
    if (this.isConservative && ++this.#rounds >= ROUNDS) this.isOver = true
  }

  /** Keeps all of it in `memo`, or takes it from it. */
  carry(memo: Memo): void {
    this.isConservative = memo.flag(this.isConservative)
    this.isOver = memo.flag(this.isOver)
    this.#roundEnd = memo.number(this.#roundEnd)
    this.#lastMinimum = memo.number(this.#lastMinimum)
    this.#minimum = memo.number(this.#minimum)
    this.#samples = memo.number(this.#samples)
    this.#baseline = memo.number(this.#baseline)
    this.#rounds = memo.number(this.#rounds)
  }
}
