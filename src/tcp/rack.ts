// hot path
import type { Duration, Instant } from '../base/time.ts'
import { after, type Seq } from '../wire/seq.ts'
import { Mark } from './mark.ts'
import type { Memo } from './memo.ts'
import type { RoundTrip } from './rtt.ts'
import type { Scoreboard } from './scoreboard.ts'

/** Quarters of the minimal RTT that the reordering window may grow to, and for how many recoveries it keeps (RFC 8985 §6.2 step 4). */
const MAX_STEPS = 255
const PERSIST = 16

/** RFC 8985: time-based loss detection. What was sent a reordering window before something that has arrived is lost. */
export class Rack {
  /** The segment that was sent last among those that arrived: RACK.xmit_ts, RACK.end_seq. */
  sentAt: Instant = -1
  end: Seq = 0 as Seq
  /** RACK.rtt, microseconds. */
  rtt: Duration = 0
  /** The reordering window's width, in quarters of the minimal RTT; and recoveries until it falls back to one. */
  steps = 1
  #persist = 0
  #roundEnd: Seq = 0 as Seq
  #isRoundOpen = false

  /** RACK_update: a segment arrived. A copy that seems to have come back faster than the path allows was the original (§6.2 step 2). */
  arrived(board: Scoreboard, end: Seq, marks: number, minimumRtt: Duration, now: Instant): void {
    const sentAt = board.arrivedSentAt
    const rtt = now - sentAt
    if ((marks & Mark.EverResent) !== 0 && rtt < minimumRtt) return
    this.rtt = rtt
    if (sentAt > this.sentAt || (sentAt === this.sentAt && after(end, this.end))) {
      this.sentAt = sentAt
      this.end = end
    }
  }

  /**
   * SND.UNA has moved to `una`: perhaps beyond what was sent when the last D-SACK came. Beyond, while the RFC says up to it: when all is
   * acknowledged, the reports of one burst would each widen the window.
   */
  acknowledged(una: Seq): void {
    if (this.#isRoundOpen && after(una, this.#roundEnd)) this.#isRoundOpen = false
  }

  /** A D-SACK: the reordering window was too narrow; once a round trip it grows (§6.2 step 4). */
  duplicateReported(una: Seq, nxt: Seq): void {
    if (this.#isRoundOpen && !after(una, this.#roundEnd)) return
    this.#isRoundOpen = true
    this.#roundEnd = nxt
    this.steps = Math.min(MAX_STEPS, this.steps + 1)
    this.#persist = PERSIST
  }

  /** A recovery ended without anything having been spurious. */
  recovered(): void {
    if (this.#persist > 0 && --this.#persist === 0) this.steps = 1
  }

  /** The recovery was spurious: keep the window wide. */
  undone(): void {
    this.#persist = PERSIST
  }

  /**
   * RACK.reo_wnd (§6.2 step 4): none when `isEnough` was SACKed to say that something is lost, and nothing was ever reordered
   * (RACK.reordering_seen).
   */
  reorderingWindow(rtt: RoundTrip, hasReordering: boolean, inRecovery: boolean, isEnough: boolean): Duration {
    if (!hasReordering && (inRecovery || isEnough)) return 0
    return Math.min((rtt.minimum >> 2) * this.steps, rtt.smoothed)
  }

  /**
   * RACK_detect_loss (§6.2 step 5): marks what is lost. Returns how long the youngest of the others must still be waited for, or 0.
   * `marked` is told each newly lost row's length.
   */
  detect(board: Scoreboard, window: Duration, now: Instant): Duration {
    let longest = 0
    if (this.sentAt < 0) return 0
    for (let row = board.firstUnjudged; row < board.count; row++) {
      const marks = board.marksOf(row)
      if ((marks & Mark.Sacked) !== 0) {
        row = board.lastKnown(row)
        continue
      }
      if ((marks & (Mark.Lost | Mark.Resent)) === Mark.Lost) continue
      const sentAt = board.sentAt(row)
      if (sentAt > this.sentAt || (sentAt === this.sentAt && !after(this.end, board.endOf(row)))) {
        if ((marks & Mark.EverResent) === 0) break // what follows was sent later still, or was sent again
        continue
      }
      const left = sentAt + this.rtt + window - now
      if (left <= 0) board.markLost(row, now)
      else if (left > longest) longest = left
    }
    return longest
  }

  /** See `rest.ts`. */
  carry(memo: Memo): void {
    this.sentAt = memo.instant(this.sentAt)
    this.end = memo.seq(this.end)
    this.rtt = memo.number(this.rtt)
    this.steps = memo.number(this.steps)
    this.#persist = memo.number(this.#persist)
    this.#roundEnd = memo.seq(this.#roundEnd)
    this.#isRoundOpen = memo.flag(this.#isRoundOpen)
  }
}
