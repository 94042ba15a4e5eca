// hot path
import type { Random } from '../base/random.ts'
import type { Duration, Instant } from '../base/time.ts'
import { BbrAggregation } from './bbr-aggregation.ts'
import { BbrBounds, inFlightAtLoss, isTooHigh } from './bbr-bounds.ts'
import { BbrControls } from './bbr-controls.ts'
import { BbrFullPipe } from './bbr-full-pipe.ts'
import { BbrPath } from './bbr-path.ts'
import { BbrCycle, inFlightWasTooHigh, refill, updateCycle } from './bbr-probe-bandwidth.ts'
import { BbrProbeRtt, checkProbeRtt, checkProbeRttDone } from './bbr-probe-rtt.ts'
import { checkDrainDone, checkStartupDone, enterStartup } from './bbr-startup.ts'
import { type BbrState, GAINS, type Gains, STATES } from './bbr-state.ts'
import { type CongestionController, INFINITE_THRESHOLD, type Opening, type Phase } from './congestion.ts'
import { DeliveryRate, type RateSample } from './delivery-rate.ts'
import type { LostSegment } from './lost-segment.ts'
import type { Memo } from './memo.ts'

/**
 * BBR, version 3 (draft-ietf-ccwg-bbr-06): sends at the rate that the path delivers, with as much in flight as it holds. The parts own the
 * model's state; the steps of the state machine are functions of their files.
 */
export class Bbr implements CongestionController {
  readonly name = 'bbr'
  readonly ownsWindow = true
  window = 0
  threshold = INFINITE_THRESHOLD
  readonly random: Random
  readonly path = new BbrPath()
  readonly bounds = new BbrBounds()
  readonly aggregation = new BbrAggregation()
  readonly fullPipe = new BbrFullPipe()
  readonly cycle = new BbrCycle()
  readonly probeRtt = new BbrProbeRtt()
  readonly controls = new BbrControls()
  state: BbrState = 'Startup'
  gains: Gains = GAINS.Startup
  /** BBR.bw: the bandwidth within its short-term bound, bytes a second. */
  bandwidth = 0
  segmentSize = 536
  initialWindow = 0
  hasSack = false
  rate = new DeliveryRate()
  phase: Phase = 'open'
  /** BBR.idle_restart. */
  isIdleRestart = false
  /** BBR.drain_start_round. */
  drainRound = 0
  /** BBR.undo_state: where a loss ended the search for bandwidth. */
  #stateBeforeLoss: BbrState | undefined

  constructor(random: Random) {
    this.random = random
  }

  get pacingRate(): number {
    return this.controls.pacingRate
  }

  /** OnInit. */
  begin(opening: Opening, now: Instant): void {
    this.segmentSize = opening.segmentSize
    this.initialWindow = opening.initialWindow
    this.hasSack = opening.hasSack
    this.rate = opening.rate
    this.window = opening.window
    this.path.begin(opening.smoothedRtt, now)
    this.aggregation.restart(now)
    enterStartup(this)
    this.controls.begin(this, opening.smoothedRtt)
  }

  resize(segmentSize: number): void {
    this.segmentSize = segmentSize
  }

  grow(): void {}

  /** UpdateOnACK. */
  onAcknowledgement(sample: RateSample, rtt: Duration, now: Instant): void {
    this.#updateModel(sample, now)
    this.#updateState(sample, rtt, now)
    this.bounds.advance(sample)
    this.bandwidth = Math.min(this.path.bandwidth, this.bounds.bandwidth)
    this.controls.update(this, sample, rtt)
  }

  /** HandleLostPacket. */
  onLost(lost: LostSegment, now: Instant): void {
    this.#noteLoss(lost.length)
    if (lost.isRangeStart) this.bounds.lostRanges++
    if (!this.cycle.isProbeSample || !isTooHigh(this, lost.lost, lost.inFlight)) return
    inFlightWasTooHigh(this, inFlightAtLoss(this, lost), lost.isAppLimited, now)
  }

  /** SaveCwnd, before recovery changes the window. The model has its own bounds; the threshold stays. */
  thresholdAfterLoss(): number {
    this.saveWindow()
    return this.threshold
  }

  /**
   * OnEnterRTO, OnEnterFastRecovery, and the end of either. The state was saved with the loss that led here; to save it once more, as the
   * draft's text has it, would save what that loss changed. A mark of ECN, or a loss that a probe repaired, counts as a loss of the round.
   */
  onPhase(phase: Phase): void {
    const wasLossy = isLossy(this.phase)
    if (phase === 'reduction') this.#noteLoss(Number.POSITIVE_INFINITY)
    this.phase = phase
    if (wasLossy && !isLossy(phase)) this.restoreWindow()
  }

  /** HandleSpuriousLossDetection. */
  undo(): void {
    const before = this.#stateBeforeLoss
    this.#stateBeforeLoss = undefined
    this.restoreWindow()
    this.bounds.forgiveRound()
    this.bounds.restore()
    this.fullPipe.reset()
    if (before === 'Startup' && this.state !== 'Startup') {
      this.fullPipe.wasFull = false
      if (this.state !== 'ProbeRTT') enterStartup(this)
    } else if (before === 'ProbeBW_UP' && this.state !== 'ProbeBW_UP' && this.state !== 'ProbeRTT')
      refill(this)
  }

  /** HandleRestartFromIdle. */
  onIdleEnd(now: Instant): void {
    this.isIdleRestart = true
    this.aggregation.restart(now)
    if (this.isProbingCycle) this.controls.pace(this, 1)
    else if (this.state === 'ProbeRTT') checkProbeRttDone(this, now)
  }

  /** The model is as good after idling as before: it starts again at the bandwidth it knows. */
  restart(): void {}

  enter(state: BbrState): void {
    this.state = state
    this.gains = GAINS[state]
  }

  /** IsInAProbeBWState. */
  get isProbingCycle(): boolean {
    const { state } = this
    return (
      state === 'ProbeBW_CRUISE' ||
      state === 'ProbeBW_DOWN' ||
      state === 'ProbeBW_UP' ||
      state === 'ProbeBW_REFILL'
    )
  }

  /** The search for bandwidth is ended by a loss, which may turn out to be none. */
  remember(state: 'Startup' | 'ProbeBW_UP'): void {
    this.#stateBeforeLoss = state
  }

  /** SaveCwnd and RestoreCwnd: the window but for recovery and ProbeRTT. */
  saveWindow(): void {
    this.controls.save(this.window, !isLossy(this.phase) && this.state !== 'ProbeRTT')
  }

  restoreWindow(): void {
    this.window = Math.max(this.window, this.controls.savedWindow)
  }

  /** Nothing is in flight, so that the phase is 'open'. */
  carry(memo: Memo, rate: DeliveryRate): void {
    this.rate = rate
    this.window = memo.number(this.window)
    this.threshold = memo.number(this.threshold)
    this.enter(carryState(memo, this.state)!)
    this.#stateBeforeLoss = carryState(memo, this.#stateBeforeLoss)
    this.bandwidth = memo.number(this.bandwidth)
    this.segmentSize = memo.number(this.segmentSize)
    this.initialWindow = memo.number(this.initialWindow)
    this.hasSack = memo.flag(this.hasSack)
    this.isIdleRestart = memo.flag(this.isIdleRestart)
    this.drainRound = memo.number(this.drainRound)
    this.path.carry(memo)
    this.bounds.carry(memo)
    this.aggregation.carry(memo)
    this.fullPipe.carry(memo)
    this.cycle.carry(memo)
    this.probeRtt.carry(memo)
    this.controls.carry(memo)
  }

  /** UpdateLatestDeliverySignals, UpdateCongestionSignals, UpdateACKAggregation, CheckFullBWReached. */
  #updateModel(sample: RateSample, now: Instant): void {
    const { bounds, path, fullPipe } = this
    bounds.observe(sample, this.rate.delivered)
    path.measure(sample, this.rate.delivered)
    if (bounds.isLossRoundStart) this.#adaptLowerBounds(sample)
    const { newlyDelivered } = sample
    this.aggregation.observe(newlyDelivered, this.bandwidth, this.window, path.rounds, fullPipe.wasFull, now)
    fullPipe.check(sample, path.isRoundStart)
  }

  #updateState(sample: RateSample, rtt: Duration, now: Instant): void {
    checkStartupDone(this, sample)
    checkDrainDone(this, sample, now)
    if (sample.hasData) updateCycle(this, sample, now)
    this.path.timeRound(rtt, now)
    checkProbeRtt(this, sample, now)
  }

  /**
   * AdaptLowerBoundsFromCongestion: once a round that lost much, but not while bandwidth is searched for; nor when the application, or ProbeRTT,
   * made the round what it was: what it delivered is no bound of the path.
   */
  #adaptLowerBounds({ isAppLimited }: RateSample): void {
    const { state, bounds } = this
    const isSearching = state === 'Startup' || state === 'ProbeBW_REFILL' || state === 'ProbeBW_UP'
    if (!isSearching && !isAppLimited && bounds.isRoundLossy(this))
      bounds.lower(this.path.bandwidth, this.window)
    bounds.forgiveRound()
  }

  /** NoteLoss, SaveStateUponLoss. */
  #noteLoss(lost: number): void {
    if (!this.bounds.noteLoss(this.rate.delivered, lost)) return
    this.saveWindow()
    this.#stateBeforeLoss = undefined
    this.bounds.save()
  }
}

const carryState = (memo: Memo, state: BbrState | undefined): BbrState | undefined =>
  STATES[memo.number(STATES.indexOf(state))]

const isLossy = (phase: Phase): boolean => phase === 'recovery' || phase === 'loss'
