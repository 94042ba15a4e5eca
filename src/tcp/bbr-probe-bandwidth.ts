// hot path
import { type Duration, type Instant, SECOND } from '../base/time.ts'
import type { Bbr } from './bbr.ts'
import { BETA, isTooHigh } from './bbr-bounds.ts'
import { inFlightFor, leastWindow } from './bbr-controls.ts'
import type { RateSample } from './delivery-rate.ts'
import type { Memo } from './memo.ts'

const NONE = Number.POSITIVE_INFINITY
/** Bounds of the time between two probes: round trips, for the sake of Reno and CUBIC, and seconds. */
const MOST_ROUNDS = 63
const LEAST_WAIT: Duration = 2 * SECOND
const MOST_SLOPE = 30

/** What acknowledgements speak of, as to the search for bandwidth (BBR.ack_phase). */
export const AckPhase = { None: 0, Refilling: 1, Starting: 2, Feedback: 3, Stopping: 4 } as const
export type AckPhase = (typeof AckPhase)[keyof typeof AckPhase]

/** Where the cycle of probing for bandwidth stands (draft-ietf-ccwg-bbr-06, "ProbeBW"). */
export class BbrCycle {
  ackPhase: AckPhase = AckPhase.None
  /** BBR.is_bw_probe_sample: what was sent in REFILL or UP is being acknowledged, and no loss of it was answered yet. */
  isProbeSample = false
  /** BBR.prev_probe_too_high and BBR.prev_probe_precautionary. */
  wasTooHigh = false
  wasPrecautionary = false
  /** BBR.cycle_stamp, and how long to wait from there. */
  since: Instant = 0
  wait: Duration = 0
  /** The round from which the rounds since the last probe count. */
  round = 0
  /** BBR.bw_probe_up_rounds, BBR.bw_probe_up_acked and BBR.probe_up_acked_per_inc. */
  upRounds = 0
  upAcknowledged = 0
  acknowledgedPerStep = NONE

  carry(memo: Memo): void {
    this.ackPhase = memo.number(this.ackPhase)
    this.isProbeSample = memo.flag(this.isProbeSample)
    this.wasTooHigh = memo.flag(this.wasTooHigh)
    this.wasPrecautionary = memo.flag(this.wasPrecautionary)
    this.since = memo.instant(this.since)
    this.wait = memo.number(this.wait)
    this.round = memo.number(this.round)
    this.upRounds = memo.number(this.upRounds)
    this.upAcknowledged = memo.number(this.upAcknowledged)
    this.acknowledgedPerStep = memo.number(this.acknowledgedPerStep)
  }
}

/** EnterProbeBW. */
export function enterProbeBandwidth(b: Bbr, now: Instant): void {
  goDown(b, now)
}

/** StartProbeBW_DOWN. */
export function goDown(b: Bbr, now: Instant): void {
  const { cycle } = b
  b.bounds.resetSignals()
  cycle.acknowledgedPerStep = NONE
  // PickProbeWait: chance keeps flows from probing in step.
  cycle.round = b.path.rounds - b.random.below(2)
  cycle.wait = LEAST_WAIT + b.random.below(SECOND)
  cycle.since = now
  cycle.ackPhase = AckPhase.Stopping
  b.path.startRound(b.rate.delivered)
  b.enter('ProbeBW_DOWN')
}

/** StartProbeBW_CRUISE. */
export function cruise(b: Bbr): void {
  b.enter('ProbeBW_CRUISE')
}

/** StartProbeBW_REFILL. */
export function refill(b: Bbr): void {
  const { cycle } = b
  b.bounds.resetShortTerm()
  cycle.upRounds = 0
  cycle.upAcknowledged = 0
  cycle.wasPrecautionary = false
  cycle.ackPhase = AckPhase.Refilling
  b.path.startRound(b.rate.delivered)
  b.enter('ProbeBW_REFILL')
}

/** StartProbeBW_UP. */
function goUp(b: Bbr, sample: RateSample): void {
  b.cycle.isProbeSample = true
  b.cycle.ackPhase = AckPhase.Starting
  b.path.startRound(b.rate.delivered)
  b.fullPipe.reset(sample.rate)
  b.enter('ProbeBW_UP')
  steepen(b)
}

/** UpdateProbeBWCyclePhase, for an acknowledgement of something new. */
export function updateCycle(b: Bbr, sample: RateSample, now: Instant): void {
  if (!b.fullPipe.wasFull || adaptLongTerm(b, sample, now)) return
  switch (b.state) {
    case 'ProbeBW_DOWN':
      if (isTimeToProbe(b, now)) refill(b)
      else if (isTimeToCruise(b, sample)) cruise(b)
      return
    case 'ProbeBW_CRUISE':
      if (isTimeToProbe(b, now)) refill(b)
      return
    case 'ProbeBW_REFILL':
      if (b.path.isRoundStart) goUp(b, sample)
      return
    case 'ProbeBW_UP':
      if (!isTimeToGoDown(b, sample)) return
      b.cycle.wasTooHigh = false
      goDown(b, now)
      return
    default:
      return
  }
}

/** HandleInflightTooHigh: `inFlight` bytes were more than the path holds. Once for each probe. */
export function inFlightWasTooHigh(b: Bbr, inFlight: number, isAppLimited: boolean, now: Instant): void {
  b.cycle.wasTooHigh = true
  b.cycle.isProbeSample = false
  if (!isAppLimited) b.bounds.longTerm = Math.max(inFlight, target(b) * BETA)
  if (b.state !== 'ProbeBW_UP') return
  b.remember('ProbeBW_UP')
  goDown(b, now)
}

/** AdaptLongTermModel: true when it has decided on a new state. */
function adaptLongTerm(b: Bbr, sample: RateSample, now: Instant): boolean {
  if (b.path.isRoundStart && nextAckPhase(b, sample)) return true
  if (b.cycle.isProbeSample && b.phase === 'reduction') {
    inFlightWasTooHigh(b, sample.inFlightAtSend, sample.isAppLimited, now) // a mark of ECN is as good as a loss
    return true
  }
  const { bounds } = b
  if (bounds.longTerm === NONE || isTooHigh(b, sample.lost, sample.inFlightAtSend)) return false
  if (sample.inFlightAtSend > bounds.longTerm) bounds.longTerm = sample.inFlightAtSend
  if (b.state === 'ProbeBW_UP') raiseLongTerm(b, sample)
  return false
}

/** A round is over: what is acknowledged from now on was sent in the next phase. */
function nextAckPhase(b: Bbr, sample: RateSample): boolean {
  const { cycle } = b
  if (cycle.ackPhase === AckPhase.Starting) cycle.ackPhase = AckPhase.Feedback
  if (cycle.ackPhase !== AckPhase.Stopping) return false
  cycle.isProbeSample = false
  cycle.ackPhase = AckPhase.None
  if (!b.isProbingCycle) return false
  if (!sample.isAppLimited) b.path.advanceCycle()
  // Precautionary probing: the careful probe did no harm, so the next one follows at once.
  if (!cycle.wasPrecautionary || cycle.wasTooHigh) return false
  refill(b)
  return true
}

/** IsTimeToProbeBW. */
function isTimeToProbe(b: Bbr, now: Instant): boolean {
  const { cycle } = b
  if (now > cycle.since + cycle.wait) return true
  return b.path.rounds - cycle.round >= Math.min(target(b) / b.segmentSize, MOST_ROUNDS)
}

/** IsTimeToCruise: there is headroom, and no queue. */
function isTimeToCruise(b: Bbr, sample: RateSample): boolean {
  if (sample.inFlight > b.bounds.withHeadroom(b.segmentSize, leastWindow(b))) return false
  return sample.inFlight <= inFlightFor(b, b.path.bandwidth, 1)
}

/** IsTimeToGoDown. */
function isTimeToGoDown(b: Bbr, sample: RateSample): boolean {
  const { cycle, bounds, fullPipe } = b
  if (cycle.wasTooHigh && sample.inFlight >= bounds.longTerm) {
    cycle.wasPrecautionary = true
    return true
  }
  if (!isHeldByBound(b, sample)) return fullPipe.isFull
  fullPipe.reset(sample.rate) // the bound, not the path, limits the bandwidth
  return false
}

/** The window is used up, and is what the long-term bound makes it: whole bytes. */
const isHeldByBound = (b: Bbr, sample: RateSample): boolean =>
  sample.isWindowLimited && b.window >= Math.floor(b.bounds.longTerm)

/** ProbeInflightLongtermUpward. */
function raiseLongTerm(b: Bbr, sample: RateSample): void {
  const { cycle, bounds } = b
  if (!isHeldByBound(b, sample)) return
  cycle.upAcknowledged += sample.newlyDelivered
  if (cycle.upAcknowledged >= cycle.acknowledgedPerStep) {
    const steps = Math.floor(cycle.upAcknowledged / cycle.acknowledgedPerStep)
    cycle.upAcknowledged -= steps * cycle.acknowledgedPerStep
    bounds.longTerm += steps * b.segmentSize
  }
  if (b.path.isRoundStart) steepen(b)
}

/** RaiseInflightLongtermSlope: twice as many segments in each round. */
function steepen(b: Bbr): void {
  const { cycle } = b
  cycle.acknowledgedPerStep = Math.max(b.window / 2 ** cycle.upRounds, b.segmentSize)
  cycle.upRounds = Math.min(cycle.upRounds + 1, MOST_SLOPE)
}

/** TargetInflight. */
const target = (b: Bbr): number => Math.min(b.controls.bdp(b, b.bandwidth), b.window)
