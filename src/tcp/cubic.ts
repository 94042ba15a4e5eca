// hot path
import { type Duration, type Instant, SECOND } from '../base/time.ts'
import { INFINITE_THRESHOLD, type Phase } from './congestion.ts'
import { CubicCurve } from './cubic-curve.ts'
import type { RateSample } from './delivery-rate.ts'
import { HyStart } from './hystart.ts'
import type { Memo } from './memo.ts'
import { WindowBasedController } from './window-based.ts'

/** What a loss leaves of the window (RFC 9438 §4.6). */
const BETA = 0.7

/** CUBIC (RFC 9438) with HyStart++ (RFC 9406): the window grows by the time since the last loss, not by round trips. */
export class Cubic extends WindowBasedController {
  readonly name = 'cubic'
  readonly #curve = new CubicCurve()
  readonly #hystart = new HyStart()
  /** What the window has grown by in fractions of a byte. */
  #fraction = 0

  /** Only the first slow start searches in the dark; later ones know their end (RFC 9406 §4.3). */
  override onAcknowledgement(sample: RateSample, rtt: Duration, now: Instant): void {
    this.#curve.tick(sample.isWindowLimited, now)
    if (this.threshold !== INFINITE_THRESHOLD) return
    this.#hystart.observe(sample, rtt)
    if (this.#hystart.isOver) this.threshold = this.window
  }

  grow(delivered: number, smoothedRtt: Duration, now: Instant): void {
    let left = delivered
    if (this.window < this.threshold) {
      const isFirst = this.threshold === INFINITE_THRESHOLD
      left = this.slowStart(isFirst ? Math.ceil(this.#hystart.allowance(delivered)) : delivered)
      if (left <= 0) return
    }
    const window = (this.window + this.#fraction) / this.segmentSize
    const grown = this.#curve.grow(window, left / this.segmentSize, smoothedRtt / SECOND, now)
    this.#fraction += grown * this.segmentSize
    const whole = Math.floor(this.#fraction)
    this.#fraction -= whole
    this.window += whole
  }

  /** §4.6 with the window in place of what is in flight, as Linux: it does not grow while the application leaves it unused (`WindowUse`). */
  thresholdAfterLoss(): number {
    this.before = this.window
    this.#fraction = 0
    this.#curve.reduced(this.window / this.segmentSize)
    const reduced = Math.round(this.window * BETA)
    return Math.max(reduced, 2 * this.segmentSize)
  }

  /** §4.9: a reduction that was for nothing leaves no trace. */
  override undo(): void {
    if (this.window <= this.before) this.#curve.restore()
    super.undo()
  }

  override onPhase(phase: Phase): void {
    if (phase === 'loss') this.#curve.timedOut()
  }

  override onIdleEnd(now: Instant): void {
    this.#curve.skip(now)
  }

  override restart(): void {
    super.restart()
    this.#fraction = 0
    this.#curve.interrupt()
  }

  override carry(memo: Memo): void {
    super.carry(memo)
    this.#fraction = memo.number(this.#fraction)
    this.#curve.carry(memo)
    this.#hystart.carry(memo)
  }
}
