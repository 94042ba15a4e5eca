// hot path
import type { Instant } from '../base/time.ts'
import type { Bbr } from './bbr.ts'
import { isTooHigh } from './bbr-bounds.ts'
import { inFlightFor } from './bbr-controls.ts'
import { enterProbeBandwidth } from './bbr-probe-bandwidth.ts'
import type { RateSample } from './delivery-rate.ts'

/** BBRStartupFullLossCnt. */
const LOST_RANGES = 6
/** Rounds that draining may take. */
const DRAIN_ROUNDS = 3

/** EnterStartup. */
export function enterStartup(b: Bbr): void {
  b.enter('Startup')
}

/** CheckStartupDone. */
export function checkStartupDone(b: Bbr, sample: RateSample): void {
  if (b.state !== 'Startup') return
  if (!b.fullPipe.wasFull && isLossHigh(b, sample)) {
    b.remember('Startup')
    b.fullPipe.isFull = true
    b.fullPipe.wasFull = true
    b.bounds.longTerm = Math.max(bdp(b), b.bounds.latestInFlight)
  }
  if (!b.fullPipe.wasFull) return
  b.enter('Drain')
  b.drainRound = b.path.rounds
}

/** CheckDrainDone: the queue that Startup has built is gone. */
export function checkDrainDone(b: Bbr, sample: RateSample, now: Instant): void {
  if (b.state !== 'Drain') return
  const isDrained = sample.inFlight <= inFlightFor(b, b.bandwidth, 1)
  if (isDrained || b.path.rounds > b.drainRound + DRAIN_ROUNDS) enterProbeBandwidth(b, now)
}

/**
 * CheckStartupHighLoss: at the end of a round of recovery in which much was lost, in several places; without SACK, any loss. A mark of ECN says
 * the same for itself (the draft leaves the response open, RFC 3168 asks for one).
 */
function isLossHigh(b: Bbr, sample: RateSample): boolean {
  if (b.phase === 'reduction') return true
  if (b.phase !== 'recovery') return false
  if (!b.hasSack) return true
  if (!b.bounds.isLossRoundStart || b.bounds.lostRanges < LOST_RANGES) return false
  return isTooHigh(b, sample.lost, sample.inFlightAtSend)
}

const bdp = (b: Bbr): number => b.controls.bdp(b, b.bandwidth)
