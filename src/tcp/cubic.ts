// hot path
import { type Duration, type Instant, SECOND } from '../base/time.ts'
import {
  type CongestionController,
  INFINITE_THRESHOLD,
  type Opening,
  type Phase,
  slowStart,
} from './congestion.ts'
import { CubicCurve } from './cubic-curve.ts'
import type { RateSample } from './delivery-rate.ts'
import { HyStart } from './hystart.ts'
import type { Memo } from './memo.ts'

/** What a loss leaves of the window (RFC 9438 §4.6). */
const BETA = 0.7

/** CUBIC (RFC 9438) with HyStart++ (RFC 9406): the window grows by the time since the last loss, not by round trips. */
export class Cubic implements CongestionController {
  readonly name = 'cubic'
  readonly ownsWindow = false
  readonly pacingRate = 0
  window = 0
  threshold = INFINITE_THRESHOLD
  readonly #curve = new CubicCurve()
  readonly #hystart = new HyStart()
  #segmentSize = 536
  #initialWindow = 0
  /** What the window has grown by in fractions of a byte. */
  #fraction = 0
  /** The window before the last reduction, to take it back. */
  #before = 0

  begin(opening: Opening): void {
    this.#segmentSize = opening.segmentSize
    this.#initialWindow = opening.initialWindow
    this.window = opening.window
  }

  resize(segmentSize: number, initialWindow: number): void {
    this.#segmentSize = segmentSize
    this.#initialWindow = initialWindow
  }

  /** Only the first slow start searches in the dark; later ones know their end (RFC 9406 §4.3). */
  onAcknowledgement(sample: RateSample, rtt: Duration, now: Instant): void {
    this.#curve.tick(sample.isWindowLimited, now)
    if (this.threshold !== INFINITE_THRESHOLD) return
    this.#hystart.observe(sample, rtt)
    if (this.#hystart.isOver) this.threshold = this.window
  }

  onLost(): void {}

  grow(delivered: number, smoothedRtt: Duration, now: Instant): void {
    let left = delivered
    if (this.window < this.threshold) {
      const isFirst = this.threshold === INFINITE_THRESHOLD
      left = slowStart(this, isFirst ? Math.ceil(this.#hystart.allowance(delivered)) : delivered)
      if (left <= 0) return
    }
    const window = (this.window + this.#fraction) / this.#segmentSize
    const grown = this.#curve.grow(window, left / this.#segmentSize, smoothedRtt / SECOND, now)
    this.#fraction += grown * this.#segmentSize
    const whole = Math.floor(this.#fraction)
    this.#fraction -= whole
    this.window += whole
  }

  /** §4.6 with the window in place of what is in flight, as Linux: it does not grow while the application leaves it unused (`WindowUse`). */
  thresholdAfterLoss(): number {
    this.#before = this.window
    this.#fraction = 0
    this.#curve.reduced(this.window / this.#segmentSize)
    const reduced = Math.round(this.window * BETA)
    return Math.max(reduced, 2 * this.#segmentSize)
  }

  /** §4.9: a reduction that was for nothing leaves no trace. */
  undo(): void {
    if (this.window <= this.#before) this.#curve.restore()
    this.window = Math.max(this.window, this.#before)
  }

  onPhase(phase: Phase): void {
    if (phase === 'loss') this.#curve.timedOut()
  }

  onIdleEnd(now: Instant): void {
    this.#curve.skip(now)
  }

  restart(): void {
    this.window = Math.min(this.window, this.#initialWindow)
    this.#fraction = 0
    this.#curve.interrupt()
  }

  carry(memo: Memo): void {
    this.window = memo.number(this.window)
    this.threshold = memo.number(this.threshold)
    this.#segmentSize = memo.number(this.#segmentSize)
    this.#initialWindow = memo.number(this.#initialWindow)
    this.#fraction = memo.number(this.#fraction)
    this.#before = memo.number(this.#before)
    this.#curve.carry(memo)
    this.#hystart.carry(memo)
  }
}
