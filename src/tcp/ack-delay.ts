// hot path
import { type Duration, type Instant, MILLISECOND } from '../base/time.ts'
import { distance } from '../wire/seq.ts'
import type { Connection } from './connection.ts'
import type { Memo } from './memo.ts'
import { Timer } from './timers.ts'

/** Linux's TCP_ATO_MIN and TCP_DELACK_MAX. */
const SHORTEST: Duration = 40 * MILLISECOND
const LONGEST: Duration = 200 * MILLISECOND
/** Acknowledgements at once after a duplicate: the delayed one was lost, or came too late (Linux's TCP_MAX_QUICKACKS). */
const QUICK_ACKS = 16

/** How the last data ended, as Linux's ICSK_ACK_PUSHED and ICSK_ACK_PUSHED2. */
const Pushed = { Not: 0, Once: 1, Twice: 2 } as const

/**
 * How long acknowledgements wait: 40 to 200 ms, by the pace at which data comes and by whether answers carry them (RFC 9293 §3.8.6.3;
 * Linux's delayed-ACK engine, tcp_event_data_recv and tcp_send_delayed_ack).
 */
export class AckDelay {
  /** The delay, Linux's ato; 0: no data has come yet. */
  timeout: Duration = 0
  /** Answers that followed data at once: from `tcp_pingpong_thresh` of them on data flows both ways, and acknowledgements wait for it. */
  #answers = 0
  #arrivedAt: Instant = 0
  #pushed: number = Pushed.Not

  /** Data came in order. */
  arrived(c: Connection, now: Instant): void {
    const gap = now - this.#arrivedAt
    const { timeout } = this
    if (timeout === 0) {
      c.acks.quick = Math.min(c.acks.quick, halfWindow(c))
      this.timeout = SHORTEST
    } else if (gap <= SHORTEST / 2) this.timeout = (timeout >> 1) + SHORTEST / 2
    else if (gap < timeout) this.timeout = Math.min((timeout >> 1) + gap, c.rtt.timeout)
    else if (gap > c.rtt.timeout) raiseQuick(c, c.acks.quickMost) // the sender has begun anew, and is short of acknowledgements
    this.#arrivedAt = now
  }

  /** A segment of `size` bytes ended a write, or was shorter than usual: whoever reads it all acknowledges it. */
  ended(): void {
    if (this.#pushed !== Pushed.Twice) this.#pushed++
  }

  /** Marks what an arrival owes: at once, or when the delay is over. */
  owe(c: Connection, now: Instant): void {
    const { acks, receive, timers } = c
    if (acks.oweForData(distance(receive.acknowledged, receive.nxt), receive.segmentSize, this.isTwoWay(c)))
      return
    const delay = this.#delay(c)
    if (!timers.isArmed(Timer.DelayedAck)) {
      timers.arm(Timer.DelayedAck, now, delay)
      return
    }
    const left = timers.deadline(Timer.DelayedAck) - now
    if (left <= delay >> 2)
      acks.oweNow() // it is about to be due
    else if (delay < left) timers.arm(Timer.DelayedAck, now, delay)
  }

  /** The user has read: what was owed with a delay goes now, if nothing is left to read and no answer is likely to carry it. */
  wasRead(c: Connection): boolean {
    if (!c.acks.delayed || !c.tcp.host.profile.adaptsDelay) return false
    if (distance(c.receive.acknowledged, c.receive.nxt) > c.receive.segmentSize) return true
    if (c.receive.queue.length > 0) return false
    return this.#pushed === Pushed.Twice || (this.#pushed === Pushed.Once && !this.isTwoWay(c))
  }

  /** An acknowledgement went out. */
  sent(isLastQuick: boolean): void {
    this.#pushed = Pushed.Not
    if (isLastQuick && this.timeout > 0) this.timeout = SHORTEST
  }

  /** Data went out: an answer, if something came lately. */
  answered(now: Instant): void {
    if (now - this.#arrivedAt < this.timeout && this.#answers < 255) this.#answers++
  }

  /** No answer came before the delay was over. */
  expired(c: Connection): void {
    if (this.isTwoWay(c)) {
      this.#answers = 0
      this.timeout = SHORTEST
    } else this.timeout = Math.min(this.timeout << 1, c.rtt.timeout)
  }

  /** The peer needs to hear of us: the next `most` acknowledgements are not delayed. */
  quicken(c: Connection, most: number = QUICK_ACKS): void {
    raiseQuick(c, Math.min(most, c.acks.quickMost))
    this.#answers = 0
    this.timeout = SHORTEST
  }

  /**
   * TCP_QUICKACK (tcp(7)): with 0 acknowledgements wait for an answer to carry them; with 1 they do not, and one that is owed for what has been
   * read goes now; with 2 only that one. It wears off: how data comes and goes decides afterwards.
   */
  prefer(c: Connection, value: number): void {
    const { acks } = c
    const wasOwed = acks.delayed
    this.#answers = 0
    if (value !== 0 && wasOwed) {
      if (this.#pushed === Pushed.Not) this.#pushed = Pushed.Once
      if (this.wasRead(c)) acks.oweNow()
    }
    if (value === 0 || (wasOwed && (value & 1) === 0)) this.#answers = c.tcp.host.sysctl.tcp_pingpong_thresh
  }

  /** An answer is likely to carry what is to be acknowledged. */
  isTwoWay(c: Connection): boolean {
    return this.#answers >= c.tcp.host.sysctl.tcp_pingpong_thresh
  }

  #delay(c: Connection): Duration {
    const { profile } = c.tcp.host
    if (!profile.adaptsDelay) return profile.delayedAck
    if (this.timeout <= SHORTEST) return SHORTEST
    const { smoothed } = c.rtt
    const most = smoothed > 0 ? Math.min(LONGEST, Math.max(smoothed, SHORTEST)) : LONGEST
    return Math.min(this.timeout, most)
  }

  /** See `rest.ts`. */
  carry(memo: Memo): void {
    this.timeout = memo.number(this.timeout)
    this.#answers = memo.number(this.#answers)
    this.#arrivedAt = memo.instant(this.#arrivedAt)
    this.#pushed = memo.number(this.#pushed)
  }
}

/** Acknowledgements at once, as many as segments fit half the window. */
const halfWindow = (c: Connection): number => Math.floor(c.receive.wnd / (2 * c.receive.segmentSize)) || 2

function raiseQuick(c: Connection, most: number): void {
  const quick = Math.min(halfWindow(c), most)
  if (quick > c.acks.quick) c.acks.quick = quick
}
