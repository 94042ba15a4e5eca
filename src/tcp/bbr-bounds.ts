// hot path
import type { Bbr } from './bbr.ts'
import type { RateSample } from './delivery-rate.ts'
import type { LostSegment } from './lost-segment.ts'
import type { Memo } from './memo.ts'

/** BBR.LossThresh, BBR.Beta and BBR.Headroom. */
const LOSS_THRESHOLD = 0.02
export const BETA = 0.7
const HEADROOM = 0.15

const NONE = Number.POSITIVE_INFINITY

/** What losses say of the path: the bounds that they set to BBR's model (draft-ietf-ccwg-bbr-06, "Updating the Model Upon Packet Loss"). */
export class BbrBounds {
  /** BBR.bw_shortterm, bytes a second, and BBR.inflight_shortterm: what is safe until the next probe. */
  bandwidth = NONE
  inFlight = NONE
  /** BBR.inflight_longterm: what the last probes found to be too much. */
  longTerm = NONE
  /** BBR.inflight_latest: the most that was delivered within the present round. */
  latestInFlight = 0
  /** BBR.is_loss_in_round; ranges lost in it that do not touch. */
  isLossInRound = false
  lostRanges = 0
  /** BBR.loss_round_start. */
  isLossRoundStart = false
  /** Bytes; Infinity: congestion was told of in another way. */
  #lostInRound = 0
  #latestBandwidth = 0
  #roundEnd = 0
  #savedBandwidth = NONE
  #savedInFlight = NONE
  #savedLongTerm = NONE

  /** UpdateLatestDeliverySignals, near the start of an acknowledgement. */
  observe(sample: RateSample, delivered: number): void {
    this.isLossRoundStart = false
    if (!sample.hasData) return
    if (sample.rate > this.#latestBandwidth) this.#latestBandwidth = sample.rate
    if (sample.delivered > this.latestInFlight) this.latestInFlight = sample.delivered
    if (sample.priorDelivered < this.#roundEnd) return
    this.#roundEnd = delivered
    this.isLossRoundStart = true
  }

  /** AdvanceLatestDeliverySignals, near its end. */
  advance(sample: RateSample): void {
    if (!this.isLossRoundStart) return
    this.#latestBandwidth = sample.rate
    this.latestInFlight = sample.delivered
    this.lostRanges = 0
  }

  /** NoteLoss, of `lost` bytes: true for the first of the round, before which the state must be saved. */
  noteLoss(delivered: number, lost: number): boolean {
    const isFirst = !this.isLossInRound
    if (isFirst) this.#roundEnd = delivered
    this.isLossInRound = true
    this.#lostInRound += lost
    return isFirst
  }

  /** More was lost in the round than a probe would tolerate. The draft lowers the short-term bounds for any loss: see docs/deviations.md. */
  isRoundLossy(b: Bbr): boolean {
    return this.isLossInRound && isTooHigh(b, this.#lostInRound, this.latestInFlight)
  }

  /** The round is over, or its losses were none. */
  forgiveRound(): void {
    this.isLossInRound = false
    this.#lostInRound = 0
  }

  /** ResetCongestionSignals. */
  resetSignals(): void {
    this.forgiveRound()
    this.#latestBandwidth = 0
    this.latestInFlight = 0
  }

  /** ResetShortTermModel. */
  resetShortTerm(): void {
    this.bandwidth = NONE
    this.inFlight = NONE
  }

  /** InitLowerBounds and LossLowerBounds: once a round in which something was lost. */
  lower(pathBandwidth: number, window: number): void {
    if (this.bandwidth === NONE) this.bandwidth = pathBandwidth
    if (this.inFlight === NONE) this.inFlight = window
    this.bandwidth = Math.max(this.#latestBandwidth, BETA * this.bandwidth)
    this.inFlight = Math.max(this.latestInFlight, BETA * this.inFlight)
  }

  /** InflightWithHeadroom: leaves room for others. */
  withHeadroom(segmentSize: number, least: number): number {
    if (this.longTerm === NONE) return NONE
    return Math.max(this.longTerm - Math.max(segmentSize, HEADROOM * this.longTerm), least)
  }

  /** SaveStateUponLoss, but for the window. */
  save(): void {
    this.#savedBandwidth = this.bandwidth
    this.#savedInFlight = this.inFlight
    this.#savedLongTerm = this.longTerm
  }

  /** What the loss did is taken back. */
  restore(): void {
    this.bandwidth = Math.max(this.bandwidth, this.#savedBandwidth)
    this.inFlight = Math.max(this.inFlight, this.#savedInFlight)
    this.longTerm = Math.max(this.longTerm, this.#savedLongTerm)
  }

  carry(memo: Memo): void {
    this.bandwidth = memo.number(this.bandwidth)
    this.inFlight = memo.number(this.inFlight)
    this.longTerm = memo.number(this.longTerm)
    this.latestInFlight = memo.number(this.latestInFlight)
    this.isLossInRound = memo.flag(this.isLossInRound)
    this.lostRanges = memo.number(this.lostRanges)
    this.isLossRoundStart = memo.flag(this.isLossRoundStart)
    this.#lostInRound = memo.number(this.#lostInRound)
    this.#latestBandwidth = memo.number(this.#latestBandwidth)
    this.#roundEnd = memo.number(this.#roundEnd)
    this.#savedBandwidth = memo.number(this.#savedBandwidth)
    this.#savedInFlight = memo.number(this.#savedInFlight)
    this.#savedLongTerm = memo.number(this.#savedLongTerm)
  }
}

/**
 * IsInflightTooHigh: more was lost since the sending of what had `inFlight` bytes out than is tolerable. Without SACK only one loss a round trip
 * is seen.
 */
export const isTooHigh = (b: Bbr, lost: number, inFlight: number): boolean =>
  lost > tolerable(b, inFlight) || (lost > 0 && !b.hasSack)

/** InflightAtLoss: with how much in flight the losses passed what is tolerable, somewhere within the lost segment, which may be many. */
export function inFlightAtLoss(b: Bbr, lost: LostSegment): number {
  const before = lost.inFlight - lost.length
  const lostBefore = lost.lost - lost.length
  return before + (tolerable(b, before) - lostBefore) / (1 - LOSS_THRESHOLD)
}

/**
 * Bytes of `inFlight` that may be lost: the threshold's part, and one standard deviation of what is lost by chance where that is the mean
 * (the draft has the part alone: see docs/deviations.md).
 */
function tolerable(b: Bbr, inFlight: number): number {
  const mean = LOSS_THRESHOLD * Math.max(0, inFlight)
  return mean + Math.sqrt(mean * b.segmentSize)
}
