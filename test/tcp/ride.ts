import { SeededRandom } from '../../src/base/random.ts'
import { type Duration, type Instant, MILLISECOND, SECOND } from '../../src/base/time.ts'
import type { CongestionController, Opening, Phase } from '../../src/tcp/congestion.ts'
import { createController } from '../../src/tcp/controllers.ts'
import { DeliveryRate, type RateSample } from '../../src/tcp/delivery-rate.ts'
import { LostSegment } from '../../src/tcp/lost-segment.ts'
import { RateReduction } from '../../src/tcp/rate-reduction.ts'

export const SMSS = 1000

/** What an acknowledgement tells, where it is not the usual. */
export interface Told extends Partial<RateSample> {
  rtt?: Duration
  /** The window does not hold the sender back. */
  isIdle?: boolean
}

/** A controller on a path that the test makes up: the ride calls it as recovery does. */
export class Ride<C extends CongestionController = CongestionController> {
  readonly controller: C
  readonly rate = new DeliveryRate()
  readonly reduction = new RateReduction()
  now: Instant = SECOND
  rtt: Duration = 100 * MILLISECOND
  phase: Phase = 'open'
  readonly #lost = new LostSegment()

  constructor(controller: C, opening: Partial<Opening> = {}) {
    this.controller = controller
    const usual = { segmentSize: SMSS, initialWindow: 10 * SMSS, smoothedRtt: this.rtt, hasSack: true }
    controller.begin({ ...usual, rate: this.rate, ...opening }, this.now)
  }

  static of(name: string, opening: Partial<Opening> = {}): Ride {
    return new Ride(createController(name, new SeededRandom(1)), opening)
  }

  /** An acknowledgement of `bytes` that were sent a round trip ago, with the window full. */
  acknowledge(bytes: number, told: Told = {}): void {
    const { controller, rate, reduction } = this
    const { sample } = rate
    const { window } = controller
    rate.begin()
    rate.count(bytes, this.now)
    const prior = Math.max(0, rate.delivered - Math.max(window, bytes))
    const { rtt = this.rtt, isIdle = false, ...rest } = told
    const usual = {
      hasData: bytes > 0,
      priorDelivered: prior,
      delivered: rate.delivered - prior,
      rate: ((rate.delivered - prior) * SECOND) / Math.max(1, rtt),
      interval: Math.max(1, rtt),
      inFlightAtSend: window,
      lost: 0,
      newlyLost: 0,
      isAppLimited: isIdle,
      priorInFlight: window,
      inFlight: window,
      isWindowLimited: !isIdle,
    }
    Object.assign(sample, usual, rest)
    controller.onAcknowledgement(sample, rtt, this.now)
    if (controller.ownsWindow) return
    if (reduction.isActive) {
      reduction.acknowledged(controller, bytes, sample.newlyLost, Math.max(0, window - bytes), true, SMSS)
    } else if (!isIdle) controller.grow(bytes, rtt, this.now)
  }

  /** A window's worth of segments, one after another, over a round trip. */
  round(told: Told = {}): void {
    const segments = Math.max(1, Math.round(this.controller.window / SMSS))
    const began = this.now
    const prior = this.rate.delivered
    for (let i = 1; i <= segments; i++) {
      this.now = began + (this.rtt * i) / segments
      this.acknowledge(
        SMSS,
        i === 1 ? { priorDelivered: prior, ...told } : { priorDelivered: prior - 1, ...told },
      )
    }
  }

  /** A segment is presumed lost; `told` of it where it is not the usual. */
  lose(told: Partial<LostSegment> = {}): void {
    const { window } = this.controller
    const usual = { length: SMSS, inFlight: window, lost: SMSS, isAppLimited: false, isRangeStart: true }
    this.controller.onLost(Object.assign(this.#lost, usual, told), this.now)
  }

  /** Recovery, as it begins and ends. */
  beginRecovery(phase: 'recovery' | 'reduction' = 'recovery'): void {
    const { controller } = this
    this.reduction.begin(controller, controller.thresholdAfterLoss(controller.window, this.now))
    this.#enter(phase)
  }

  endRecovery(): void {
    this.reduction.end(this.controller)
    this.#enter('open')
  }

  /** The retransmission timer expired, with `flight` bytes out that are all presumed lost. */
  timeout(flight = this.controller.window): void {
    const { controller } = this
    for (let lost = SMSS; lost <= flight; lost += SMSS) this.lose({ lost, isRangeStart: lost === SMSS })
    controller.threshold = controller.thresholdAfterLoss(flight, this.now)
    this.reduction.cancel()
    controller.window = SMSS
    this.#enter('loss')
  }

  undo(): void {
    this.reduction.cancel()
    this.controller.undo()
    this.#enter('open')
  }

  #enter(phase: Phase): void {
    this.phase = phase
    this.controller.onPhase(phase, this.now)
  }
}
