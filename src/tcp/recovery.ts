// hot path
import type { Instant } from '../base/time.ts'
import { add, after, afterOrAt, before, distance, earlier, later, type Seq } from '../wire/seq.ts'
import type { CongestionController } from './congestion.ts'
import type { RoundTrip } from './rtt.ts'
import type { SendState } from './send.ts'

/** RFC 5681 §3.2. */
export const DUPLICATE_THRESHOLD = 3

export type Phase = 'open' | 'recovery' | 'loss'

/**
 * Loss recovery: finds what was lost and says what is to be sent again. Each window of it halves once (RFC 5681 §4.3). NewReno (RFC 6582) after three duplicates, go-back-N from
 * SND.UNA after a time-out. SND.NXT never moves back: what is presumed lost is the range [resend, lostEnd).
 */
export class Recovery {
  phase: Phase = 'open'
  /** Duplicate acknowledgements since SND.UNA last moved. */
  duplicates = 0
  /** RFC 6582's "recover", one beyond the highest sequence number sent when recovery began. */
  recover: Seq
  /** Expiries of the retransmission timer since SND.UNA last moved. */
  timeouts = 0
  /** When the oldest outstanding segment was first found late: the give-up timers count from here. */
  stalledSince: Instant = 0
  /** What was outstanding when the first duplicate came. */
  #flightBefore = 0
  #resend: Seq
  #lostEnd: Seq

  constructor(iss: Seq) {
    this.recover = iss
    this.#resend = iss
    this.#lostEnd = iss
  }

  /** First sequence number to be sent again; meaningful when `lost` is not 0. */
  get resend(): Seq {
    return this.#resend
  }

  /** Sequence numbers that are presumed lost and not yet sent again. */
  get lost(): number {
    return Math.max(0, distance(this.#resend, this.#lostEnd))
  }

  /** Sequence numbers outstanding and not presumed lost. */
  inFlight(send: SendState): number {
    return send.flight - this.lost
  }

  /** New segments beyond the window for the first two duplicates (RFC 3042). */
  limitedTransmit(segmentSize: number): number {
    return this.phase === 'open' ? Math.min(this.duplicates, 2) * segmentSize : 0
  }

  /** `length` numbers from `resend` were sent again. */
  resent(length: number): void {
    this.#resend = add(this.#resend, length)
  }

  /** SND.UNA has moved by `acknowledged` bytes of data. */
  acknowledged(
    send: SendState,
    acknowledged: number,
    segmentSize: number,
    limited: boolean,
    controller: CongestionController,
    rtt: RoundTrip,
    now: Instant,
  ): void {
    this.duplicates = 0
    this.timeouts = 0
    this.#resend = later(this.#resend, send.una)
    this.#lostEnd = later(this.#lostEnd, send.una)
    if (this.phase === 'recovery') {
      if (afterOrAt(send.una, this.recover)) {
        this.phase = 'open'
        controller.onRecovered(send.flight)
      } else {
        controller.onPartial(acknowledged)
        this.#markLost(send.una, segmentSize, send.nxt)
      }
      return
    }
    const wasLoss = this.phase === 'loss'
    if (wasLoss && afterOrAt(send.una, this.recover)) this.phase = 'open'
    // Follows SND.UNA, so that it never falls so far behind that the comparison turns round.
    if (this.phase === 'open' && after(send.una, this.recover)) this.recover = add(send.una, -1)
    // RFC 3465 §2.3: after a time-out an ACK may cover much that had arrived long before; it counts for one segment.
    const counted = wasLoss ? Math.min(acknowledged, segmentSize) : acknowledged
    controller.onAcknowledged(counted, rtt.smoothed, limited || wasLoss, now)
  }

  /** A duplicate acknowledgement arrived. True when it began a fast retransmission. */
  duplicate(send: SendState, segmentSize: number, controller: CongestionController, now: Instant): boolean {
    if (this.duplicates++ === 0) this.#flightBefore = send.flight
    if (this.phase === 'recovery') {
      controller.onDuplicate()
      return false
    }
    // RFC 6582 §3.2 step 2: duplicates caused by what a time-out sent again do not count.
    if (this.phase !== 'open' || this.duplicates < DUPLICATE_THRESHOLD || !after(send.una, this.recover))
      return false
    this.phase = 'recovery'
    this.recover = send.nxt
    // What limited transmit has sent is not part of the flight that is halved (RFC 5681 §3.2 step 2).
    controller.onLoss(this.#flightBefore, now)
    this.#markLost(send.una, segmentSize, send.nxt)
    return true
  }

  /** The retransmission timer expired: everything outstanding is presumed lost, the oldest goes first (RFC 6298 §5, §5.4). */
  timeout(send: SendState, controller: CongestionController, now: Instant): void {
    if (this.timeouts === 0) this.stalledSince = now
    this.timeouts++
    controller.onTimeout(send.flight, this.timeouts > 1)
    this.phase = 'loss'
    this.recover = send.nxt
    this.duplicates = 0
    this.#resend = send.una
    this.#lostEnd = send.nxt
  }

  /** The path turned out narrower: what is out must be sent again in smaller segments (RFC 1191 §6.4). No loss is counted. */
  resendAll(send: SendState): void {
    this.#resend = send.una
    this.#lostEnd = send.nxt
  }

  #markLost(from: Seq, length: number, limit: Seq): void {
    const end = earlier(add(from, length), limit)
    if (before(this.#resend, from) || afterOrAt(this.#resend, this.#lostEnd)) this.#resend = from
    if (before(this.#lostEnd, end)) this.#lostEnd = end
  }
}
