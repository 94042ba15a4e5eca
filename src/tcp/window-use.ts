// hot path
import { before, type Seq } from '../wire/seq.ts'
import type { CongestionController } from './congestion.ts'
import type { Memo } from './memo.ts'

/** Whether the congestion window is what holds the sender back: else it must not grow (RFC 7661; Linux's tcp_cwnd_validate). */
export class WindowUse {
  #isLimited = false
  /** The most that was in flight in the present window of data, which ends at `#end`. */
  #most = 0
  #end: Seq

  constructor(iss: Seq) {
    this.#end = iss
  }

  /** After an output that was `limited` by the window, with `inFlight` bytes out. */
  observe(limited: boolean, inFlight: number, una: Seq, nxt: Seq): void {
    if (before(una, this.#end) && !limited && (this.#isLimited || inFlight <= this.#most)) return
    this.#isLimited = limited
    this.#most = inFlight
    this.#end = nxt
  }

  /** Was the window used up at some time in the last round trip? */
  get wasLimited(): boolean {
    return this.#isLimited
  }

  /** May the window grow? In slow start already when half of it is used. */
  isLimited(controller: CongestionController): boolean {
    if (this.#isLimited) return true
    return controller.window < controller.threshold && controller.window < 2 * this.#most
  }

  /** See `rest.ts`. */
  carry(memo: Memo): void {
    this.#isLimited = memo.flag(this.#isLimited)
    this.#most = memo.number(this.#most)
    this.#end = memo.seq(this.#end)
  }
}
