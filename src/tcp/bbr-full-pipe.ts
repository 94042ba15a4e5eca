// hot path
import type { RateSample } from './delivery-rate.ts'
import type { Memo } from './memo.ts'

/** A bandwidth that grows by less than a quarter in each of three rounds is all there is. */
const GROWTH = 1.25
const ROUNDS = 3

/** Has an accelerating sender filled the pipe? (draft-ietf-ccwg-bbr-06, "Exiting Acceleration Based on Bandwidth Plateau".) */
export class BbrFullPipe {
  /** BBR.full_bw_now: since the search began; BBR.full_bw_reached: ever. */
  isFull = false
  wasFull = false
  #bandwidth = 0
  #rounds = 0

  /** ResetFullBW: the search begins, at the rate that is delivered now. */
  reset(bandwidth = 0): void {
    this.isFull = false
    this.#bandwidth = bandwidth
    this.#rounds = 0
  }

  /** CheckFullBWReached, at the start of each round. An acknowledgement without a reliable rate says nothing. */
  check(sample: RateSample, isRoundStart: boolean): void {
    if (this.isFull || !isRoundStart || sample.isAppLimited || sample.rate === 0) return
    if (sample.rate >= this.#bandwidth * GROWTH) {
      this.reset(sample.rate)
      return
    }
    if (++this.#rounds < ROUNDS) return
    this.isFull = true
    this.wasFull = true
  }

  carry(memo: Memo): void {
    this.isFull = memo.flag(this.isFull)
    this.wasFull = memo.flag(this.wasFull)
    this.#bandwidth = memo.number(this.#bandwidth)
    this.#rounds = memo.number(this.#rounds)
  }
}
