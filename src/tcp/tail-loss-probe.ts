import { type Duration, type Instant, MILLISECOND } from '../base/time.ts'
import { after, before, type Seq } from '../wire/seq.ts'
import type { Segment } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'
import type { Memo } from './memo.ts'
import { RTO_MIN } from './rtt.ts'
import { Timer } from './timers.ts'

/** Added to a probe's time-out against a receiver that may delay its acknowledgement (RFC 8985 §7.2, WCDelAckT). */
const DELAYED_ACK_WORST: Duration = RTO_MIN
const SLACK: Duration = 2 * MILLISECOND

/** RFC 8985 §7: when the tail of a flight stays unacknowledged, one probe brings the SACK that recovery needs, well before a time-out. */
export class TailLossProbe {
  /** The timer has expired: the next output sends the probe. */
  isOwed = false
  /** A probe is out (TLP.end_seq), and it was a retransmission (TLP.is_retrans). */
  #isOut = false
  #end: Seq = 0 as Seq
  #isRetransmission = false

  /** TLP_calc_PTO and the conditions of §7.2: arms the timer, or takes it back. */
  schedule(c: Connection, now: Instant): void {
    this.isOwed = false // one that has found no room until now is not needed any more
    if (!this.#isAllowed(c)) {
      c.timers.cancel(Timer.TailLoss)
      return
    }
    const { smoothed } = c.rtt
    // Less than two full segments need not be acknowledged at once (RFC 9293 SHLD-19), be they one segment or several.
    const isDelayed = c.send.flight < 2 * c.segmentSize
    const timeout = smoothed === 0 ? c.rtt.timeout : 2 * smoothed + (isDelayed ? DELAYED_ACK_WORST : SLACK)
    const left = c.timers.isArmed(Timer.Retransmit)
      ? c.timers.deadline(Timer.Retransmit) - now
      : c.rtt.timeout
    // Where the time-out comes first the probe takes its place, and the time-out is counted anew from there.
    c.timers.arm(Timer.TailLoss, now, left > 0 ? Math.min(timeout, left) : timeout)
  }

  /** After an acknowledgement of nothing new: the timer runs on, as long as there may be a probe. */
  check(c: Connection): void {
    if (!this.#isAllowed(c)) c.timers.cancel(Timer.TailLoss)
  }

  /** The timer expired. A time-out that is due as well is not one yet (§7.2: PTO <= RTO, and then the timer of the RTO runs anew). */
  expired(c: Connection, now: Instant): void {
    if (!this.#isAllowed(c)) return
    this.isOwed = true
    c.timers.arm(Timer.Retransmit, now, c.rtt.timeout)
    c.speak()
  }

  /** The probe was sent; what follows it is the retransmission timer's affair. */
  sent(c: Connection, isRetransmission: boolean, now: Instant): void {
    this.isOwed = false
    this.#isOut = true
    this.#end = c.send.nxt
    this.#isRetransmission = isRetransmission
    c.tcp.host.counters.TCPLossProbes++
    c.timers.arm(Timer.Retransmit, now, c.rtt.timeout)
  }

  /** TLP_process_ack (§7.4.2): was the probe needed? Then there was a loss, and the window must feel it. */
  acknowledged(c: Connection, seg: Segment, hadDsack: boolean, now: Instant): void {
    if (!this.#isOut || before(seg.ack, this.#end)) return
    if (!this.#isRetransmission || hadDsack) this.#isOut = false
    else if (after(seg.ack, this.#end)) {
      this.#isOut = false
      c.tcp.host.counters.TCPLossProbeRecovery++
      c.recovery.lossRepaired(c, now)
    }
    // Acknowledged exactly: the original or the probe, not to be told apart before `repeated`, or before more is acknowledged.
  }

  /** A duplicate acknowledgement without SACK: the peer, who tells of no duplicates otherwise, has got both (§7.4.2, case 2). */
  repeated(seg: Segment): void {
    if (this.#isRetransmission && seg.ack === this.#end) this.#isOut = false
  }

  cancel(): void {
    this.isOwed = false
    this.#isOut = false
  }

  #isAllowed(c: Connection): boolean {
    const { recovery, options, send } = c
    const { tcp_early_retrans } = c.tcp.host.sysctl
    if (tcp_early_retrans !== 3 && tcp_early_retrans !== 4) return false
    if (!options.sack || send.flight === 0 || this.#isOut || send.isSynOutstanding) return false
    return (recovery.phase === 'open' || recovery.phase === 'reduction') && recovery.board.sacked === 0
  }

  /** See `rest.ts`. */
  carry(memo: Memo): void {
    this.isOwed = memo.flag(this.isOwed)
    this.#isOut = memo.flag(this.#isOut)
    this.#end = memo.seq(this.#end)
    this.#isRetransmission = memo.flag(this.#isRetransmission)
  }
}
