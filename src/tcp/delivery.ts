import type { Instant } from '../base/time.ts'
import { earlier, type Seq, toSeq } from '../wire/seq.ts'

/** What the rows of one acknowledgement had to tell; refilled for each. */
export class Delivery {
  /** Sequence numbers newly known to have arrived, by SACK or cumulatively. */
  delivered = 0
  /** Of these, those that were acknowledged cumulatively for the first time. */
  cumulative = 0
  /** A segment that had been sent again was among them. */
  hadResent = false
  /** Something was newly SACKed. */
  hadSacked = false
  /** An original segment was delivered that lies below what was known to have arrived before: the path reorders. */
  reorderedFrom: Seq = toSeq(0)
  isReordered = false
  /** When the first and the last never-resent segment of the cumulative part, and the last SACKed one, was sent; -1: there was none. */
  firstSentAt: Instant = -1
  lastSentAt: Instant = -1
  sackedSentAt: Instant = -1

  /** The segment at `start` was overtaken. */
  overtaken(start: Seq): void {
    this.reorderedFrom = this.isReordered ? earlier(this.reorderedFrom, start) : start
    this.isReordered = true
  }

  clear(): void {
    this.delivered = 0
    this.cumulative = 0
    this.hadResent = false
    this.hadSacked = false
    this.isReordered = false
    this.firstSentAt = -1
    this.lastSentAt = -1
    this.sackedSentAt = -1
  }
}

/** Who wants to know of every segment that is found to have arrived: RACK, and the estimate of the delivery rate. */
export interface DeliveryWatcher {
  /** By its row, not by when it was sent: a double that crosses a call is an object. */
  delivered(row: number, end: Seq, marks: number): void
}
