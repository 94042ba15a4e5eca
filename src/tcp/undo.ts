import type { Instant } from '../base/time.ts'
import type { Seq } from '../wire/seq.ts'
import { after } from '../wire/seq.ts'
import type { CongestionController } from './congestion.ts'
import type { Memo } from './memo.ts'

/**
 * What is needed to take a reduction back when its loss turns out to have been none: because every retransmission was reported as a
 * duplicate (RFC 2883, RFC 3708), or because the acknowledgement echoes a timestamp from before the first of them (Eifel, RFC 3522).
 */
export class Undo {
  /** SND.UNA when the reduction began, while it may be taken back. */
  isPossible = false
  #marker: Seq = 0 as Seq
  /** Retransmissions since then that no D-SACK has reported. */
  #unreported = 0
  /** The threshold before the reduction; 0: it must not come back (ECN said so). */
  #threshold = 0
  /** Timestamp of the first retransmission, while `#hasStamp`. */
  #stamp = 0
  #hasStamp = false
  /** When the first retransmission of this episode was sent, for whoever gives up; -1: there was none. */
  since: Instant = -1

  /** A reduction begins at `una`, with `retransmitted` segments already out. */
  begin(una: Seq, retransmitted: number): void {
    this.isPossible = true
    this.#marker = una
    this.#unreported = retransmitted > 0 ? retransmitted : -1
  }

  rememberThreshold(threshold: number): void {
    this.#threshold = threshold
  }

  forbid(): void {
    this.#threshold = 0
  }

  /** A segment was sent again; `stamp`: its timestamp. */
  retransmitted(stamp: number, now: Instant): void {
    if (this.since < 0) {
      this.since = now
      this.#stamp = stamp
      this.#hasStamp = true
    }
    this.#unreported = Math.max(0, this.#unreported) + 1
  }

  /** Nothing sent again is outstanding any more. */
  settled(): void {
    this.since = -1
    this.#hasStamp = false
  }

  /** A D-SACK reported one of our retransmissions. */
  duplicateReported(end: Seq): void {
    if (this.isPossible && this.#unreported > 0 && after(end, this.#marker)) this.#unreported--
  }

  /** Every retransmission was reported as a duplicate. */
  get isAllDuplicate(): boolean {
    return this.isPossible && this.#unreported === 0
  }

  /** The acknowledgement echoes a timestamp from before the first retransmission: the original arrived. */
  isLate(hasTimestamps: boolean, tsEcr: number): boolean {
    return this.#hasStamp && hasTimestamps && tsEcr !== 0 && ((tsEcr - this.#stamp) | 0) < 0
  }

  /** Takes the reduction back. */
  apply(controller: CongestionController): void {
    if (this.#threshold > 0) {
      controller.undo()
      if (this.#threshold > controller.threshold) controller.threshold = this.#threshold
    }
    this.isPossible = false
  }

  end(): void {
    this.isPossible = false
  }

  /** See `rest.ts`. */
  carry(memo: Memo): void {
    this.isPossible = memo.flag(this.isPossible)
    this.#marker = memo.seq(this.#marker)
    this.#unreported = memo.number(this.#unreported)
    this.#threshold = memo.number(this.#threshold)
    this.#stamp = memo.number(this.#stamp)
    this.#hasStamp = memo.flag(this.#hasStamp)
    this.since = memo.instant(this.since)
  }
}
