// hot path: segments sent are rows of typed arrays; an acknowledgement touches only the rows that it changes.
import type { Instant } from '../base/time.ts'
import { add, after, before, beforeOrAt, distance, earlier, type Seq, toSeq } from '../wire/seq.ts'
import { BoardRows, DOUBLES, giveRows, INTS, takeRows } from './board-rows.ts'
import type { Delivery, DeliveryWatcher } from './delivery.ts'
import { type LossWatcher, LostSegment } from './lost-segment.ts'
import { Mark } from './mark.ts'
import { SackMemory } from './sack-memory.ts'
import { type DeliveryClock, Sending } from './sending.ts'

/** Integers of a row, and doubles. */
const Int = { Start: 0, End: 1, Marks: 2 } as const
const Double = { SentAt: 0, Delivered: 1, DeliveredAt: 2, FirstSentAt: 3, InFlight: 4, Lost: 5 } as const

/** Filled anew for each loss. */
const lostSegment = new LostSegment()
const sending = new Sending()

/**
 * What was sent and not cumulatively acknowledged: a ring of rows in sequence order, each one segment (or super-segment) as it was sent,
 * split where a SACK block or a retransmission cuts it. Holds nothing while nothing is outstanding.
 */
export class Scoreboard {
  /** Totals over the rows, in sequence numbers. */
  sacked = 0
  lost = 0
  resent = 0
  /** Bytes presumed lost since the connection began. */
  everLost = 0
  lossWatcher: LossWatcher | undefined
  readonly known = new SackMemory()
  /** The highest SACKed sequence number, while something is SACKed (FACK). */
  highestSacked: Seq = toSeq(0)
  /** `highestSacked` before the acknowledgement that is being read. */
  #priorHigh: Seq = toSeq(0)
  /** Rows before this one are not (Lost and not Resent): where the search for one begins. */
  #lostFrom = 0
  /** Rows before this one are SACKed, or Lost and not Resent: detection need not look at them again. */
  #judged = 0
  #lastLostEnd: Seq = toSeq(0)
  #rows: BoardRows | undefined
  #ints: Int32Array | undefined
  #doubles: Float64Array | undefined
  #capacity = 0
  #head = 0
  #count = 0

  get count(): number {
    return this.#count
  }

  /** When the row was sent that a watcher is told of: a field, since a double that a call returns or takes is an object. */
  arrivedSentAt: Instant = 0

  /** Where the detection of losses begins: what lies before has been decided. */
  get firstUnjudged(): number {
    while (this.#judged < this.#count && isJudged(this.marksOf(this.#judged))) this.#judged++
    return this.#judged
  }

  /** Sequence numbers in the network: sent, not known to have arrived and not presumed lost (RFC 6675 §4's pipe). */
  inFlight(outstanding: number): number {
    return outstanding - this.sacked - this.lost + this.resent
  }

  /** Adds what was just sent for the first time; `inFlight` bytes are out with it. */
  sent(start: Seq, end: Seq, now: Instant, clock: DeliveryClock, inFlight: number): void {
    if (this.#count === this.#capacity) this.#grow()
    const row = this.#count++
    const at = this.#at(row)
    const ints = this.#ints!
    ints[at * INTS + Int.Start] = start
    ints[at * INTS + Int.End] = end
    ints[at * INTS + Int.Marks] = 0
    this.#stamp(at, now, clock, inFlight)
  }

  /** Adds `marks` to those of the row that was sent last. */
  markLast(marks: number): void {
    this.#ints![this.#at(this.#count - 1) * INTS + Int.Marks]! |= marks
  }

  /** The row was sent again; `inFlight` bytes are out with it. */
  resend(row: number, now: Instant, clock: DeliveryClock, inFlight: number): void {
    const at = this.#at(row)
    const marks = this.#ints![at * INTS + Int.Marks]!
    if ((marks & Mark.Resent) === 0) this.resent += this.lengthOf(row)
    this.#ints![at * INTS + Int.Marks] = marks | Mark.Resent | Mark.EverResent
    if (row < this.#judged) this.#judged = row
    this.#stamp(at, now, clock, inFlight)
  }

  startOf(row: number): Seq {
    return this.#ints![this.#at(row) * INTS + Int.Start] as Seq
  }

  endOf(row: number): Seq {
    return this.#ints![this.#at(row) * INTS + Int.End] as Seq
  }

  lengthOf(row: number): number {
    const at = this.#at(row) * INTS
    return distance(this.#ints![at + Int.Start] as Seq, this.#ints![at + Int.End] as Seq)
  }

  marksOf(row: number): number {
    return this.#ints![this.#at(row) * INTS + Int.Marks]!
  }

  sentAt(row: number): Instant {
    return this.#doubles![this.#at(row) * DOUBLES + Double.SentAt]!
  }

  /** What the row remembers of its sending, into `out`: a number that is returned may be a new object. */
  recall(row: number, out: Sending): void {
    const at = this.#at(row) * DOUBLES
    const doubles = this.#doubles!
    out.sentAt = doubles[at + Double.SentAt]!
    out.delivered = doubles[at + Double.Delivered]!
    out.deliveredAt = doubles[at + Double.DeliveredAt]!
    out.firstSentAt = doubles[at + Double.FirstSentAt]!
    out.inFlight = doubles[at + Double.InFlight]!
    out.lost = doubles[at + Double.Lost]!
    out.isAppLimited = (this.#ints![this.#at(row) * INTS + Int.Marks]! & Mark.AppLimited) !== 0
  }

  /** What is told from here on is one acknowledgement's: what it says itself is no sign of reordering. */
  beginAcknowledgement(una: Seq): void {
    this.#priorHigh = this.sacked > 0 ? this.highestSacked : una
  }

  /** SND.UNA has moved to `una`: what lies before is gone, and told to `out` and `watcher`. */
  acknowledge(una: Seq, out: Delivery, watcher: DeliveryWatcher): void {
    while (this.#count > 0 && before(this.startOf(0), una)) {
      if (after(this.endOf(0), una)) this.split(0, una)
      this.#acknowledgeFirst(out, watcher)
    }
    if (this.#count === 0) this.clear()
    else if (this.sacked === 0) {
      this.highestSacked = una
      this.known.clear()
    }
  }

  /** A SACK block: marks the rows that lie in it. Its edges cut rows into whole segments of `size` bytes only: crumbs would make as many rows. */
  sack(left: Seq, right: Seq, size: number, out: Delivery, watcher: DeliveryWatcher): void {
    for (let row = this.find(left); row < this.#count && before(this.startOf(row), right); row++) {
      const start = this.startOf(row)
      if ((this.marksOf(row) & Mark.Sacked) !== 0) {
        row = this.lastKnown(row)
        continue
      }
      if (before(start, left)) {
        const cut = Math.ceil(distance(start, left) / size) * size
        const least = earlier(this.endOf(row), add(start, cut + size))
        if (cut < this.lengthOf(row) && !after(least, right)) this.split(row, add(start, cut))
        continue
      }
      if (after(this.endOf(row), right)) {
        const cut = distance(start, right)
        if (cut < size) return
        this.split(row, add(start, cut - (cut % size)))
      }
      this.#sackRow(row, out, watcher)
    }
  }

  /** Of a SACKed row: the last one of those that the last acknowledgement has told of in the same block, as far as we know. */
  lastKnown(row: number): number {
    return Math.max(row, this.find(this.known.endFrom(this.startOf(row))) - 1)
  }

  /** Presumes the row lost. */
  markLost(row: number, now: Instant): void {
    const news = this.withdraw(row)
    if (news === 0) return
    this.everLost += news
    this.recall(row, sending)
    lostSegment.fill(news, sending, this.everLost)
    lostSegment.isRangeStart = this.startOf(row) !== this.#lastLostEnd
    this.#lastLostEnd = this.endOf(row)
    this.lossWatcher?.onLost(lostSegment, now)
  }

  /** The row is to be sent again, as if lost, but is not: returns its length, 0 when that is so already. */
  withdraw(row: number): number {
    const at = this.#at(row) * INTS
    const marks = this.#ints![at + Int.Marks]!
    if ((marks & Mark.Sacked) !== 0) return 0
    const length = this.lengthOf(row)
    const isOut = (marks & Mark.Lost) === 0
    if (isOut) this.lost += length
    if ((marks & Mark.Resent) !== 0) this.resent -= length
    this.#ints![at + Int.Marks] = (marks | Mark.Lost) & ~Mark.Resent
    if (!isOut && (marks & Mark.Resent) === 0) return 0
    if (row < this.#lostFrom) this.#lostFrom = row
    return length
  }

  /** Takes back every presumption of loss: the time-out or the recovery was spurious. */
  forgive(): void {
    for (let row = 0; row < this.#count; row++) {
      const at = this.#at(row) * INTS
      const marks = this.#ints![at + Int.Marks]!
      if ((marks & Mark.Lost) === 0) continue
      this.lost -= this.lengthOf(row)
      this.#ints![at + Int.Marks] = marks & ~Mark.Lost
    }
    this.#judged = 0
  }

  /** Takes back every SACK: the receiver may have reneged (RFC 2018 §8). */
  forgetSacks(): void {
    for (let row = 0; row < this.#count; row++) {
      const at = this.#at(row) * INTS
      this.#ints![at + Int.Marks] = this.#ints![at + Int.Marks]! & ~Mark.Sacked
    }
    this.sacked = 0
    this.#judged = 0
    this.known.clear()
  }

  /** The first row that is presumed lost and not sent again since, or -1. */
  nextLost(): number {
    if (this.lost === 0) return -1
    for (let row = this.#lostFrom; row < this.#count; row++) {
      if (this.#waits(row)) {
        this.#lostFrom = row
        return row
      }
    }
    this.#lostFrom = this.#count
    return -1
  }

  /** The row that holds `seq`, or the first one after it. */
  find(seq: Seq): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >> 1
      if (beforeOrAt(this.endOf(middle), seq)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Cuts the row in two at `seq`, which lies inside it. The rows on the shorter side make room. */
  split(row: number, seq: Seq): void {
    if (this.#count === this.#capacity) this.#grow()
    if (row < this.#count >> 1) {
      this.#head = (this.#head - 1) & (this.#capacity - 1)
      for (let i = 0; i <= row; i++) this.#copy(i, i + 1)
    } else for (let i = this.#count; i > row; i--) this.#copy(i, i - 1)
    this.#count++
    const ints = this.#ints!
    this.#doubles![this.#at(row) * DOUBLES + Double.InFlight]! -= distance(seq, this.endOf(row + 1))
    ints[this.#at(row) * INTS + Int.End] = seq
    ints[this.#at(row) * INTS + Int.Marks]! &= ~(Mark.Pushed | Mark.EndsTrain)
    ints[this.#at(row + 1) * INTS + Int.Start] = seq
    if (this.#lostFrom > row) this.#lostFrom = row
    if (this.#judged > row) this.#judged = row
  }

  /** Joins the next row to this one when both are presumed lost and not sent again since; false when they are not. */
  join(row: number): boolean {
    if (row + 1 >= this.#count || !this.#waits(row) || !this.#waits(row + 1)) return false
    const ints = this.#ints!
    const at = this.#at(row) * INTS
    ints[at + Int.Marks]! |= ints[this.#at(row + 1) * INTS + Int.Marks]!
    ints[at + Int.End] = ints[this.#at(row + 1) * INTS + Int.End]!
    if (row < this.#count >> 1) {
      for (let i = row + 1; i > 0; i--) this.#copy(i, i - 1)
      this.#head = (this.#head + 1) & (this.#capacity - 1)
    } else for (let i = row + 1; i < this.#count - 1; i++) this.#copy(i, i + 1)
    this.#count--
    if (this.#judged > row) this.#judged = row
    return true
  }

  #acknowledgeFirst(out: Delivery, watcher: DeliveryWatcher): void {
    const at = this.#at(0)
    const marks = this.#ints![at * INTS + Int.Marks]!
    const length = this.lengthOf(0)
    const sentAt = this.#doubles![at * DOUBLES + Double.SentAt]!
    if ((marks & Mark.Sacked) !== 0) this.sacked -= length
    else {
      out.delivered += length
      out.cumulative += length
      if ((marks & Mark.EverResent) !== 0) out.hadResent = true
      else {
        if (out.firstSentAt < 0) out.firstSentAt = sentAt
        out.lastSentAt = sentAt
        this.#noteReordering(0, out)
      }
      this.arrivedSentAt = sentAt
      watcher.delivered(0, this.endOf(0), marks)
    }
    if ((marks & Mark.Lost) !== 0) this.lost -= length
    if ((marks & Mark.Resent) !== 0) this.resent -= length
    this.#head = (this.#head + 1) & (this.#capacity - 1)
    this.#count--
    if (this.#lostFrom > 0) this.#lostFrom--
    if (this.#judged > 0) this.#judged--
  }

  #sackRow(row: number, out: Delivery, watcher: DeliveryWatcher): void {
    const at = this.#at(row)
    const marks = this.#ints![at * INTS + Int.Marks]!
    const length = this.lengthOf(row)
    const end = this.endOf(row)
    const sentAt = this.#doubles![at * DOUBLES + Double.SentAt]!
    out.delivered += length
    out.hadSacked = true
    if ((marks & Mark.EverResent) === 0) {
      out.sackedSentAt = sentAt
      this.#noteReordering(row, out)
    }
    this.arrivedSentAt = sentAt
    watcher.delivered(row, end, marks)
    if ((marks & Mark.Lost) !== 0) this.lost -= length
    if ((marks & Mark.Resent) !== 0) this.resent -= length
    this.#ints![at * INTS + Int.Marks] = (marks | Mark.Sacked) & ~(Mark.Lost | Mark.Resent)
    if (this.sacked === 0 || after(end, this.highestSacked)) this.highestSacked = end
    this.sacked += length
  }

  /** Presumed lost, and not sent again since. */
  #waits(row: number): boolean {
    return (this.marksOf(row) & (Mark.Lost | Mark.Resent)) === Mark.Lost
  }

  #noteReordering(row: number, out: Delivery): void {
    const start = this.startOf(row)
    if (before(start, this.#priorHigh)) out.overtaken(start)
  }

  #stamp(at: number, now: Instant, clock: DeliveryClock, inFlight: number): void {
    const doubles = this.#doubles!
    doubles[at * DOUBLES + Double.SentAt] = now
    doubles[at * DOUBLES + Double.Delivered] = clock.delivered
    doubles[at * DOUBLES + Double.DeliveredAt] = clock.deliveredAt
    doubles[at * DOUBLES + Double.FirstSentAt] = clock.firstSentAt
    doubles[at * DOUBLES + Double.InFlight] = inFlight
    doubles[at * DOUBLES + Double.Lost] = this.everLost
    const marks = this.#ints![at * INTS + Int.Marks]!
    this.#ints![at * INTS + Int.Marks] = clock.isAppLimited
      ? marks | Mark.AppLimited
      : marks & ~Mark.AppLimited
  }

  #at(row: number): number {
    return (this.#head + row) & (this.#capacity - 1)
  }

  #copy(toRow: number, fromRow: number): void {
    const to = this.#at(toRow)
    const from = this.#at(fromRow)
    for (let k = 0; k < INTS; k++) this.#ints![to * INTS + k] = this.#ints![from * INTS + k]!
    for (let k = 0; k < DOUBLES; k++) this.#doubles![to * DOUBLES + k] = this.#doubles![from * DOUBLES + k]!
  }

  #grow(): void {
    const old = this.#rows
    const rows = old === undefined ? takeRows() : new BoardRows(2 * this.#capacity)
    for (let row = 0; row < this.#count; row++) {
      const from = this.#at(row)
      for (let k = 0; k < INTS; k++) rows.ints[row * INTS + k] = this.#ints![from * INTS + k]!
      for (let k = 0; k < DOUBLES; k++) rows.doubles[row * DOUBLES + k] = this.#doubles![from * DOUBLES + k]!
    }
    if (old !== undefined) giveRows(old)
    this.#rows = rows
    this.#ints = rows.ints
    this.#doubles = rows.doubles
    this.#capacity = rows.capacity
    this.#head = 0
  }

  /** Nothing is outstanding. */
  clear(): void {
    this.#count = 0
    this.sacked = 0
    this.known.clear()
    this.lost = 0
    this.resent = 0
    this.#lostFrom = 0
    this.#judged = 0
    this.#head = 0
    if (this.#rows !== undefined) giveRows(this.#rows)
    this.#rows = undefined
    this.#ints = undefined
    this.#doubles = undefined
    this.#capacity = 0
  }
}

const isJudged = (marks: number): boolean =>
  (marks & Mark.Sacked) !== 0 || (marks & (Mark.Lost | Mark.Resent)) === Mark.Lost
