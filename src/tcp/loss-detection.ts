// hot path
import type { Duration, Instant } from '../base/time.ts'
import { add } from '../wire/seq.ts'
import type { Phase } from './congestion.ts'
import type { Connection } from './connection.ts'
import { Mark } from './mark.ts'
import { Rack } from './rack.ts'
import { Scoreboard } from './scoreboard.ts'

/** Duplicates that stand for a loss (RFC 5681 §3.2). */
export const DUPLICATE_THRESHOLD = 3

/** What of the flight is presumed lost: by time (RACK) with SACK, by counting duplicates (NewReno) without. */
export class LossDetection {
  readonly board = new Scoreboard()
  readonly rack = new Rack()
  /** Duplicate acknowledgements of a peer without SACK, each standing for a segment that arrived. */
  duplicates = 0
  /** Time until RACK has to look again; 0: it need not. */
  reorderingDelay: Duration = 0

  /** Sequence numbers in the network. Without SACK each duplicate stands for a segment that has left it. */
  inFlight(c: Connection): number {
    return this.board.inFlight(c.send.flight) - this.#renoSacked(c)
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
    const window = this.rack.reorderingWindow(c.rtt, inRecovery, this.board.sacked, threshold(c))
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
    const window = rack.reorderingWindow(c.rtt, true, board.sacked, threshold(c))
    for (let row = 0; row < board.count; row++) {
      const isLate = row === 0 || !c.options.sack || board.sentAt(row) + rack.rtt + window <= now
      if (isLate) board.markLost(row, now)
    }
    this.duplicates = 0
  }

  countDuplicate(c: Connection, isDuplicate: boolean): void {
    if (isDuplicate && !c.options.sack) this.duplicates++
  }

  /** A segment arrived that others had overtaken. */
  reordered(c: Connection): void {
    this.rack.hasReordering = true
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
    const isTime =
      phase === 'recovery' ? advanced : phase !== 'loss' && this.duplicates >= DUPLICATE_THRESHOLD
    const { board } = this
    if (!isTime || (board.marksOf(0) & Mark.Lost) !== 0) return
    if (board.lengthOf(0) > c.segmentSize) board.split(0, add(board.startOf(0), c.segmentSize))
    board.markLost(0, now)
  }

  #renoSacked(c: Connection): number {
    if (this.duplicates === 0) return 0
    const most = Math.max(0, c.send.flight - this.board.lost - c.segmentSize)
    return Math.min(this.duplicates * c.segmentSize, most)
  }
}

/** SACKed bytes that stand for as many segments as may be overtaken. */
const threshold = (c: Connection): number => c.tcp.host.sysctl.tcp_reordering * c.segmentSize
