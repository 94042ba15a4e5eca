// hot path: a ring of what waits to be sent.
import type { Instant } from '../base/time.ts'

/** What stands in the queue before a slow path: packets that came and have not been sent to their last bit. */
export class Backlog {
  packets = 0
  bytes = 0
  #departures = new Float64Array(64)
  #lengths = new Int32Array(64)
  #first = 0

  /** The packet's last bit leaves at `departure`, which is not before that of the one before it. */
  add(departure: Instant, length: number): void {
    if (this.packets === this.#lengths.length) this.#grow()
    const at = (this.#first + this.packets) & (this.#lengths.length - 1)
    this.#departures[at] = departure
    this.#lengths[at] = length
    this.packets++
    this.bytes += length
  }

  /** Forgets what has left. */
  settle(now: Instant): void {
    while (this.packets > 0 && this.#departures[this.#first]! <= now) {
      this.bytes -= this.#lengths[this.#first]!
      this.packets--
      this.#first = (this.#first + 1) & (this.#lengths.length - 1)
    }
  }

  #grow(): void {
    const size = this.#lengths.length
    const departures = new Float64Array(2 * size)
    const lengths = new Int32Array(2 * size)
    for (let i = 0; i < size; i++) {
      departures[i] = this.#departures[(this.#first + i) & (size - 1)]!
      lengths[i] = this.#lengths[(this.#first + i) & (size - 1)]!
    }
    this.#departures = departures
    this.#lengths = lengths
    this.#first = 0
  }
}
