// hot path
import type { Duration } from '../base/time.ts'
import { type CongestionController, INFINITE_THRESHOLD, type Opening, slowStart } from './congestion.ts'
import type { Memo } from './memo.ts'

/** RFC 5681 §3.1: slow start and congestion avoidance (MUST-19), by byte counting. */
export class NewReno implements CongestionController {
  readonly name = 'reno'
  readonly ownsWindow = false
  readonly pacingRate = 0
  window = 0
  threshold = INFINITE_THRESHOLD
  #segmentSize = 536
  #initialWindow = 0
  /** Bytes delivered since the window last grew, in congestion avoidance. */
  #counted = 0
  /** The window before the last reduction. */
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

  grow(delivered: number, _smoothedRtt: Duration): void {
    const left = this.window < this.threshold ? slowStart(this, delivered) : delivered
    if (left <= 0) return
    this.#counted += left
    if (this.#counted < this.window) return
    this.#counted -= this.window
    this.window += this.#segmentSize
  }

  onAcknowledgement(): void {}

  onLost(): void {}

  /** RFC 5681 equation 4. */
  thresholdAfterLoss(flight: number): number {
    this.#before = this.window
    this.#counted = 0
    return Math.max(Math.min(flight, this.window) >> 1, 2 * this.#segmentSize)
  }

  undo(): void {
    this.window = Math.max(this.window, this.#before)
  }

  onPhase(): void {}

  onIdleEnd(): void {}

  restart(): void {
    this.window = Math.min(this.window, this.#initialWindow)
  }

  carry(memo: Memo): void {
    this.window = memo.number(this.window)
    this.threshold = memo.number(this.threshold)
    this.#segmentSize = memo.number(this.#segmentSize)
    this.#initialWindow = memo.number(this.#initialWindow)
    this.#counted = memo.number(this.#counted)
    this.#before = memo.number(this.#before)
  }
}
