// hot path
import type { Memo } from './memo.ts'
import { WindowBasedController } from './window-based.ts'

/** RFC 5681 §3.1: slow start and congestion avoidance (MUST-19), by byte counting. */
export class NewReno extends WindowBasedController {
  readonly name = 'reno'
  /** Bytes delivered since the window last grew, in congestion avoidance. */
  #counted = 0

  grow(delivered: number): void {
    const left = this.window < this.threshold ? this.slowStart(delivered) : delivered
    if (left <= 0) return
    this.#counted += left
    if (this.#counted < this.window) return
    this.#counted -= this.window
    this.window += this.segmentSize
  }

  /** RFC 5681 equation 4. */
  thresholdAfterLoss(flight: number): number {
    this.before = this.window
    this.#counted = 0
    return Math.max(Math.min(flight, this.window) >> 1, 2 * this.segmentSize)
  }

  override carry(memo: Memo): void {
    super.carry(memo)
    this.#counted = memo.number(this.#counted)
  }
}
