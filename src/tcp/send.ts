// hot path
import { type Blocks, ByteRing } from '../base/byte-ring.ts'
import { type Instant, NEVER } from '../base/time.ts'
import { add, after, before, distance, type Seq, toSeq } from '../wire/seq.ts'
import type { Memo } from './memo.ts'
import { MOST_USUAL } from './memory.ts'

/** So far behind SND.UNA no mark may fall: a quarter of the sequence space. */
const FAR = 0x40000000

/** The send sequence space (RFC 9293 §3.3.1) and the bytes in it that are not yet acknowledged. */
export class SendState {
  readonly iss: Seq
  una: Seq
  nxt: Seq
  /** SND.WND, bytes; more than 16 bits (REC-1). */
  wnd = 0
  wl1: Seq = toSeq(0)
  wl2: Seq = toSeq(0)
  /** When the first probe of a zero window was due, or NEVER. */
  shutSince: Instant = NEVER
  /** The largest window the peer has offered (MAX.SND.WND of RFC 5961 §5.2, and for silly-window avoidance). */
  maxWindow = 0
  /** What the user gave and the peer has not acknowledged. Its head has sequence number `base`. */
  readonly queue: ByteRing
  base: Seq
  /** The send buffer, bytes. */
  limit: number
  /** The user has closed: a FIN follows the last byte. */
  hasFin = false
  /** End of the last segment sent that was not full-sized, for Nagle's algorithm in Minshall's reading. */
  small: Seq
  /** Where PSH was last set. */
  pushed: Seq
  /** SND.UP, when `isUrgent`: the sequence number behind the last urgent octet (MUST-62). */
  up: Seq
  isUrgent = false
  /** The last thing that the user wrote was said to have a continuation: no PSH ends it. */
  isUnfinished = false
  /** TCP_NODELAY was set: what is queued goes, whatever corks it. */
  isPushed = false
  /** The user said that more is to come (MSG_MORE): a short segment waits for it, or as on Linux for the next acknowledgement. */
  hasMoreComing = false
  /** Where the last piece of the queue begins (`send-room.ts`). */
  piece: Seq
  /** The user wanted to give more than the buffer takes, and there has not been much room since. */
  isBufferShort = false
  /** A SYN or SYN-ACK is to be sent. */
  owesSyn = false
  /** A zero-window or keep-alive probe is to be sent. */
  owesProbe = false

  constructor(memory: Blocks, limit: number, iss: Seq) {
    this.queue = new ByteRing(memory, MOST_USUAL)
    this.limit = limit
    this.iss = iss
    this.una = iss
    this.nxt = iss
    this.base = add(iss, 1)
    this.small = iss
    this.pushed = add(iss, 1)
    this.piece = iss
    this.up = iss
  }

  /** The sequence number behind the last byte queued; the FIN's, when there is one. */
  get end(): Seq {
    return add(this.base, this.queue.length)
  }

  /** Bytes queued and never sent. */
  get unsent(): number {
    return Math.max(0, distance(this.nxt, this.end))
  }

  /** Sequence numbers sent and not acknowledged. */
  get flight(): number {
    return distance(this.una, this.nxt)
  }

  /** There is data, or a FIN, that was never sent. */
  get hasMore(): boolean {
    return this.unsent > 0 || (this.hasFin && !this.isFinSent)
  }

  get isFinSent(): boolean {
    return this.hasFin && after(this.nxt, this.end)
  }

  get isFinAcknowledged(): boolean {
    return this.hasFin && after(this.una, this.end)
  }

  /** The peer has not acknowledged our SYN: it lies before the queue's head. */
  get isSynOutstanding(): boolean {
    return before(this.una, this.base)
  }

  /** The user has written; `hasMore`: and will go on (MSG_MORE). */
  wrote(hasMore: boolean): void {
    this.hasMoreComing = hasMore
    this.isUnfinished = hasMore
    this.isPushed = false
  }

  /** Everything queued, FIN included, has been acknowledged. */
  get isDone(): boolean {
    return this.queue.length === 0 && (!this.hasFin || this.isFinAcknowledged)
  }

  /** How many bytes may be sent now by the peer's window; negative when it was shrunk (MUST-34), and then nothing new goes (SHLD-15). */
  get usable(): number {
    return distance(this.nxt, add(this.una, this.wnd))
  }

  /** SND.UNA moves to `ack`; returns how many bytes of data that acknowledged. */
  acknowledge(ack: Seq): number {
    const data = Math.min(Math.max(0, distance(this.base, ack)), this.queue.length)
    this.una = ack
    // These marks follow SND.UNA, so that they never fall so far behind that a comparison turns round.
    if (before(this.small, ack)) this.small = ack
    if (distance(this.pushed, ack) > FAR) this.pushed = ack
    if (before(this.piece, ack)) this.piece = ack
    if (this.isUrgent && !before(ack, this.up)) this.isUrgent = false
    if (data > 0) {
      this.base = add(this.base, data)
      this.queue.drop(data)
    }
    return data
  }

  /** See `rest.ts`. Everything queued has been acknowledged, and a FIN behind it, so that all marks lie at SND.UNA or before the FIN. */
  carry(memo: Memo): void {
    this.hasFin = memo.flag(this.hasFin)
    this.una = memo.seq(this.una)
    this.nxt = this.una
    this.base = this.hasFin ? add(this.una, -1) : this.una
    this.small = this.una
    this.pushed = this.base
    this.piece = this.una
    this.up = this.una
    this.wl1 = memo.seq(this.wl1)
    this.wl2 = memo.seq(this.wl2)
    this.wnd = memo.number(this.wnd)
    this.maxWindow = memo.number(this.maxWindow)
    this.limit = memo.number(this.limit)
    this.isUnfinished = memo.flag(this.isUnfinished)
    this.isPushed = memo.flag(this.isPushed)
    this.hasMoreComing = memo.flag(this.hasMoreComing)
    this.isBufferShort = memo.flag(this.isBufferShort)
  }
}
