// hot path
import { type Instant, SECOND } from '../base/time.ts'
import type { Memo } from './memo.ts'
import { Extreme, WindowedExtreme } from './windowed-extreme.ts'

/** BBR.ExtraAckedFilterLen, round trips; in Startup one. */
const ROUNDS = 10

/** How much more is acknowledged at once than the bandwidth explains: acknowledgements come in bundles (draft-ietf-ccwg-bbr-06, "BBR.extra_acked"). */
export class BbrAggregation {
  readonly #filter = new WindowedExtreme(Extreme.Greatest)
  #since: Instant = 0
  #delivered = 0

  /** BBR.extra_acked, bytes; 0 before the first acknowledgement. */
  get extra(): number {
    return Math.max(0, this.#filter.value)
  }

  /** An interval begins. */
  restart(now: Instant): void {
    this.#since = now
  }

  /** UpdateACKAggregation: `acknowledged` bytes arrived; `limit` is the window. */
  observe(
    acknowledged: number,
    bandwidth: number,
    limit: number,
    rounds: number,
    isPipeFull: boolean,
    now: Instant,
  ): void {
    let expected = (bandwidth * (now - this.#since)) / SECOND
    if (this.#delivered <= expected) {
      this.#delivered = 0
      this.#since = now
      expected = 0
    }
    this.#delivered += acknowledged
    this.#filter.add(Math.min(this.#delivered - expected, limit), rounds, isPipeFull ? ROUNDS : 1)
  }

  carry(memo: Memo): void {
    this.#filter.carry(memo)
    this.#since = memo.instant(this.#since)
    this.#delivered = memo.number(this.#delivered)
  }
}
