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
  /** What the path delivers in a round trip, bytes. */
  capacity = 100 * SMSS
  phase: Phase = 'open'
  readonly #lost = new LostSegment()
  /** The threshold before the last reduction. */
  #threshold = 0
  /** Delivered before and after the last round. */
  #lastStart = 0
  #lastEnd = -1

  constructor(controller: C, opening: Partial<Opening> = {}) {
    this.controller = controller
    const usual = { segmentSize: SMSS, initialWindow: 10 * SMSS, smoothedRtt: this.rtt, hasSack: true }
    const { initialWindow = usual.initialWindow, window = initialWindow } = opening
    controller.begin({ ...usual, rate: this.rate, window, ...opening }, this.now)
  }

  static of(name: string, opening: Partial<Opening> = {}): Ride {
    return new Ride(createController(name, new SeededRandom(1)), opening)
  }

  /** An acknowledgement of `bytes` that were sent a round trip ago, with the window full. */
  acknowledge(bytes: number, told: Told = {}): void {
    const { controller, rate, reduction } = this
    const { sample } = rate
    const { window } = controller
    const inFlight = Math.max(bytes, Math.min(window, this.capacity))
    rate.begin()
    rate.count(bytes, this.now)
    const prior = told.priorDelivered ?? Math.max(0, rate.delivered - inFlight)
    const { rtt = this.rtt, isIdle = false, ...rest } = told
    const usual = {
      hasData: bytes > 0,
      priorDelivered: prior,
      delivered: rate.delivered - prior,
      rate: ((rate.delivered - prior) * SECOND) / Math.max(1, rtt),
      interval: Math.max(1, rtt),
      inFlightAtSend: inFlight,
      lost: 0,
      newlyLost: 0,
      isAppLimited: isIdle,
      inFlight,
      isWindowLimited: !isIdle,
    }
    Object.assign(sample, usual, rest)
    controller.onAcknowledgement(sample, rtt, this.now)
    if (controller.ownsWindow) return
    if (reduction.isActive) {
      reduction.acknowledged(controller, bytes, sample.newlyLost, sample.inFlight, true, SMSS)
    } else if (!isIdle) controller.grow(bytes, rtt, this.now)
  }

  /** What the window allows and the path delivers in a round trip, segment by segment; each was sent as one of the round before arrived. */
  round(told: Told = {}): void {
    const segments = Math.max(1, Math.round(Math.min(this.controller.window, this.capacity) / SMSS))
    const began = this.now
    const start = this.rate.delivered
    const isNext = start === this.#lastEnd
    const from = isNext ? this.#lastStart : start - segments * SMSS
    const step = isNext ? (start - from) / segments : SMSS
    for (let i = 1; i <= segments; i++) {
      this.now = began + (this.rtt * i) / segments
      const priorDelivered = Math.max(0, from + Math.ceil((i * step) / SMSS) * SMSS)
      this.acknowledge(SMSS, { priorDelivered, ...told })
    }
    this.#lastStart = start
    this.#lastEnd = this.rate.delivered
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
    this.#threshold = controller.threshold
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
    this.#threshold = controller.threshold
    this.lose({ length: flight, lost: flight })
    controller.threshold = controller.thresholdAfterLoss(flight, this.now)
    this.reduction.cancel()
    controller.window = SMSS
    this.#enter('loss')
  }

  undo(): void {
    this.reduction.cancel()
    this.controller.undo()
    this.controller.threshold = Math.max(this.controller.threshold, this.#threshold)
    this.#enter('open')
  }

  #enter(phase: Phase): void {
    this.phase = phase
    this.controller.onPhase(phase, this.now)
  }
}
