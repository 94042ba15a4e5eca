// hot path
import { type Duration, type Instant, SECOND } from '../base/time.ts'
import { type CongestionController, INFINITE_THRESHOLD, type Phase, slowStart } from './congestion.ts'
import type { RateSample } from './delivery-rate.ts'
import { HyStart } from './hystart.ts'

/** RFC 9438 §5: how steep the curve is, segments per second cubed, and what a loss leaves of the window. */
const C = 0.4
const BETA = 0.7
/** Growth of the Reno-friendly estimate that equals Reno's share (§4.3). */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA)

/** CUBIC (RFC 9438) with HyStart++ (RFC 9406): the window grows by the time since the last loss, not by round trips. */
export class Cubic implements CongestionController {
  readonly name = 'cubic'
  readonly ownsWindow = false
  readonly pacingRate = 0
  window = 0
  threshold = INFINITE_THRESHOLD
  readonly #hystart = new HyStart()
  #segmentSize = 536
  #initialWindow = 0
  /** W_max and W_est, segments; K, seconds; and when the present epoch of congestion avoidance began, -1: it has not. */
  #maximum = 0
  #estimate = 0
  #k = 0
  #epoch: Instant = -1
  /** cwnd_prior of §4.3, segments. */
  #prior = 0
  /** What the window has grown by in fractions of a byte. */
  #fraction = 0
  #total = 0
  /** Before the last reduction, to take it back. */
  #undoWindow = 0
  #undoMaximum = 0

  begin(segmentSize: number, initialWindow: number): void {
    this.#segmentSize = segmentSize
    this.#initialWindow = initialWindow
    this.window = initialWindow
  }

  resize(segmentSize: number): void {
    this.#segmentSize = segmentSize
  }

  onAcknowledgement(sample: RateSample, rtt: Duration): void {
    this.#total += sample.newlyDelivered
    if (this.window >= this.threshold) return
    this.#hystart.observe(sample, this.#total, rtt)
    if (this.#hystart.isOver) this.threshold = this.window
  }

  grow(delivered: number, smoothedRtt: Duration, now: Instant): void {
    let left = delivered
    if (this.window < this.threshold) {
      const allowed = Math.ceil(this.#hystart.allowance(delivered))
      left = slowStart(this, allowed)
      if (left <= 0) return
    }
    this.#avoid(left, smoothedRtt, now)
  }

  thresholdAfterLoss(flight: number): number {
    const window = this.window / this.#segmentSize
    this.#undoWindow = this.window
    this.#undoMaximum = this.#maximum
    // §4.7: a flow that loses before it was back where it was leaves room for others.
    this.#maximum = window < this.#maximum ? (window * (1 + BETA)) / 2 : window
    this.#prior = window
    this.#epoch = -1
    this.#fraction = 0
    this.#hystart.reset()
    const reduced = Math.round(Math.min(flight, this.window) * BETA)
    return Math.max(reduced, 2 * this.#segmentSize)
  }

  undo(): void {
    this.window = Math.max(this.window, this.#undoWindow)
    this.#maximum = this.#undoMaximum
    this.#epoch = -1
  }

  onPhase(phase: Phase): void {
    if (phase === 'loss') this.#epoch = -1
  }

  restart(): void {
    this.window = Math.min(this.window, this.#initialWindow)
    this.#epoch = -1
  }

  /** §4.2 to §4.5: the cubic curve, or what Reno would have by now, whichever is more. */
  #avoid(delivered: number, smoothedRtt: Duration, now: Instant): void {
    const window = this.window / this.#segmentSize
    if (this.#epoch < 0) this.#beginEpoch(window, now)
    const acknowledged = delivered / this.#segmentSize
    const alpha = this.#estimate >= this.#prior ? 1 : ALPHA
    this.#estimate += (alpha * acknowledged) / window
    const elapsed = (now - this.#epoch) / SECOND
    const present = this.#curve(elapsed)
    const target = Math.min(Math.max(this.#curve(elapsed + smoothedRtt / SECOND), window), 1.5 * window)
    const grown =
      present < this.#estimate ? this.#estimate - window : ((target - window) / window) * acknowledged
    this.#fraction += Math.max(0, grown) * this.#segmentSize
    const whole = Math.floor(this.#fraction)
    this.#fraction -= whole
    this.window += whole
  }

  #beginEpoch(window: number, now: Instant): void {
    this.#epoch = now
    this.#estimate = window
    if (window < this.#maximum) this.#k = Math.cbrt((this.#maximum - window) / C)
    else {
      this.#k = 0
      this.#maximum = window
    }
  }

  /** W_cubic(t), segments. */
  #curve(elapsed: number): number {
    const t = elapsed - this.#k
    return C * t * t * t + this.#maximum
  }
}
