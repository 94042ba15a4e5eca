// hot path
import { type Duration, type Instant, MILLISECOND } from '../base/time.ts'
import { add, before, distance, type Seq, toSeq } from '../wire/seq.ts'
import type { Segment } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'
import type { Memo } from './memo.ts'

/** Segments of the peer's initial window (RFC 6928). */
const INITIAL_SEGMENTS = 10
/** Weight of the estimate of the round trip in a new one. */
const SMOOTHING = 8
/** What is offered where it only waits for us, bytes: a turn of a few connections; and as much again for each so long a round trip. */
const ENOUGH_HERE = 256 * 1024
const FAR: Duration = 40 * MILLISECOND
/** What a window that is too large loses in a round trip: an eighth. */
const SHRINKING = 3

/**
 * Lets the receive buffer grow with what the user reads in a round trip, so that the window never holds the peer back (Linux's dynamic
 * right-sizing, tcp_rcv_space_adjust): up to `tcp_rmem`, unless the user has chosen a size; and where we are what is slow, no further than that.
 */
export class ReceiveSpace {
  /** The round trip as the receiver sees it; 0: not known. */
  rtt: Duration = 0
  /** Bytes that the user read in the last round trip. */
  read = 0
  /** Where the user stood when the present round trip began, and when that was. */
  #from: Seq = toSeq(0)
  #since: Instant = 0
  /** A window's worth was begun to be received at this moment, and ends here; -1: none. */
  #windowSince: Instant = -1
  #windowEnd: Seq = toSeq(0)
  #lastEcho = 0
  /** Bytes that arrived in the present round trip while more waited behind them. */
  #waited = 0

  /** The handshake is over. */
  begin(c: Connection, now: Instant): void {
    const { receive } = c
    this.read = Math.max(1, Math.min(receive.limit, receive.wnd, INITIAL_SEGMENTS * receive.segmentSize))
    this.#from = receive.nxt
    this.#since = now
  }

  /** Data came in order. */
  arrived(c: Connection, seg: Segment, now: Instant): void {
    if (c.options.timestamps) this.#timeByEcho(c, seg)
    else this.#timeByWindow(c, now)
    if (c.tcp.turn.isBehind) this.#waited += seg.payloadLength
    const elapsed = now - this.#since
    if (this.rtt === 0 || elapsed < this.rtt) return
    const { receive } = c
    const position = add(receive.nxt, -receive.queue.length)
    const read = distance(this.#from, position)
    if (this.#mayMove(c)) this.#move(c, read)
    if (read > this.read) this.read = read
    this.#from = position
    this.#since = now
    this.#waited = 0
  }

  #mayMove(c: Connection): boolean {
    const { settings, tcp } = c
    return (
      !settings.isReceiveBufferFixed && tcp.host.sysctl.tcp_moderate_rcvbuf !== 0 && !tcp.memory.isPressed
    )
  }

  #move(c: Connection, read: number): void {
    const { receive } = c
    const isOurs = 2 * this.#waited > read
    const most = isOurs ? this.#enough(c) : this.#most(c)
    if (isOurs && receive.limit > most) receive.limit -= (receive.limit - most) >> SHRINKING
    else receive.limit = Math.max(receive.limit, Math.min(this.#wanted(c, read), most))
  }

  /** More than fits a cache is no use to a near peer: the round trip that it asks for is of its own making. */
  #most(c: Connection): number {
    const most = c.tcp.host.sysctl.tcp_rmem[2]!
    return c.rtt.isNear ? Math.min(c.tcp.turn.cached, most) : most
  }

  /**
   * What is worth offering while most of it waits for us to come to it: more only makes the wait longer, for others too, and falls out of the
   * processor's cache meanwhile. It does not ask how fast this connection is: who had more would get more.
   */
  #enough(c: Connection): number {
    const path = c.rtt.minimum === 0 ? this.rtt : c.rtt.minimum
    return Math.min(ENOUGH_HERE + Math.floor((ENOUGH_HERE * path) / FAR), c.tcp.host.sysctl.tcp_rmem[2]!)
  }

  /** Twice what is read in a round trip, for losses; and as much more as the sender grows meanwhile. */
  #wanted(c: Connection, read: number): number {
    const steady = 2 * read + 16 * c.receive.segmentSize
    const growth = Math.max(0, read - this.read)
    return Math.floor(steady + (2 * steady * growth) / this.read)
  }

  /** A full segment echoes a timestamp for the first time: a round trip ago it was ours. */
  #timeByEcho(c: Connection, seg: Segment): void {
    if (!seg.hasTimestamps || seg.tsEcr === this.#lastEcho || seg.payloadLength < c.receive.segmentSize)
      return
    this.#lastEcho = seg.tsEcr
    const elapsed = c.sinceEcho(seg)
    if (elapsed <= 0) return
    if (this.rtt === 0) this.rtt = elapsed
    else this.rtt += Math.trunc((elapsed - this.rtt) / SMOOTHING)
  }

  /** A sender fills the window in a round trip at the best: the shortest such time counts. */
  #timeByWindow(c: Connection, now: Instant): void {
    const { receive } = c
    if (this.#windowSince >= 0) {
      if (before(receive.nxt, this.#windowEnd)) return
      const elapsed = Math.max(MILLISECOND, Math.round(now - this.#windowSince))
      if (this.rtt === 0 || elapsed < this.rtt) this.rtt = elapsed
    }
    this.#windowSince = now
    this.#windowEnd = receive.edge
  }

  /** See `rest.ts`. */
  carry(memo: Memo): void {
    this.rtt = memo.number(this.rtt)
    this.read = memo.number(this.read)
    this.#from = memo.seq(this.#from)
    this.#since = memo.instant(this.#since)
    this.#windowSince = memo.instant(this.#windowSince)
    this.#windowEnd = memo.seq(this.#windowEnd)
    this.#lastEcho = memo.number(this.#lastEcho)
    this.#waited = memo.number(this.#waited)
  }
}
