// hot path
import { type Instant, MILLISECOND, SECOND } from '../base/time.ts'
import type { Connection } from './connection.ts'
import type { Memo } from './memo.ts'
import { Timer } from './timers.ts'

/** A burst: what the rate gives in a millisecond, but not more than a super-segment (draft-ietf-ccwg-bbr-06, "Send Quantum"). */
const BURST = MILLISECOND
const MOST = 65_536

/** Bytes that leave together at `rate` bytes a second: at least two segments, so that an acknowledgement answers them. */
export const sendQuantum = (rate: number, segmentSize: number): number =>
  Math.max(Math.min((rate * BURST) / SECOND, MOST), 2 * segmentSize)

/** Holds a connection to a rate: bursts leave when the one before has had its time. */
export class Pacer {
  /** When the next burst may leave. */
  #departure: Instant = 0
  /** What is left of the burst that has begun, bytes; what is less than a segment ends it. */
  #left = 0
  /** Output was held back and waits for the departure. */
  #isWaiting = false

  /** Bytes that may leave now, Infinity when nothing holds them back; 0: nothing before the departure, for which the timer is armed. */
  allowance(c: Connection, now: Instant): number {
    const rate = rateOf(c)
    if (rate === 0) return Number.POSITIVE_INFINITY
    if (this.#left >= c.segmentSize) return this.#left
    const wait = this.#departure - now
    // Timers are not exact to less than a microsecond.
    if (wait >= 1) {
      this.#isWaiting = true
      c.timers.arm(Timer.Pace, now, Math.ceil(wait))
      return 0
    }
    this.#left = sendQuantum(rate, c.segmentSize)
    this.#depart(rate, now)
    return this.#left
  }

  /** `length` bytes were sent. */
  sent(c: Connection, length: number): void {
    const rate = rateOf(c)
    if (rate === 0) return
    this.#left -= length
    this.#departure += (length * SECOND) / rate
  }

  /**
   * A burst departs now. Who was woken too late gets back what that cost, up to half a burst, as in Linux: with timers as they are the rate
   * could not be held otherwise.
   */
  #depart(rate: number, now: Instant): void {
    const earliest = this.#isWaiting ? now - (this.#left * SECOND) / rate / 2 : now
    if (this.#departure < earliest) this.#departure = earliest
    this.#isWaiting = false
  }

  /** See `rest.ts`. */
  carry(memo: Memo): void {
    this.#departure = memo.instant(this.#departure)
    this.#left = memo.number(this.#left)
    this.#isWaiting = memo.flag(this.#isWaiting)
  }
}

/** Bytes a second at which `c` is paced; 0: it is not. */
export function rateOf(c: Connection): number {
  const { pacingRate } = c.congestion
  const { maxPacingRate } = c.settings
  if (maxPacingRate === 0) return pacingRate
  return pacingRate === 0 ? maxPacingRate : Math.min(pacingRate, maxPacingRate)
}
