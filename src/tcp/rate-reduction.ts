// hot path
import type { CongestionController } from './congestion.ts'

/** Proportional rate reduction (RFC 9937): brings the window down to the threshold over one round trip, clocked by what is delivered. */
export class RateReduction {
  isActive = false
  /** RecoverFS: the window when the reduction began. */
  #prior = 0
  /** prr_delivered and prr_out, bytes. */
  #delivered = 0
  #out = 0

  begin(controller: CongestionController, threshold: number): void {
    this.isActive = !controller.ownsWindow
    this.#prior = controller.window
    this.#delivered = 0
    this.#out = 0
    controller.threshold = threshold
  }

  /** `length` bytes were sent, new or again. */
  sent(length: number): void {
    if (this.isActive) this.#out += length
  }

  /** An acknowledgement: `delivered` and `lost` bytes by it, `inFlight` after it; `advances`: losses are being repaired, and SND.UNA moved. */
  acknowledged(
    controller: CongestionController,
    delivered: number,
    lost: number,
    inFlight: number,
    advances: boolean,
    segmentSize: number,
  ): void {
    if (delivered <= 0 || this.#prior === 0) return
    const { threshold } = controller
    this.#delivered += delivered
    const room = threshold - inFlight
    let send: number
    if (room < 0) {
      send = Math.ceil((threshold * this.#delivered) / this.#prior) - this.#out
    } else {
      send = Math.max(this.#delivered - this.#out, delivered)
      if (advances && lost === 0) send += segmentSize // SafeACK: slow start back to the threshold
      send = Math.min(room, send)
    }
    // The first retransmission always goes out.
    send = Math.max(send, this.#out > 0 ? 0 : segmentSize)
    controller.window = inFlight + send
  }

  /** The reduction is complete. */
  end(controller: CongestionController): void {
    if (!this.isActive) return
    this.isActive = false
    controller.window = controller.threshold
  }

  cancel(): void {
    this.isActive = false
  }
}
