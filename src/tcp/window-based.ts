// hot path
import type { Duration, Instant } from '../base/time.ts'
import { type CongestionController, INFINITE_THRESHOLD, type Opening, type Phase } from './congestion.ts'
import type { RateSample } from './delivery-rate.ts'
import type { LostSegment } from './lost-segment.ts'
import type { Memo } from './memo.ts'

/** An algorithm that knows nothing of the path but how large a window it took, and how large one lost something. */
export abstract class WindowBasedController implements CongestionController {
  abstract readonly name: string
  readonly ownsWindow = false
  readonly pacingRate = 0
  window = 0
  threshold = INFINITE_THRESHOLD
  protected segmentSize = 536
  /** The window before the last reduction, to take it back. */
  protected before = 0
  #initialWindow = 0

  begin(opening: Opening): void {
    this.resize(opening.segmentSize, opening.initialWindow)
    this.window = opening.window
  }

  resize(segmentSize: number, initialWindow: number): void {
    this.segmentSize = segmentSize
    this.#initialWindow = initialWindow
  }

  abstract grow(delivered: number, smoothedRtt: Duration, now: Instant): void

  /** RFC 5681 §3.1: returns the bytes that are left for congestion avoidance. */
  protected slowStart(delivered: number): number {
    const grown = Math.min(this.window + delivered, this.threshold)
    const left = delivered - (grown - this.window)
    this.window = grown
    return left
  }

  onAcknowledgement(_sample: RateSample, _rtt: Duration, _now: Instant): void {}

  onLost(_lost: LostSegment, _now: Instant): void {}

  abstract thresholdAfterLoss(flight: number, now: Instant): number

  undo(): void {
    this.window = Math.max(this.window, this.before)
  }

  onPhase(_phase: Phase, _now: Instant): void {}

  onIdleEnd(_now: Instant): void {}

  restart(): void {
    this.window = Math.min(this.window, this.#initialWindow)
  }

  carry(memo: Memo): void {
    this.window = memo.number(this.window)
    this.threshold = memo.number(this.threshold)
    this.segmentSize = memo.number(this.segmentSize)
    this.#initialWindow = memo.number(this.#initialWindow)
    this.before = memo.number(this.before)
  }
}
