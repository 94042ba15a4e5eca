// hot path
import type { Duration, Instant } from '../base/time.ts'
import { after, afterOrAt, distance, type Seq } from '../wire/seq.ts'
import type { Segment } from '../wire/tcp.ts'
import type { Phase } from './congestion.ts'
import type { Connection } from './connection.ts'
import { Delivery, type DeliveryWatcher } from './delivery.ts'
import { DeliveryRate } from './delivery-rate.ts'
import { LossDetection } from './loss-detection.ts'
import { Mark } from './mark.ts'
import { RateReduction } from './rate-reduction.ts'
import { sampleRtt } from './rtt-sample.ts'
import { readSackBlocks } from './sack-blocks.ts'
import type { Scoreboard } from './scoreboard.ts'
import { steerWindow } from './steer-window.ts'
import { Undo } from './undo.ts'

/** Filled anew for each acknowledgement. */
const delivery = new Delivery()

/**
 * Loss recovery: what was sent and is not acknowledged, what of it is presumed lost, and which phase that puts the connection in. RACK
 * (RFC 8985) with SACK, NewReno (RFC 6582) without; a window of losses is answered once (RFC 5681 §4.3); F-RTO (RFC 5682) after a
 * time-out; what proves spurious is undone.
 */
export class Recovery implements DeliveryWatcher {
  phase: Phase = 'open'
  readonly losses: LossDetection
  readonly board: Scoreboard
  readonly reduction = new RateReduction()
  readonly undo = new Undo()
  readonly rate = new DeliveryRate()
  /** One beyond the highest sequence number sent when the phase began (RFC 6582's "recover"). */
  high: Seq
  /** Expiries of the retransmission timer since SND.UNA last moved. */
  timeouts = 0
  /** When the oldest outstanding segment was first found late: the give-up timers count from here. */
  stalledSince: Instant = 0
  /** A new segment may be sent though the window is used up, to find out whether a time-out was spurious (RFC 5682 §2.1 step 2b). */
  wantsNew = false
  /** This acknowledgement reports something sent before the phase began and never again: F-RTO's sign. */
  #hasOriginal = false
  /** RFC 5682: the time-out may have been spurious. */
  #isForward = false
  #minimumRtt: Duration = 0
  #now: Instant = 0

  constructor(iss: Seq, reordering: number) {
    this.losses = new LossDetection(reordering)
    this.board = this.losses.board
    this.high = iss
  }

  /** Sequence numbers in the network. */
  inFlight(c: Connection): number {
    return this.losses.inFlight(c)
  }

  /** True when something presumed lost waits to be sent again. */
  get hasLost(): boolean {
    return this.board.nextLost() !== -1
  }

  get inReduction(): boolean {
    return this.phase === 'reduction' || this.phase === 'recovery'
  }

  /** [start, end) was sent for the first time. */
  sent(c: Connection, start: Seq, end: Seq, now: Instant): void {
    const length = distance(start, end)
    const inFlight = this.inFlight(c)
    this.rate.beforeSending(inFlight <= length, now)
    this.board.sent(start, end, now, this.rate, inFlight)
    this.reduction.sent(length)
    this.wantsNew = false
  }

  /** The row was sent again. */
  resent(c: Connection, row: number, now: Instant): void {
    const length = this.board.lengthOf(row)
    const inFlight = this.inFlight(c)
    this.undo.retransmitted(c.timestamp, now)
    this.reduction.sent(length)
    this.rate.beforeSending(inFlight <= 0, now)
    this.board.resend(row, now, this.rate, inFlight + length)
  }

  /**
   * An acceptable acknowledgement. SND.UNA has moved from `prior` by what `seg.ack` says; `isDuplicate` by RFC 5681 §2. Afterwards the
   * phase, the window and what is to be sent again are as they should be.
   */
  acknowledged(c: Connection, seg: Segment, prior: Seq, isDuplicate: boolean, now: Instant): void {
    const { board, rate } = this
    const { una } = c.send
    const advanced = una !== prior
    const everLost = board.everLost
    const wasLoss = this.phase === 'loss'
    this.#now = now
    this.#minimumRtt = c.rtt.minimum
    this.#hasOriginal = false
    delivery.clear()
    board.beginAcknowledgement(prior)
    rate.begin()
    const hadDsack = c.options.sack && seg.sackCount > 0 && readSackBlocks(c, seg, delivery)
    if (advanced) this.losses.acknowledge(una, delivery, this)
    const rtt = sampleRtt(c, seg, delivery, advanced, now)
    if (advanced) this.timeouts = 0
    if (delivery.isReordered) this.losses.reordered(c, delivery.reorderedFrom)
    const delivered = this.losses.deliveredBytes(c, delivery.delivered, advanced, isDuplicate)
    rate.count(delivered, now)
    c.tailProbe.acknowledged(c, seg, hadDsack, now)
    this.#judge(c, seg, advanced, isDuplicate, now)
    rate.end(board.everLost, c.rtt.minimum, now)
    rate.sample.newlyLost = board.everLost - everLost
    steerWindow(c, delivery, delivered, advanced, wasLoss, rtt, now)
    if (this.phase === 'open' && (board.count === 0 || board.resent === 0)) this.undo.settled()
  }

  /** RFC 8985 §6.2: the reordering timer expired. */
  reorderingTimeout(c: Connection, now: Instant): void {
    const { board, reduction } = this
    const { everLost } = board
    this.losses.detect(c, this.phase, now)
    if (board.lost === 0 || (this.phase !== 'open' && this.phase !== 'disorder')) return
    this.#enterRecovery(c, now)
    // Nothing was delivered just now, but one segment is let go: the rest follows as acknowledgements come (Linux's tcp_rack_reo_timeout).
    if (reduction.isActive)
      reduction.acknowledged(
        c.congestion,
        c.segmentSize,
        board.everLost - everLost,
        this.inFlight(c),
        false,
        c.segmentSize,
      )
  }

  /**
   * The retransmission timer expired (RFC 6298 §5.4, RFC 5681 §3.1, RFC 8985 §6.3). Recovery is over, and none begins before `high` is
   * reached (RFC 6675 §5.1).
   */
  timeout(c: Connection, now: Instant): void {
    const { board } = this
    const isUndisturbed = this.phase === 'open' || this.phase === 'disorder'
    const isNewEpisode = isUndisturbed || this.phase === 'reduction'
    const isFirst = this.timeouts === 0
    if (isFirst) this.stalledSince = now
    this.timeouts++
    const flight = c.send.flight
    this.losses.markAll(c, now)
    // Once a window of data, whether a loss or a mark brought the threshold down (RFC 3168 §6.1.2).
    if (isUndisturbed || !after(this.high, c.send.una) || (this.phase === 'loss' && isFirst)) {
      this.undo.rememberThreshold(this.#presentThreshold(c))
      c.congestion.threshold = c.congestion.thresholdAfterLoss(flight, now)
      this.undo.begin(c.send.una, board.resent > 0 ? 1 : 0)
    }
    this.reduction.cancel()
    c.congestion.window = this.inFlight(c) + c.segmentSize
    this.losses.duplicates = 0
    this.#enter(c, 'loss', now)
    this.high = c.send.nxt
    this.#isForward = c.tcp.host.sysctl.tcp_frto !== 0 && (isNewEpisode || !isFirst)
    this.wantsNew = false
    c.tailProbe.cancel()
  }

  /**
   * The peer says that the path is congested (RFC 3168 §6.1.2): the answer is that to a loss while `flight` was out, once a window, though
   * nothing was lost.
   */
  congestionMarked(c: Connection, flight: number, now: Instant): void {
    this.undo.forbid()
    if (this.phase !== 'open' && this.phase !== 'disorder') return
    this.reduction.begin(c.congestion, c.congestion.thresholdAfterLoss(flight, now))
    this.undo.end()
    this.high = c.send.nxt
    this.#enter(c, 'reduction', now)
  }

  /** A loss was repaired by a tail-loss probe: the window comes down as for any other (RFC 8985 §7.4.2). */
  lossRepaired(c: Connection, now: Instant): void {
    if (this.inReduction || this.phase === 'loss') return
    const flight = Math.max(c.send.flight, c.congestion.window)
    c.congestion.threshold = c.congestion.thresholdAfterLoss(flight, now)
    c.ecn.reduced(c)
    if (!c.congestion.ownsWindow) c.congestion.window = c.congestion.threshold
    c.congestion.onPhase('reduction', now)
    c.congestion.onPhase(this.phase, now)
  }

  /** The path turned out narrower: what is out must be sent again in smaller segments (RFC 1191 §6.4). No loss is counted. */
  resendAll(c: Connection, now: Instant): void {
    for (let row = 0; row < this.board.count; row++) this.board.withdraw(row)
    if (this.board.lost > 0 && this.phase !== 'recovery' && this.phase !== 'loss') this.#repair(c, now)
  }

  /** The connection is over. */
  clear(): void {
    this.losses.clear()
  }

  /** A row was found to have arrived, in the course of `acknowledged`. */
  delivered(row: number, end: Seq, marks: number): void {
    this.losses.rack.arrived(this.board, end, marks, this.#minimumRtt, this.#now)
    this.rate.arrived(this.board, row, end)
    if ((marks & Mark.EverResent) === 0 && !after(end, this.high)) this.#hasOriginal = true
  }

  /** RFC 2883: a block told of data that had arrived before. */
  duplicateReported(c: Connection, end: Seq): void {
    this.losses.duplicateReports++
    this.undo.duplicateReported(end)
    this.losses.rack.duplicateReported(c.send.una, c.send.nxt)
  }

  // --- phases (Linux's tcp_fastretrans_alert, from whose scripts our tests come) ---

  #judge(c: Connection, seg: Segment, advanced: boolean, isDuplicate: boolean, now: Instant): void {
    const { una } = c.send
    if (this.phase !== 'open' && afterOrAt(una, this.high) && this.#leave(c, seg, now)) return
    switch (this.phase) {
      case 'recovery':
        if (!advanced) this.losses.countDuplicate(c, isDuplicate)
        else if (this.#undoPartially(c, seg, now)) return
        if (this.undo.isAllDuplicate) this.#undoAll(c, 'TCPDSACKUndo')
        this.losses.find(c, this.phase, advanced, now)
        return
      case 'loss':
        this.#judgeLoss(c, seg, advanced, isDuplicate, now)
        this.losses.find(c, this.phase, advanced, now)
        return
      default:
        this.#judgeOpen(c, advanced, isDuplicate, now)
    }
  }

  /** SND.UNA has reached what was sent when the phase began. True when nothing more is to be decided. */
  #leave(c: Connection, seg: Segment, now: Instant): boolean {
    if (this.phase === 'reduction') {
      if (c.send.una === this.high) return false
      this.reduction.end(c.congestion)
      this.#enter(c, 'open', now)
    } else if (this.phase === 'recovery') {
      this.losses.duplicates = 0
      if (this.#undoAfterRecovery(c, seg)) return true
      if (this.#isHeldOpen(c)) return true
      this.reduction.end(c.congestion)
      this.undo.end()
      this.#enter(c, 'open', now)
    }
    return false
  }

  #judgeOpen(c: Connection, advanced: boolean, isDuplicate: boolean, now: Instant): void {
    if (advanced) this.losses.duplicates = 0
    this.losses.countDuplicate(c, isDuplicate)
    if (this.phase !== 'reduction' && this.undo.isAllDuplicate) this.#undoAll(c, 'TCPDSACKUndo')
    this.losses.find(c, this.phase, advanced, now)
    if (this.board.lost > 0) {
      this.#enterRecovery(c, now)
      return
    }
    if (this.phase === 'reduction') return
    const isQuiet = this.board.sacked === 0 && this.losses.duplicates === 0 && this.board.resent === 0
    const phase = isQuiet ? 'open' : 'disorder'
    if (phase === this.phase) return
    this.#enter(c, phase, now)
    this.high = c.send.nxt
  }

  /** RFC 5682 §3.1: was the time-out spurious? */
  #judgeLoss(c: Connection, seg: Segment, advanced: boolean, isDuplicate: boolean, now: Instant): void {
    const isRecovered = afterOrAt(c.send.una, this.high)
    if (advanced && this.#mayUndo(c, seg)) {
      this.#undoLoss(c, now)
      return
    }
    if (this.#isForward) {
      if (this.#hasOriginal && (c.options.sack || !delivery.hadResent)) {
        c.tcp.host.counters.TCPSpuriousRTOs++
        this.#undoLoss(c, now)
        return
      }
      if (after(c.send.nxt, this.high)) {
        if (delivery.hadSacked || isDuplicate) this.#isForward = false
      } else if (advanced && !isRecovered) {
        this.high = c.send.nxt
        this.wantsNew = c.send.unsent > 0 && c.send.usable > 0
        if (this.wantsNew) return
        this.#isForward = false
      }
    }
    if (isRecovered) {
      this.losses.duplicates = 0
      this.undo.end()
      if (!this.#isHeldOpen(c)) this.#enter(c, 'open', now)
      return
    }
    if (!c.options.sack) {
      if (after(c.send.nxt, this.high) && isDuplicate) this.losses.duplicates++
      else if (advanced) this.losses.duplicates = 0
    }
  }

  /** What is presumed lost goes again, but nothing was congested: the window stays. */
  #repair(c: Connection, now: Instant): void {
    this.undo.end()
    this.high = c.send.nxt
    this.#enter(c, 'recovery', now)
    c.ecn.withdraw()
  }

  #enterRecovery(c: Connection, now: Instant): void {
    if (!this.inReduction && c.path.search.hasFailed(c)) {
      this.#repair(c, now)
      return
    }
    const { counters } = c.tcp.host
    if (c.options.sack) counters.TCPSackRecovery++
    else counters.TCPRenoRecovery++
    this.undo.begin(c.send.una, this.board.resent > 0 ? 1 : 0)
    if (!this.inReduction) {
      this.undo.rememberThreshold(this.#presentThreshold(c))
      this.reduction.begin(c.congestion, c.congestion.thresholdAfterLoss(c.send.flight, now))
    }
    this.high = c.send.nxt
    this.#enter(c, 'recovery', now)
    c.tailProbe.cancel()
  }

  #enter(c: Connection, phase: Phase, now: Instant): void {
    this.phase = phase
    c.congestion.onPhase(phase, now)
    c.ecn.entered(c, phase)
    if (phase === 'open') this.wantsNew = false
  }

  // --- taking back ---

  #mayUndo(c: Connection, seg: Segment): boolean {
    if (!this.undo.isPossible) return false
    return this.undo.isAllDuplicate || this.undo.isLate(c.options.timestamps && seg.hasTimestamps, seg.tsEcr)
  }

  /** Recovery has come to its end. True when it was taken back. */
  #undoAfterRecovery(c: Connection, seg: Segment): boolean {
    if (!this.#mayUndo(c, seg)) {
      this.losses.rack.recovered()
      return false
    }
    this.reduction.cancel()
    this.#undoAll(c, 'TCPFullUndo')
    if (this.#isHeldOpen(c)) return true
    this.#enter(c, 'open', this.#now)
    return true
  }

  /** A part of what was taken for lost had only been late. True when nothing more is to be decided. */
  #undoPartially(c: Connection, seg: Segment, now: Instant): boolean {
    const isLate = this.undo.isLate(c.options.timestamps && seg.hasTimestamps, seg.tsEcr)
    if (!this.undo.isPossible || !isLate) return false
    if (this.board.resent > 0) return true // hold: more may come
    this.board.forgive()
    this.reduction.cancel()
    this.#undoAll(c, 'TCPPartialUndo')
    this.#enter(c, 'disorder', now)
    this.high = c.send.nxt
    return true
  }

  #undoLoss(c: Connection, now: Instant): void {
    this.board.forgive()
    this.#undoAll(c, 'TCPLossUndo')
    this.timeouts = 0
    this.#isForward = false
    if (!this.#isHeldOpen(c)) this.#enter(c, 'open', now)
  }

  #undoAll(c: Connection, counter: 'TCPFullUndo' | 'TCPPartialUndo' | 'TCPLossUndo' | 'TCPDSACKUndo'): void {
    c.tcp.host.counters[counter]++
    c.ecn.withdraw()
    this.reduction.cancel()
    this.undo.apply(c.congestion)
    this.losses.rack.undone()
  }

  /** RFC 6582 §3.2: without SACK the phase holds until something beyond it is acknowledged, lest late duplicates begin another. */
  #isHeldOpen(c: Connection): boolean {
    return c.send.una === this.high && !c.options.sack && c.send.flight > 0
  }

  /** What the threshold comes back to when a reduction is undone: at least three quarters of the window (Linux's tcp_current_ssthresh). */
  #presentThreshold(c: Connection): number {
    const { window, threshold } = c.congestion
    if (this.inReduction) return threshold
    return Math.max(threshold, (window >> 1) + (window >> 2))
  }
}
