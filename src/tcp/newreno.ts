// hot path
import { type CongestionController, INFINITE_THRESHOLD } from './congestion.ts'

/** NewReno: RFC 5681 §3.1 slow start and congestion avoidance (by byte counting; MUST-19), RFC 6582 recovery. */
export class NewReno implements CongestionController {
  readonly name = 'reno'
  window = 0
  threshold = INFINITE_THRESHOLD
  #segmentSize = 536
  #initialWindow = 0
  /** Bytes acknowledged since the window last grew, in congestion avoidance. */
  #counted = 0

  begin(segmentSize: number, initialWindow: number): void {
    if (this.window === 0) this.window = initialWindow
    this.#segmentSize = segmentSize
    this.#initialWindow = initialWindow
  }

  onAcknowledged(acknowledged: number, _smoothedRtt: number, limited: boolean): void {
    if (!limited) return
    if (this.window < this.threshold) {
      // RFC 3465 §2.2 with Linux's reading: a stretch ACK counts for all that it covers, up to the threshold.
      this.window = Math.min(
        this.window + acknowledged,
        Math.max(this.threshold, this.window + this.#segmentSize),
      )
      return
    }
    this.#counted += acknowledged
    if (this.#counted >= this.window) {
      this.#counted -= this.window
      this.window += this.#segmentSize
    }
  }

  onLoss(flight: number): void {
    this.threshold = this.#halved(flight)
    this.window = this.threshold + 3 * this.#segmentSize
    this.#counted = 0
  }

  onDuplicate(): void {
    this.window += this.#segmentSize
  }

  onPartial(acknowledged: number): void {
    this.window = Math.max(this.#segmentSize, this.window - acknowledged)
    if (acknowledged >= this.#segmentSize) this.window += this.#segmentSize
  }

  onRecovered(flight: number): void {
    this.window = Math.min(this.threshold, Math.max(flight, this.#segmentSize) + this.#segmentSize)
  }

  onTimeout(flight: number, again: boolean): void {
    if (!again) this.threshold = this.#halved(flight)
    this.window = this.#segmentSize
    this.#counted = 0
  }

  onIdle(): void {
    this.window = Math.min(this.window, this.#initialWindow)
  }

  /** RFC 5681 equation 4. */
  #halved(flight: number): number {
    return Math.max(flight >> 1, 2 * this.#segmentSize)
  }
}
