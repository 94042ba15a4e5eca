// hot path
import type { Duration, Instant } from '../base/time.ts'
import { add, distance, type Seq } from '../wire/seq.ts'
import type { Phase } from './congestion.ts'
import type { Connection } from './connection.ts'
import type { Delivery, DeliveryWatcher } from './delivery.ts'
import { Mark } from './mark.ts'
import { Rack } from './rack.ts'
import { Scoreboard } from './scoreboard.ts'

/** What of the flight is presumed lost: by time (RACK) with SACK, by counting duplicates (NewReno) without. */
export class LossDetection {
  readonly board = new Scoreboard()
  readonly rack = new Rack()
  /** Segments that may be overtaken before one is lost: three (RFC 5681 §3.2), and more where the path has reordered more. */
  threshold: number
  /** How often the path was seen to reorder, and duplicates were reported (RFC 2883). */
  reorderings = 0
  duplicateReports = 0
  /** Duplicate acknowledgements of a peer without SACK, each standing for a segment that arrived. */
  duplicates = 0
  /** Time until RACK has to look again; 0: it need not. */
  reorderingDelay: Duration = 0

  constructor(threshold: number) {
    this.threshold = threshold
  }

  /** Sequence numbers in the network. Without SACK each duplicate stands for a segment that has left it. */
  inFlight(c: Connection): number {
    return this.board.inFlight(c.send.flight) - this.#renoSacked(c)
  }

  /** SND.UNA has moved to `una`: what lies before is told to `out` and `watcher`. */
  acknowledge(una: Seq, out: Delivery, watcher: DeliveryWatcher): void {
    this.board.acknowledge(una, out, watcher)
    this.rack.acknowledged(una)
  }

  /** Looks for losses after an acknowledgement. */
  find(c: Connection, phase: Phase, advanced: boolean, now: Instant): void {
    if (this.board.count === 0) return
    if (c.options.sack) this.detect(c, phase, now)
    else this.#markFirst(c, phase, advanced, now)
  }

  /** RFC 8985 §6.2 step 5. */
  detect(c: Connection, phase: Phase, now: Instant): void {
    const inRecovery = phase === 'recovery' || phase === 'loss'
    const window = this.#reorderingWindow(c, inRecovery)
    this.reorderingDelay = this.rack.detect(this.board, window, now)
  }

  /** RFC 6298 §5.4 with RFC 8985 §6.3: everything is lost, but for what was sent too lately to judge. */
  markAll(c: Connection, now: Instant): void {
    const { board, rack } = this
    // A SACKed head cannot be: the receiver has reneged (RFC 2018 §8).
    if (board.count > 0 && (board.marksOf(0) & Mark.Sacked) !== 0) {
      c.tcp.host.counters.TCPSACKReneging++
      board.forgetSacks()
    }
    const window = this.#reorderingWindow(c, true)
    this.#distrust(c)
    for (let row = 0; row < board.count; row++) {
      const isLate = row === 0 || !c.options.sack || board.sentAt(row) + rack.rtt + window <= now
      if (isLate) board.markLost(row, now)
    }
    this.duplicates = 0
  }

  countDuplicate(c: Connection, isDuplicate: boolean): void {
    if (isDuplicate && !c.options.sack) this.duplicates++
  }

  /** The segment that begins at `from` arrived after others that were sent later: by how many sets the threshold (Linux's tcp_check_sack_reordering). */
  reordered(c: Connection, from: Seq): void {
    const { board } = this
    const high = board.sacked > 0 ? board.highestSacked : c.send.una
    const { tcp_max_reordering } = c.tcp.host.sysctl
    const extent = Math.ceil(distance(from, high) / c.segmentSize)
    if (extent > this.threshold) this.threshold = Math.min(extent, tcp_max_reordering)
    this.reorderings++
    c.tcp.host.counters.TCPSACKReorder++
  }

  /** Bytes that an acknowledgement reports: a duplicate without SACK stands for a segment, which then does not count again. */
  deliveredBytes(c: Connection, delivered: number, advanced: boolean, isDuplicate: boolean): number {
    if (c.options.sack) return delivered
    if (isDuplicate) return c.segmentSize
    if (!advanced) return 0
    return delivered - Math.min(this.duplicates * c.segmentSize, Math.max(0, delivered - c.segmentSize))
  }

  clear(): void {
    this.board.clear()
    this.reorderingDelay = 0
    this.duplicates = 0
  }

  /** RFC 6582 and RFC 5681 §3.2, without SACK: the first segment, after three duplicates and with each partial acknowledgement. */
  #markFirst(c: Connection, phase: Phase, advanced: boolean, now: Instant): void {
    const isTime = phase === 'recovery' ? advanced : phase !== 'loss' && this.duplicates >= this.threshold
    const { board } = this
    if (!isTime || (board.marksOf(0) & Mark.Lost) !== 0) return
    if (board.lengthOf(0) > c.segmentSize) board.split(0, add(board.startOf(0), c.segmentSize))
    board.markLost(0, now)
  }

  #reorderingWindow(c: Connection, inRecovery: boolean): Duration {
    const { reorderings, board } = this
    return this.rack.reorderingWindow(
      c.rtt,
      reorderings > 0,
      inRecovery,
      board.sacked >= this.threshold * c.segmentSize,
    )
  }

  /** A time-out though enough was SACKed: the path does not reorder as much as it seemed. */
  #distrust(c: Connection): void {
    const { phase } = c.recovery
    const { tcp_reordering } = c.tcp.host.sysctl
    const isNew = phase === 'open' || phase === 'disorder'
    if (isNew && this.board.sacked >= tcp_reordering * c.segmentSize)
      this.threshold = Math.min(this.threshold, tcp_reordering)
  }

  #renoSacked(c: Connection): number {
    if (this.duplicates === 0) return 0
    const most = Math.max(0, c.send.flight - this.board.lost - c.segmentSize)
    return Math.min(this.duplicates * c.segmentSize, most)
  }
}
