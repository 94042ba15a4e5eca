// hot path
import type { Instant } from '../base/time.ts'
import type { Seq } from '../wire/seq.ts'
import { after } from '../wire/seq.ts'
import { Mark, type Scoreboard } from './scoreboard.ts'

/** What one acknowledgement says about the rate at which the path delivers (draft-cheng-iccrg-delivery-rate-estimation). */
export class RateSample {
  /** Bytes delivered over `interval` microseconds; interval 0: the acknowledgement gave no sample. */
  delivered = 0
  interval = 0
  /** The connection's total when the sampled segment was sent. */
  priorDelivered = 0
  isAppLimited = false
  /** Bytes newly delivered and newly presumed lost by this acknowledgement. */
  newlyDelivered = 0
  newlyLost = 0
  /** Bytes in flight before it. */
  priorInFlight = 0
}

/** Keeps the connection's delivery clock, and takes a sample from the segment that was sent last among those delivered. */
export class DeliveryRate {
  /** Bytes delivered in all, and when the last of them was. */
  delivered = 0
  deliveredAt: Instant = 0
  /** When the first segment of the present flight was sent. */
  firstSentAt: Instant = 0
  /** The connection is limited by its application until `delivered` passes this; 0: it is not. */
  appLimitedUntil = 0
  readonly sample = new RateSample()
  #hasPrior = false
  #priorDeliveredAt: Instant = 0
  #priorFirstSentAt: Instant = 0
  #sentAt: Instant = 0
  #end: Seq = 0 as Seq

  /** The application has nothing more to send, with `inFlight` bytes out: samples of these do not show the path. */
  limitedByApplication(inFlight: number): void {
    this.appLimitedUntil = Math.max(1, this.delivered + inFlight)
  }

  /** A segment is about to be sent: the first of a flight starts the clock. */
  beforeSending(isFirst: boolean, now: Instant): void {
    if (!isFirst) return
    this.firstSentAt = now
    this.deliveredAt = now
  }

  begin(): void {
    this.#hasPrior = false
    this.sample.interval = 0
  }

  /** A row of the scoreboard was found to have arrived. */
  arrived(board: Scoreboard, row: number, sentAt: Instant, end: Seq, marks: number): void {
    if (this.#hasPrior && (sentAt < this.#sentAt || (sentAt === this.#sentAt && !after(end, this.#end))))
      return
    this.#hasPrior = true
    this.#sentAt = sentAt
    this.#end = end
    this.sample.priorDelivered = board.deliveredAtSend(row)
    this.sample.isAppLimited = (marks & Mark.AppLimited) !== 0
    this.#priorDeliveredAt = board.deliveredTimeAtSend(row)
    this.#priorFirstSentAt = board.firstSentAtSend(row)
  }

  /** All of the acknowledgement has been taken in. */
  end(
    newlyDelivered: number,
    newlyLost: number,
    priorInFlight: number,
    minimumRtt: number,
    now: Instant,
  ): void {
    const { sample } = this
    sample.newlyDelivered = newlyDelivered
    sample.newlyLost = newlyLost
    sample.priorInFlight = priorInFlight
    if (newlyDelivered > 0) {
      this.delivered += newlyDelivered
      this.deliveredAt = now
      if (this.appLimitedUntil !== 0 && this.delivered > this.appLimitedUntil) this.appLimitedUntil = 0
    }
    if (!this.#hasPrior) return
    this.firstSentAt = this.#sentAt
    sample.delivered = this.delivered - sample.priorDelivered
    // The longer of the two phases: acknowledgements may be compressed, and so may sending.
    const interval = Math.max(this.#sentAt - this.#priorFirstSentAt, now - this.#priorDeliveredAt)
    sample.interval = interval < minimumRtt ? 0 : interval
  }
}
