// hot path
import { ByteRing } from '../base/byte-ring.ts'
import { add, after, distance, later, type Seq, toSeq } from '../wire/seq.ts'
import type { Memo } from './memo.ts'
import { MOST_USUAL, type TcpMemory } from './memory.ts'
import type { TcpProfile } from './profile.ts'
import { Reassembly } from './reassembly.ts'

/** The peer's segment size is not taken for less (RFC 9293 MUST-15's default). */
const SMALLEST_SIZE = 536
/** The window is not moved on beyond so many segments while memory is short (Linux's tcp_adjust_rcv_ssthresh). */
const PRESSED_SEGMENTS = 4

/** What became of a piece of data. */
export type Stored = 'in order' | 'out of order' | 'duplicate' | 'no room' | 'too many'

/** The receive sequence space (RFC 9293 §3.3.1), the bytes the user has not read, and those that wait for a gap to be filled. */
export class ReceiveState {
  irs: Seq = toSeq(0)
  nxt: Seq = toSeq(0)
  /** The right edge that we have offered: RCV.NXT + RCV.WND. It never moves back (SHLD-14), nor by the rounding of a scale (RFC 7323 §2.4). */
  edge: Seq = toSeq(0)
  /** RCV.NXT of the last acknowledgement sent (RFC 7323's Last.ACK.sent). */
  acknowledged: Seq = toSeq(0)
  /** `queue.length` bytes are in order, from the user's read position to RCV.NXT. */
  readonly queue: ByteRing
  readonly reassembly = new Reassembly()
  /** The receive buffer, bytes. */
  limit: number
  /** The largest window to offer, bytes. */
  clamp: number
  /** Scale of the window field (RFC 7323's Rcv.Wind.Shift), once both sides have agreed to it. */
  shift = 0
  /** A FIN has arrived, perhaps ahead of data; `finAt` is its sequence number. */
  hasFin = false
  finAt: Seq = toSeq(0)
  /** TS.Recent, and the second when it was taken (RFC 7323 §4.3). */
  tsRecent = 0
  tsRecentAt = 0
  /** RCV.UP, when `isUrgent`: the sequence number behind the last urgent octet. */
  up: Seq = toSeq(0)
  isUrgent = false
  /** The last urgent octet has been read out of band; what is read in order leaves it out. */
  isUrgentTaken = false
  /** The user has closed: what arrives now is lost, and answered with a reset (SHLD-3). */
  isShut = false
  /** The peer's segment size, as seen. */
  segmentSize = SMALLEST_SIZE
  #lastSize = 0
  readonly #memory: TcpMemory
  readonly #profile: TcpProfile

  constructor(memory: TcpMemory, limit: number, clamp: number, profile: TcpProfile) {
    this.#memory = memory
    this.#profile = profile
    this.queue = new ByteRing(memory, MOST_USUAL)
    this.limit = limit
    this.clamp = clamp
  }

  /** The peer's SYN is known, and with it the scale of the windows that we offer from now on. `window`: as our SYN offers it. */
  begin(irs: Seq, window: number, shift: number): void {
    this.irs = irs
    this.nxt = add(irs, 1)
    this.acknowledged = this.nxt
    this.edge = add(this.nxt, window)
    this.up = this.nxt
    this.shift = shift
  }

  /** The window that our SYN offers, which is not scaled. */
  get synWindow(): number {
    return Math.min(this.limit, this.clamp, 0xffff)
  }

  /** RCV.WND, bytes; 0 for as long as the user does not read (MAY-8). */
  get wnd(): number {
    return Math.max(0, distance(this.nxt, this.edge))
  }

  /** The right edge that the buffer would allow, in steps that the window field can express. */
  get possibleEdge(): Seq {
    const clamp = this.#memory.isPressed
      ? Math.min(this.clamp, PRESSED_SEGMENTS * this.segmentSize)
      : this.clamp
    const room = Math.min(Math.max(0, this.limit - this.queue.length), clamp, 0xffff << this.shift)
    const steps = (room + this.rounding) >> this.shift
    // A buffer smaller than a step would never be offered (Linux's __tcp_select_window rounds up, too).
    const least = steps === 0 && room > 0 && room >= this.#worthwhile ? 1 : steps
    return later(this.edge, add(this.nxt, least << this.shift))
  }

  /** What is added to a window before it is scaled. */
  get rounding(): number {
    return this.#profile.roundsWindowUp ? (1 << this.shift) - 1 : 0
  }

  /** The window in which segments are acceptable: RCV.WND, or the room that there is. */
  get acceptable(): number {
    return this.#profile.acceptsBeyondWindow ? Math.max(this.wnd, this.limit - this.queue.length) : this.wnd
  }

  /** MUST-39: the edge moves on only by a full segment or half the buffer. */
  get isEdgeMovable(): boolean {
    const gain = distance(this.edge, this.possibleEdge)
    if (this.#profile.offersAllRoom) return gain > 0
    return gain > 0 && gain >= this.#worthwhile
  }

  /** A full segment, or half the buffer. */
  get #worthwhile(): number {
    return Math.min(this.limit >> 1, this.clamp >> 1, this.segmentSize)
  }

  /** The window that could be offered is twice the one that the peer knows: it should be told (Linux's tcp_cleanup_rbuf). */
  get isWindowNews(): boolean {
    if (this.hasFin || !this.isEdgeMovable) return false
    const known = ((this.wnd + this.rounding) >> this.shift) << this.shift
    return distance(this.nxt, this.possibleEdge) >= 2 * known
  }

  get acceptableEdge(): Seq {
    return add(this.nxt, this.acceptable)
  }

  /** Stores data whose first byte has sequence number `seq`; it lies within the window. */
  store(seq: Seq, from: Uint8Array, offset: number, length: number): Stored {
    const ahead = distance(this.nxt, seq)
    const at = this.queue.length + ahead
    if (ahead > 0 && this.reassembly.covers(seq, add(seq, length))) {
      this.reassembly.touch(seq)
      return 'duplicate'
    }
    if (ahead > 0 && this.#memory.isPressed && at + length > this.queue.capacity) return 'no room'
    if (!this.queue.reserve(at + length)) return 'no room'
    if (ahead > 0 && !this.reassembly.add(seq, add(seq, length))) return 'too many'
    this.queue.put(at, from, offset, length)
    if (ahead > 0) return 'out of order'
    this.#advance(add(this.nxt, length))
    return 'in order'
  }

  /** A segment of `size` bytes arrived: the largest is the peer's size, or a smaller one twice in a row (Linux's tcp_measure_rcv_mss). */
  measure(size: number): void {
    if (size >= this.segmentSize || size === this.#lastSize) this.segmentSize = Math.max(size, SMALLEST_SIZE)
    this.#lastSize = size
  }

  /** Removes `count` bytes that the user has read. */
  consume(count: number): void {
    this.queue.drop(count)
  }

  /** True when the FIN is the next thing in sequence. */
  get isFinNext(): boolean {
    return this.hasFin && this.finAt === this.nxt
  }

  /** The peer's FIN has been taken in: nothing follows. */
  get isFinTaken(): boolean {
    return this.hasFin && after(this.nxt, this.finAt)
  }

  /** Bytes before the urgent mark that the user has not read (MUST-33). */
  get urgentAhead(): number {
    if (!this.isUrgent) return 0
    const fin = this.isFinTaken ? 1 : 0
    return Math.max(0, distance(add(this.nxt, -this.queue.length - fin), this.up))
  }

  /** Drops what waits for a gap to be filled: it must be sent again (RFC 2018 §8 allows it). */
  forgetOutOfOrder(): void {
    this.reassembly.clear()
    this.queue.extent = this.queue.length
    this.queue.shrink()
  }

  /** Forgets all data. */
  clear(): void {
    this.queue.clear()
    this.reassembly.clear()
  }

  #advance(next: Seq): void {
    const reached = this.reassembly.advance(next)
    this.queue.length += distance(this.nxt, reached)
    this.nxt = reached
    if (after(reached, this.edge)) this.edge = reached
  }

  /** See `rest.ts`. The queue is empty, and a FIN that has arrived has been taken in. */
  carry(memo: Memo): void {
    this.irs = memo.seq(this.irs)
    this.nxt = memo.seq(this.nxt)
    this.acknowledged = memo.seq(this.acknowledged)
    this.edge = memo.seq(this.edge)
    this.up = memo.seq(this.up)
    this.hasFin = memo.flag(this.hasFin)
    if (this.hasFin) this.finAt = add(this.nxt, -1)
    this.isUrgentTaken = memo.flag(this.isUrgentTaken)
    this.limit = memo.number(this.limit)
    this.clamp = memo.number(this.clamp)
    this.shift = memo.number(this.shift)
    this.tsRecent = memo.number(this.tsRecent)
    this.tsRecentAt = memo.number(this.tsRecentAt)
    this.segmentSize = memo.number(this.segmentSize)
    this.#lastSize = memo.number(this.#lastSize)
  }
}
