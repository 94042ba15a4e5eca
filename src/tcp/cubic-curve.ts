// hot path
import { type Instant, SECOND } from '../base/time.ts'
import type { Memo } from './memo.ts'

/** RFC 9438 §5: how steep the curve is, segments per second cubed; what a loss leaves. */
const C = 0.4
const BETA = 0.7
/** Growth of the Reno-friendly estimate that gives Reno's share (§4.3). */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA)
/** Segments: a window is whole bytes, and so falls short of where it was by a few. */
const ROUNDING = 1 / 64

/** CUBIC's window as a function of time (RFC 9438 §4.2 to §4.8). Windows in segments, times but Instants in seconds. */
export class CubicCurve {
  /** W_max, cwnd_prior, W_est and K. */
  #maximum = 0
  #prior = 0
  #estimate = 0
  #k = 0
  /** t_epoch: when the present stage of congestion avoidance began; -1: it has not. */
  #epoch: Instant = -1
  /** The last acknowledgement, and whether the window then held the sender back. */
  #tickedAt: Instant = 0
  #wasLimited = true
  /** A time-out came before the present stage (§4.8). */
  #isAfterTimeout = false
  /** All that as it was before the last reduction (§4.9.2). */
  #savedMaximum = 0
  #savedPrior = 0
  #savedEstimate = 0
  #savedK = 0
  #savedEpoch: Instant = -1

  /** An acknowledgement. Time in which the application kept the window from growing does not count (§4.2, §5.8). */
  tick(isLimited: boolean, now: Instant): void {
    if (!this.#wasLimited) this.skip(now)
    this.#tickedAt = now
    this.#wasLimited = isLimited
  }

  /** What passed since the last acknowledgement does not count. */
  skip(now: Instant): void {
    if (this.#epoch >= 0) this.#epoch += now - this.#tickedAt
    this.#tickedAt = now
  }

  /** By how many segments a window of `window` grows when `acknowledged` arrived: along the curve, or as Reno would by now, whichever is more. */
  grow(window: number, acknowledged: number, rtt: number, now: Instant): number {
    if (this.#epoch < 0) this.#begin(window, now)
    this.#estimate += ((this.#estimate >= this.#prior ? 1 : ALPHA) * acknowledged) / window
    const elapsed = (now - this.#epoch) / SECOND
    if (this.#at(elapsed) < this.#estimate) return Math.max(0, this.#estimate - window)
    const target = Math.min(Math.max(this.#at(elapsed + rtt), window), 1.5 * window)
    return ((target - window) / window) * acknowledged
  }

  /** §4.6 and §4.7: a flow that loses before it was back where it was leaves room for others. What rounding to bytes took does not count. */
  reduced(window: number): void {
    this.#savedMaximum = this.#maximum
    this.#savedPrior = this.#prior
    this.#savedEstimate = this.#estimate
    this.#savedK = this.#k
    this.#savedEpoch = this.#epoch
    this.#maximum = window < this.#maximum - ROUNDING ? (window * (1 + BETA)) / 2 : window
    this.#prior = window
    this.#epoch = -1
    this.#isAfterTimeout = false
  }

  timedOut(): void {
    this.#epoch = -1
    this.#isAfterTimeout = true
  }

  /** The reduction was for nothing. */
  restore(): void {
    this.#maximum = this.#savedMaximum
    this.#prior = this.#savedPrior
    this.#estimate = this.#savedEstimate
    this.#k = this.#savedK
    this.#epoch = this.#savedEpoch
    this.#isAfterTimeout = false
  }

  /** The next acknowledgement begins a new stage. */
  interrupt(): void {
    this.#epoch = -1
  }

  /** §4.2, §4.8, §4.10: after a time-out, or a slow start that ended without a loss, the curve begins at its flat middle. */
  #begin(window: number, now: Instant): void {
    this.#epoch = now
    this.#estimate = window
    if (window >= this.#maximum || this.#isAfterTimeout) this.#maximum = window
    if (this.#prior === 0) this.#prior = window
    this.#k = Math.cbrt((this.#maximum - window) / C)
    this.#isAfterTimeout = false
  }

  /** W_cubic(t). */
  #at(elapsed: number): number {
    const t = elapsed - this.#k
    return C * t * t * t + this.#maximum
  }

  /** Keeps all of it in `memo`, or takes it from it. */
  carry(memo: Memo): void {
    this.#maximum = memo.number(this.#maximum)
    this.#prior = memo.number(this.#prior)
    this.#estimate = memo.number(this.#estimate)
    this.#k = memo.number(this.#k)
    this.#epoch = memo.instant(this.#epoch)
    this.#tickedAt = memo.instant(this.#tickedAt)
    this.#wasLimited = memo.flag(this.#wasLimited)
    this.#isAfterTimeout = memo.flag(this.#isAfterTimeout)
    this.#savedMaximum = memo.number(this.#savedMaximum)
    this.#savedPrior = memo.number(this.#savedPrior)
    this.#savedEstimate = memo.number(this.#savedEstimate)
    this.#savedK = memo.number(this.#savedK)
    this.#savedEpoch = memo.instant(this.#savedEpoch)
  }
}
