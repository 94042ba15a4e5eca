// hot path
import { type Duration, MILLISECOND, SECOND } from '../base/time.ts'
import type { Bbr } from './bbr.ts'
import type { RateSample } from './delivery-rate.ts'
import type { Memo } from './memo.ts'
import { sendQuantum } from './pacer.ts'

/** BBR.PacingMarginPercent: the rate stays a little below the bandwidth, so that queues shrink. */
const MARGIN = 0.99
/** BBR.MinPipeCwnd, segments. */
const LEAST_SEGMENTS = 4
/** Quanta under way in hosts that offload: queued, being cut, being put together (the draft's TCP offload budget). */
const OFFLOAD_QUANTA = 3
const UNKNOWN_RTT: Duration = MILLISECOND

/** What BBR sets by its model: the rate and the window (draft-ietf-ccwg-bbr-06, "Updating Control Parameters"). */
export class BbrControls {
  /** Bytes a second. */
  pacingRate = 0
  /** BBR.prior_cwnd: the last good window. */
  savedWindow = 0
  /** The rate rests on no round trip yet. */
  #isGuess = false

  /** InitPacingRate: the window in a round trip. */
  begin(b: Bbr, rtt: Duration): void {
    this.#isGuess = rtt <= 0
    this.pacingRate = (b.gains.pacing * b.window * SECOND) / (this.#isGuess ? UNKNOWN_RTT : rtt)
  }

  /** UpdateControlParameters. */
  update(b: Bbr, sample: RateSample, rtt: Duration): void {
    if (this.#isGuess && rtt > 0) this.begin(b, rtt)
    this.pace(b, b.gains.pacing)
    this.#setWindow(b, sample)
  }

  /** SetPacingRateWithGain: before the pipe was full only upwards. */
  pace(b: Bbr, gain: number): void {
    const rate = gain * b.bandwidth * MARGIN
    if (rate > 0 && (b.fullPipe.wasFull || rate > this.pacingRate)) this.pacingRate = rate
  }

  save(window: number, isGood: boolean): void {
    this.savedWindow = isGood ? window : Math.max(this.savedWindow, window)
  }

  /** BDPMultiple(1) for a bandwidth, bytes. */
  bdp(b: Bbr, bandwidth: number): number {
    const { minimumRtt } = b.path
    return minimumRtt === Number.POSITIVE_INFINITY ? b.initialWindow : (bandwidth * minimumRtt) / SECOND
  }

  /** SetCwnd. */
  #setWindow(b: Bbr, sample: RateSample): void {
    const most = quantized(b, b.gains.window * this.bdp(b, b.bandwidth) + b.aggregation.extra)
    const grown = b.window + sample.newlyDelivered
    let window = b.window
    if (b.fullPipe.wasFull) window = Math.min(grown, most)
    else if (b.window < most || b.rate.delivered < b.initialWindow) window = grown
    window = Math.max(window, leastWindow(b))
    if (b.state === 'ProbeRTT') window = Math.min(window, probeRttWindow(b))
    b.window = Math.floor(Math.min(window, Math.max(cap(b), leastWindow(b))))
  }

  carry(memo: Memo): void {
    this.pacingRate = memo.number(this.pacingRate)
    this.savedWindow = memo.number(this.savedWindow)
    this.#isGuess = memo.flag(this.#isGuess)
  }
}

/** Inflight(gain) for a bandwidth: what keeps the path and the hosts at its ends busy, bytes. */
export const inFlightFor = (b: Bbr, bandwidth: number, gain: number): number =>
  quantized(b, gain * b.controls.bdp(b, bandwidth))

/** BBR.MinPipeCwnd, bytes: enough for a receiver that acknowledges every other segment. */
export const leastWindow = (b: Bbr): number => LEAST_SEGMENTS * b.segmentSize

/** ProbeRTTCwnd. */
export const probeRttWindow = (b: Bbr): number =>
  Math.max(0.5 * b.controls.bdp(b, b.bandwidth), leastWindow(b))

/** QuantizationBudget. */
function quantized(b: Bbr, inFlight: number): number {
  const budget = OFFLOAD_QUANTA * sendQuantum(b.pacingRate, b.segmentSize)
  const most = Math.max(inFlight, budget, leastWindow(b))
  return b.state === 'ProbeBW_UP' ? most + 2 * b.segmentSize : most
}

/** BoundCwndForModel. */
function cap(b: Bbr): number {
  const { state, bounds } = b
  let most = Number.POSITIVE_INFINITY
  if (state === 'ProbeRTT' || state === 'ProbeBW_CRUISE')
    most = bounds.withHeadroom(b.segmentSize, leastWindow(b))
  else if (b.isProbingCycle) most = bounds.longTerm
  return Math.min(most, bounds.inFlight)
}
