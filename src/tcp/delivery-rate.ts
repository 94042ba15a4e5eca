// hot path
import { type Duration, type Instant, SECOND } from '../base/time.ts'
import { after, type Seq } from '../wire/seq.ts'
import type { Connection } from './connection.ts'
import type { Memo } from './memo.ts'
import type { Scoreboard } from './scoreboard.ts'
import { type DeliveryClock, Sending } from './sending.ts'

/** What one acknowledgement says of the path (draft-ietf-ccwg-bbr-06, "Delivery Rate Samples"). All sizes in bytes. */
export class RateSample {
  /** A segment arrived of which that was not known; what speaks of a segment is of the one sent last among these. */
  hasData = false
  /** Delivered since it was sent, over `interval` microseconds. */
  delivered = 0
  interval: Duration = 0
  /** Bytes a second; 0: none that can be relied on. */
  rate = 0
  /** The connection's total when it was sent. */
  priorDelivered = 0
  /** In flight once it was sent, itself included, and presumed lost since. */
  inFlightAtSend = 0
  lost = 0
  /** The application, not the path, may have made the sample. */
  isAppLimited = false
  /** Newly delivered, and newly presumed lost, by this acknowledgement. */
  newlyDelivered = 0
  newlyLost = 0
  /** In flight now that all is taken in. */
  inFlight = 0
  /** In the last round trip there was a time when the congestion window was used up. */
  isWindowLimited = false
}

/** Keeps the connection's delivery clock, and takes a sample from the segment that was sent last among those delivered. */
export class DeliveryRate implements DeliveryClock {
  /** Bytes delivered in all, and when the last of them was. */
  delivered = 0
  deliveredAt: Instant = 0
  /** When the segment was sent that was last found delivered; after idling, the first of the new flight. */
  firstSentAt: Instant = 0
  readonly sample = new RateSample()
  /** For whoever asks (TCP_INFO): the last rate, but for slower ones that the application limited; bytes a second, 0: none yet. */
  latest = 0
  isLatestLimited = false
  /** The connection is limited by its application until `delivered` passes this; 0: it is not. */
  #appLimitedUntil = 0
  /** Of the segment that the sample is about. */
  readonly #sending = new Sending()
  #end: Seq = 0 as Seq

  get isAppLimited(): boolean {
    return this.#appLimitedUntil !== 0
  }

  /** CheckIfApplicationLimited: has `c` nothing more to send, though there is room? */
  checkApplication(c: Connection): void {
    const { recovery, send } = c
    if (send.unsent > 0 || recovery.hasLost) return
    const inFlight = recovery.inFlight(c)
    if (inFlight + c.segmentSize <= c.congestion.window) this.limitedByApplication(inFlight)
  }

  /** The application has nothing more to send, with `inFlight` bytes out: samples of what is sent from now on do not show the path. */
  limitedByApplication(inFlight: number): void {
    this.#appLimitedUntil = Math.max(1, this.delivered + inFlight)
  }

  /** A segment is about to be sent: with nothing else in flight it starts the clock. */
  beforeSending(isFirst: boolean, now: Instant): void {
    if (!isFirst) return
    this.firstSentAt = now
    this.deliveredAt = now
  }

  /** An acknowledgement is about to be taken in. */
  begin(): void {
    const { sample } = this
    sample.hasData = false
    sample.delivered = 0
    sample.interval = 0
    sample.rate = 0
    sample.lost = 0
    sample.newlyDelivered = 0
  }

  /** UpdateRateSample: a row of the scoreboard was found to have arrived. */
  arrived(board: Scoreboard, row: number, end: Seq): void {
    const { sample } = this
    const sentAt = board.arrivedSentAt
    const isOlder = sentAt < this.firstSentAt || (sentAt === this.firstSentAt && !after(end, this.#end))
    if (sample.hasData && isOlder) return
    sample.hasData = true
    board.recall(row, this.#sending)
    this.#end = end
    this.firstSentAt = sentAt
  }

  /** All of the acknowledgement has been taken in; what it says of losses has not. */
  count(newlyDelivered: number, now: Instant): void {
    this.sample.newlyDelivered = newlyDelivered
    if (newlyDelivered <= 0) return
    this.delivered += newlyDelivered
    this.deliveredAt = now
    if (this.#appLimitedUntil !== 0 && this.delivered > this.#appLimitedUntil) this.#appLimitedUntil = 0
  }

  /** GenerateRateSample, when losses have been found. `lost`: in all, of the connection. A sample faster than the path can be is none. */
  end(lost: number, minimumRtt: Duration, now: Instant): void {
    const { sample } = this
    if (!sample.hasData) return
    const sending = this.#sending
    sample.isAppLimited = sending.isAppLimited
    sample.priorDelivered = sending.delivered
    sample.inFlightAtSend = sending.inFlight
    sample.delivered = this.delivered - sending.delivered
    sample.lost = lost - sending.lost
    // The longer of the two phases: acknowledgements may be compressed, and so may sending.
    const interval = Math.max(sending.sentAt - sending.firstSentAt, now - sending.deliveredAt)
    if (interval <= 0 || interval < minimumRtt) return
    sample.interval = interval
    sample.rate = (sample.delivered * SECOND) / interval
    if (sample.isAppLimited && sample.rate < this.latest) return
    this.latest = sample.rate
    this.isLatestLimited = sample.isAppLimited
  }

  /** See `rest.ts`. The sample is filled anew by the next acknowledgement. */
  carry(memo: Memo): void {
    this.delivered = memo.number(this.delivered)
    this.deliveredAt = memo.instant(this.deliveredAt)
    this.firstSentAt = memo.instant(this.firstSentAt)
    this.latest = memo.number(this.latest)
    this.isLatestLimited = memo.flag(this.isLatestLimited)
    this.#appLimitedUntil = memo.number(this.#appLimitedUntil)
    this.#end = memo.seq(this.#end)
  }
}
