import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { Bbr } from '../../src/tcp/bbr.ts'
import { BbrFullPipe } from '../../src/tcp/bbr-full-pipe.ts'
import type { BbrState } from '../../src/tcp/bbr-state.ts'
import type { Opening } from '../../src/tcp/congestion.ts'
import { RateSample } from '../../src/tcp/delivery-rate.ts'
import { Ride, SMSS, type Told } from './ride.ts'

// Clauses are those of draft-ietf-ccwg-bbr-06.

/** What the ride's path delivers and holds: 1,000,000 bytes a second for a tenth of one. */
const BANDWIDTH = 1e6
const BDP = 100 * SMSS

const begin = (opening: Partial<Opening> = {}): Ride<Bbr> => new Ride(new Bbr(new SeededRandom(3)), opening)

/** Rounds until the state is reached. */
function reach(state: BbrState, told: Told = {}, ride = begin()): Ride<Bbr> {
  for (let rounds = 0; ride.controller.state !== state; rounds++) {
    if (rounds > 200) throw new Error(`still in ${ride.controller.state}`)
    // The path gives way in ProbeRTT: what is in flight drains.
    ride.round(ride.controller.state === 'ProbeRTT' ? { ...told, inFlight: SMSS } : told)
  }
  return ride
}

const inFlight = (bytes: number): Told => ({ inFlight: bytes })
const stateOf = (ride: Ride<Bbr>): BbrState => ride.controller.state

/** Losses of this many segments out of a window of a hundred. */
function lose(ride: Ride<Bbr>, segments: number, isRangeStart = true): void {
  for (let i = 1; i <= segments; i++) ride.lose({ inFlight: BDP, lost: i * SMSS, isRangeStart })
}

describe('Startup', () => {
  test('[BBR §5.6.2] begins at 2.77 initial windows a round trip; without a round trip, a millisecond is taken until there is one', () => {
    const { controller } = begin()
    expect(controller.state).toBe('Startup')
    expect(controller.pacingRate).toBeCloseTo(2.77 * 10 * SMSS * 10)
    const blind = begin({ smoothedRtt: 0 })
    expect(blind.controller.pacingRate).toBeCloseTo(2.77 * 10 * SMSS * 1000)
    blind.acknowledge(SMSS, { rate: 0 })
    expect(blind.controller.pacingRate).toBeCloseTo(2.77 * 10 * SMSS * 10)
  })

  test('[BBR §5.3.1.1] doubles window and rate each round', () => {
    const ride = begin()
    ride.capacity = 1 << 30
    ride.round()
    for (let i = 0; i < 5; i++) {
      const { window, pacingRate } = ride.controller
      ride.round()
      expect(ride.controller.window / window).toBeCloseTo(2, 1)
      expect(ride.controller.pacingRate / pacingRate).toBeCloseTo(2, 0)
    }
  })

  test('[BBR §5.3.1.2] ends after three rounds in which the rate grew by less than a quarter', () => {
    const ride = begin()
    while (ride.controller.path.bandwidth < BANDWIDTH) ride.round()
    const { rounds } = ride.controller.path
    while (stateOf(ride) === 'Startup') ride.round(inFlight(2 * BDP))
    expect(ride.controller.path.rounds - rounds).toBeLessThanOrEqual(4) // one to find the plateau
    expect(stateOf(ride)).toBe('Drain')
    expect(ride.controller.fullPipe.wasFull).toBe(true)
    expect(ride.controller.path.bandwidth).toBeCloseTo(BANDWIDTH)
  })

  test('[BBR §5.3.1.2] goes on for ever while the application limits it, and nothing is lost', () => {
    const ride = begin()
    for (let i = 0; i < 40; i++) ride.round({ isAppLimited: true })
    expect(stateOf(ride)).toBe('Startup')
  })

  test('[BBR §5.3.1.3] ends at the end of a round of recovery with six lost ranges and more than 2 % lost, application-limited or not', () => {
    const ride = begin()
    for (let i = 0; i < 3; i++) ride.round({ isAppLimited: true })
    lose(ride, 6)
    ride.beginRecovery()
    for (let i = 0; i < 3; i++) ride.round({ isAppLimited: true, lost: 6 * SMSS, inFlight: BDP })
    expect(stateOf(ride)).not.toBe('Startup')
    expect(ride.controller.fullPipe.wasFull).toBe(true)
    expect(ride.controller.bounds.longTerm).toBeGreaterThanOrEqual(20 * SMSS)
    expect(ride.controller.bounds.longTerm).toBeLessThanOrEqual(BDP)
  })

  test.each([
    ['five ranges', 5, true, 6 * SMSS],
    ['one range', 6, false, 6 * SMSS],
    ['a loss of 2 %', 6, true, 0.02 * 20 * SMSS],
  ])('[BBR §5.3.1.3] %s do not end it', (_, segments, isRangeStart, lost) => {
    const ride = begin()
    ride.round()
    lose(ride, segments, isRangeStart)
    ride.beginRecovery()
    ride.round({ lost, inFlightAtSend: 20 * SMSS })
    ride.round({ lost, inFlightAtSend: 20 * SMSS })
    expect(stateOf(ride)).toBe('Startup')
  })

  test('[BBR §5.3.1.3] without SACK any loss in recovery ends it', () => {
    const ride = begin({ hasSack: false })
    ride.round()
    lose(ride, 1)
    ride.beginRecovery()
    ride.acknowledge(SMSS)
    expect(stateOf(ride)).not.toBe('Startup')
  })

  test('[RFC3168 §6.1.2] a mark of ECN ends it', () => {
    const ride = begin()
    ride.round()
    ride.beginRecovery('reduction')
    ride.acknowledge(SMSS, inFlight(BDP))
    expect(stateOf(ride)).toBe('Drain')
  })

  test('[BBR §5.6.4.6] a window below what is wanted grows by what is delivered, and never shrinks for want of samples', () => {
    const ride = begin()
    ride.acknowledge(3 * SMSS)
    expect(ride.controller.window).toBe(13 * SMSS)
    const { pacingRate } = ride.controller
    ride.acknowledge(SMSS, { rate: 1000, isAppLimited: true })
    expect(ride.controller.pacingRate).toBe(pacingRate)
  })
})

describe('Drain', () => {
  test('[BBR §5.3.2] sends at half the bandwidth', () => {
    const ride = reach('Drain', inFlight(2 * BDP))
    expect(ride.controller.pacingRate).toBeCloseTo(0.5 * 0.99 * BANDWIDTH)
    expect(ride.controller.window).toBeGreaterThanOrEqual(2 * BDP)
  })

  test('[BBR §5.3.2] ends when no more is in flight than the path holds', () => {
    const ride = reach('Drain', inFlight(2 * BDP))
    ride.acknowledge(SMSS, inFlight(BDP + SMSS))
    expect(stateOf(ride)).toBe('Drain')
    ride.acknowledge(SMSS, inFlight(BDP))
    expect(stateOf(ride)).not.toBe('Drain')
  })

  test('[BBR §5.3.2] ends after three rounds however much is', () => {
    const ride = reach('Drain', inFlight(2 * BDP))
    const { rounds } = ride.controller.path
    while (stateOf(ride) === 'Drain') ride.round(inFlight(2 * BDP))
    expect(ride.controller.path.rounds - rounds).toBe(4)
    expect(stateOf(ride)).toBe('ProbeBW_DOWN')
  })
})

describe('ProbeBW_DOWN', () => {
  test('[BBR §5.3.3.1] sends at nine tenths, until no more is in flight than the path holds', () => {
    const ride = reach('ProbeBW_DOWN', inFlight(2 * BDP))
    expect(ride.controller.pacingRate).toBeCloseTo(0.9 * 0.99 * BANDWIDTH)
    ride.round(inFlight(BDP + SMSS))
    expect(stateOf(ride)).toBe('ProbeBW_DOWN')
    ride.acknowledge(SMSS, inFlight(BDP))
    expect(stateOf(ride)).toBe('ProbeBW_CRUISE')
  })

  test('[BBR §5.3.3.1] and no more than leaves room for others', () => {
    const ride = reach('ProbeBW_DOWN', inFlight(2 * BDP))
    ride.controller.bounds.longTerm = BDP
    ride.acknowledge(SMSS, inFlight(0.86 * BDP))
    expect(stateOf(ride)).toBe('ProbeBW_DOWN')
    ride.acknowledge(SMSS, inFlight(0.85 * BDP))
    expect(stateOf(ride)).toBe('ProbeBW_CRUISE')
  })

  test('[BBR §5.3.3.8] leads to the next probe when that takes too long: two to three seconds', () => {
    const ride = reach('ProbeBW_DOWN', inFlight(2 * BDP))
    const began = ride.now
    while (stateOf(ride) === 'ProbeBW_DOWN') ride.round(inFlight(2 * BDP))
    expect(stateOf(ride)).toBe('ProbeBW_REFILL')
    expect(ride.now - began).toBeGreaterThan(2 * SECOND)
    expect(ride.now - began).toBeLessThan(3.1 * SECOND)
  })

  test('[BBR §5.5.6] a round after it began the filter of the bandwidth moves on: two cycles without it, and a bandwidth is forgotten', () => {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    ride.capacity = BDP / 2
    const told = inFlight(BDP / 2)
    reach('ProbeBW_UP', told, ride)
    expect(ride.controller.path.bandwidth).toBeCloseTo(BANDWIDTH)
    for (const _ of [1, 2, 3]) {
      reach('ProbeBW_CRUISE', told, ride)
      reach('ProbeBW_UP', told, ride)
    }
    expect(ride.controller.path.bandwidth).toBeCloseTo(BANDWIDTH / 2)
  })
})

describe('ProbeBW_CRUISE', () => {
  test('[BBR §5.3.3.2] sends at the bandwidth, less one percent', () => {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    ride.round(inFlight(BDP))
    expect(ride.controller.pacingRate).toBeCloseTo(0.99 * BANDWIDTH)
    expect(ride.controller.window).toBeGreaterThanOrEqual(2 * BDP)
    expect(ride.controller.window).toBeLessThan(2.1 * BDP)
  })

  test('[BBR §5.3.3.8] with short round trips it lasts as many rounds as Reno would take, 63 at most', () => {
    const ride = begin({ smoothedRtt: 5 * MILLISECOND })
    ride.rtt = 5 * MILLISECOND
    reach('ProbeBW_CRUISE', inFlight(BDP), ride)
    const { rounds } = ride.controller.path
    while (stateOf(ride) === 'ProbeBW_CRUISE') ride.round(inFlight(BDP))
    expect(ride.controller.path.rounds - rounds).toBeGreaterThanOrEqual(60)
    expect(ride.controller.path.rounds - rounds).toBeLessThanOrEqual(63)
  })

  test('[BBR §5.3.3.8] and as few as the window has segments', () => {
    const ride = begin({ smoothedRtt: 5 * MILLISECOND })
    ride.rtt = 5 * MILLISECOND
    ride.capacity = 12 * SMSS
    reach('ProbeBW_CRUISE', inFlight(12 * SMSS), ride)
    const { rounds } = ride.controller.path
    while (stateOf(ride) === 'ProbeBW_CRUISE') ride.round(inFlight(12 * SMSS))
    expect(ride.controller.path.rounds - rounds).toBeGreaterThanOrEqual(9)
    expect(ride.controller.path.rounds - rounds).toBeLessThanOrEqual(13)
  })

  test('[BBR §5.5.10.2] a loss that a probe would tolerate takes nothing down, unless that is all that can be seen', () => {
    const told = { inFlight: BDP, rate: 0.9 * BANDWIDTH, delivered: 0.9 * BDP }
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    ride.beginRecovery()
    lose(ride, 1)
    for (const _ of [1, 2]) ride.round(told)
    expect(ride.controller.bounds.bandwidth).toBe(Number.POSITIVE_INFINITY)
    ride.controller.hasSack = false
    lose(ride, 1)
    for (const _ of [1, 2]) ride.round(told)
    expect(ride.controller.bounds.bandwidth).toBeCloseTo(0.9 * BANDWIDTH)
  })

  test('[BBR §5.5.10.3] a round with more loss than that takes model and window down to what is delivered, by three tenths at most', () => {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    for (const _ of [1, 2]) ride.round(inFlight(BDP))
    const { window } = ride.controller
    const told = { inFlight: BDP, rate: 0.9 * BANDWIDTH, delivered: 0.6 * BDP }
    ride.beginRecovery()
    for (const _ of [1, 2]) ride.round(told)
    lose(ride, 3)
    for (const _ of [1, 2]) ride.round(told)
    expect(ride.controller.bounds.bandwidth).toBeCloseTo(0.9 * BANDWIDTH)
    expect(ride.controller.bounds.inFlight).toBeCloseTo(0.7 * window)
    expect(ride.controller.window).toBe(Math.floor(0.7 * window))
    expect(ride.controller.pacingRate).toBeCloseTo(0.99 * 0.9 * BANDWIDTH)
  })

  test('[BBR §5.5.10.3] a round that the application, or ProbeRTT, kept small does not, whatever it lost', () => {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    const told = { inFlight: BDP, rate: 0.5 * BANDWIDTH, delivered: 0.5 * BDP, isAppLimited: true }
    lose(ride, 10)
    for (const _ of [1, 2]) ride.round(told)
    expect(ride.controller.bounds.bandwidth).toBe(Number.POSITIVE_INFINITY)
    expect(ride.controller.bounds.inFlight).toBe(Number.POSITIVE_INFINITY)
  })

  test('[BBR §5.5.10.3] a round without a loss does not', () => {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    ride.round({ inFlight: BDP, rate: 0.5 * BANDWIDTH, delivered: 0.5 * BDP })
    expect(ride.controller.bounds.bandwidth).toBe(Number.POSITIVE_INFINITY)
  })

  test('[BBR §5.6.4.7] leaves a part of what was too much last time', () => {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    ride.controller.bounds.longTerm = BDP
    ride.acknowledge(SMSS, inFlight(0.5 * BDP))
    expect(ride.controller.window).toBe(0.85 * BDP)
  })
})

describe('ProbeBW_REFILL', () => {
  test('[BBR §5.3.3.3] forgets what losses taught, and lasts one round', () => {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    ride.controller.bounds.lower(0.5 * BANDWIDTH, BDP)
    reach('ProbeBW_REFILL', inFlight(BDP), ride)
    expect(ride.controller.bounds.bandwidth).toBe(Number.POSITIVE_INFINITY)
    expect(ride.controller.bounds.inFlight).toBe(Number.POSITIVE_INFINITY)
    const { rounds } = ride.controller.path
    while (stateOf(ride) === 'ProbeBW_REFILL') ride.acknowledge(SMSS, inFlight(BDP))
    expect(ride.controller.path.rounds - rounds).toBeLessThanOrEqual(2)
    expect(stateOf(ride)).toBe('ProbeBW_UP')
  })

  test('[BBR §5.5.4] samples that the application limits do not lower the bandwidth', () => {
    const ride = reach('ProbeBW_REFILL', inFlight(BDP))
    for (let i = 0; i < 4; i++) ride.round({ isAppLimited: true, rate: 1000, inFlight: SMSS })
    expect(ride.controller.path.bandwidth).toBeCloseTo(BANDWIDTH)
    expect(stateOf(ride)).toBe('ProbeBW_UP')
  })

  test('[BBR §5.5.4] but raise it', () => {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    ride.acknowledge(SMSS, { isAppLimited: true, rate: 2 * BANDWIDTH, inFlight: BDP })
    expect(ride.controller.path.bandwidth).toBe(2 * BANDWIDTH)
  })
})

describe('ProbeBW_UP', () => {
  test('[BBR §5.3.3.5] sends a quarter faster', () => {
    const ride = reach('ProbeBW_UP', inFlight(BDP))
    ride.acknowledge(SMSS, inFlight(BDP))
    expect(ride.controller.pacingRate).toBeCloseTo(1.25 * 0.99 * BANDWIDTH)
  })

  test('[BBR §5.3.3.7] ends when three rounds bring no more bandwidth', () => {
    const ride = reach('ProbeBW_UP', inFlight(BDP))
    const { rounds } = ride.controller.path
    while (stateOf(ride) === 'ProbeBW_UP') ride.round(inFlight(1.25 * BDP))
    expect(ride.controller.path.rounds - rounds).toBe(3)
    expect(stateOf(ride)).toBe('ProbeBW_DOWN')
    expect(ride.controller.bounds.longTerm).toBe(Number.POSITIVE_INFINITY)
  })

  test('[BBR §5.3.3.7] goes on while the bandwidth grows, and while the application limits it', () => {
    const ride = reach('ProbeBW_UP', inFlight(BDP))
    for (let i = 0; i < 6; i++) {
      ride.capacity *= 1.3
      ride.round({ inFlight: BDP, rtt: --ride.rtt })
    }
    expect(stateOf(ride)).toBe('ProbeBW_UP')
    for (let i = 0; i < 20; i++) ride.round({ isAppLimited: true, inFlight: SMSS, rtt: --ride.rtt })
    expect(stateOf(ride)).toBe('ProbeBW_UP')
  })

  test('[BBR §5.5.10.2] a loss of more than 2 % and what chance adds ends it, and bounds what is in flight at the point where it passed that', () => {
    const ride = reach('ProbeBW_UP', inFlight(BDP))
    ride.lose({ inFlight: 1.2 * BDP, lost: 3 * SMSS })
    expect(stateOf(ride)).toBe('ProbeBW_UP')
    ride.lose({ inFlight: 1.2 * BDP, lost: 4 * SMSS })
    expect(stateOf(ride)).toBe('ProbeBW_DOWN')
    const before = 1.2 * BDP - SMSS
    const tolerable = 0.02 * before + Math.sqrt(0.02 * before * SMSS)
    expect(ride.controller.bounds.longTerm).toBeCloseTo(before + (tolerable - 3 * SMSS) / 0.98)
    ride.lose({ inFlight: BDP, lost: 50 * SMSS })
    expect(ride.controller.bounds.longTerm).toBeGreaterThan(BDP) // each probe is answered once
  })

  test('[BBR §5.5.10.2] never below seven tenths of what is aimed at', () => {
    const ride = reach('ProbeBW_UP', inFlight(BDP))
    ride.lose({ inFlight: 10 * SMSS, lost: 5 * SMSS })
    expect(ride.controller.bounds.longTerm).toBeCloseTo(0.7 * BDP)
  })

  test('[BBR §5.5.10.2] an application-limited loss ends it without a bound', () => {
    const ride = reach('ProbeBW_UP', inFlight(BDP))
    ride.lose({ inFlight: BDP, lost: 5 * SMSS, isAppLimited: true })
    expect(stateOf(ride)).toBe('ProbeBW_DOWN')
    expect(ride.controller.bounds.longTerm).toBe(Number.POSITIVE_INFINITY)
  })

  test.each([0, 0.5])(
    '[BBR §5.3.3.5] a bound of whole bytes and %d rises by 1, 2, 4 … segments a round while it is what limits',
    (part) => {
      const ride = reach('ProbeBW_REFILL', inFlight(BDP))
      ride.controller.bounds.longTerm = BDP + part
      reach('ProbeBW_UP', inFlight(BDP), ride)
      const grown: number[] = []
      for (let i = 0; i < 6; i++) {
        const { longTerm } = ride.controller.bounds
        ride.round({ inFlight: 0.9 * BDP, inFlightAtSend: BDP })
        grown.push(Math.round((ride.controller.bounds.longTerm - longTerm) / SMSS))
      }
      for (let i = 2; i < 6; i++) expect(grown[i]).toBeGreaterThan(grown[i - 1]!)
      expect(grown[5]! / grown[3]!).toBeGreaterThan(2)
      expect(grown[5]! / grown[3]!).toBeLessThan(5)
    },
  )

  test('[BBR §5.3.3.6] precaution: after a probe that went too high the next one stops at the bound; after that, one more at once', () => {
    const ride = reach('ProbeBW_UP', inFlight(BDP))
    ride.lose({ inFlight: 1.2 * BDP, lost: 5 * SMSS })
    expect(ride.controller.cycle.wasTooHigh).toBe(true)
    const { longTerm } = ride.controller.bounds
    reach('ProbeBW_UP', inFlight(0.8 * BDP), ride)
    ride.acknowledge(SMSS, { inFlight: longTerm, inFlightAtSend: 0.8 * BDP })
    expect(stateOf(ride)).toBe('ProbeBW_DOWN')
    expect(ride.controller.cycle.wasPrecautionary).toBe(true)
    for (let i = 0; i < 2 && stateOf(ride) === 'ProbeBW_DOWN'; i++) ride.round(inFlight(BDP))
    expect(stateOf(ride)).toBe('ProbeBW_REFILL')
    reach('ProbeBW_UP', inFlight(BDP), ride)
    ride.acknowledge(SMSS, inFlight(ride.controller.bounds.longTerm))
    expect(stateOf(ride)).toBe('ProbeBW_UP')
  })

  test('[RFC3168 §6.1.2] a mark of ECN is as good as a loss', () => {
    const ride = reach('ProbeBW_UP', inFlight(BDP))
    ride.beginRecovery('reduction')
    ride.acknowledge(SMSS, { inFlightAtSend: BDP })
    expect(stateOf(ride)).toBe('ProbeBW_DOWN')
    expect(ride.controller.bounds.longTerm).toBe(BDP)
  })
})

describe('ProbeRTT', () => {
  /** The round trip was 100 ms once, and is longer now. */
  function due(): Ride<Bbr> {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    const end = ride.now + 6 * SECOND
    while (ride.now < end && stateOf(ride) !== 'ProbeRTT') ride.round({ inFlight: BDP, rtt: ride.rtt + 1 })
    return ride
  }

  test('[BBR §5.3.4.1] comes when for five seconds no round trip was as short as the shortest', () => {
    const ride = begin()
    const began = ride.now
    reach('ProbeBW_CRUISE', { inFlight: 0.9 * BDP, rtt: ride.rtt + 1 }, ride)
    while (stateOf(ride) !== 'ProbeRTT') ride.round({ inFlight: BDP, rtt: ride.rtt + 2 })
    expect(ride.now - began).toBeGreaterThan(5 * SECOND)
    expect(ride.now - began).toBeLessThan(6.5 * SECOND)
  })

  test('[BBR §5.3.4.1] does not come while the shortest round trip is seen', () => {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    for (let i = 0; i < 100; i++) {
      ride.round(inFlight(BDP))
      expect(stateOf(ride)).not.toBe('ProbeRTT')
      ride.rtt -= 1
    }
  })

  test('[BBR §5.3.4.3] holds half of what the path holds for 200 ms and a round, then cruises on with the window as it was', () => {
    const ride = due()
    expect(stateOf(ride)).toBe('ProbeRTT')
    expect(ride.controller.window).toBeGreaterThanOrEqual(0.5 * BDP)
    expect(ride.controller.window).toBeLessThanOrEqual(0.51 * BDP)
    ride.round(inFlight(0.6 * BDP))
    const began = ride.now
    while (stateOf(ride) === 'ProbeRTT') ride.round(inFlight(0.5 * BDP))
    expect(ride.now - began).toBeGreaterThan(200 * MILLISECOND)
    expect(ride.now - began).toBeLessThan(450 * MILLISECOND)
    expect(stateOf(ride)).toBe('ProbeBW_CRUISE')
    expect(ride.controller.window).toBeGreaterThanOrEqual(2 * BDP)
  })

  test('[BBR §5.3.4.3] its samples count as limited by the application', () => {
    const ride = due()
    ride.round(inFlight(0.5 * BDP))
    expect(ride.rate.isAppLimited).toBe(true)
  })

  test('[BBR §5.3.4.4] before the pipe was full it leads back to Startup', () => {
    const ride = begin()
    const told = { isAppLimited: true, inFlight: 4 * SMSS, rtt: ride.rtt + 1 }
    while (stateOf(ride) === 'Startup') ride.round(told)
    expect(stateOf(ride)).toBe('ProbeRTT')
    while (stateOf(ride) === 'ProbeRTT') ride.round(told)
    expect(stateOf(ride)).toBe('Startup')
  })

  test('[BBR §5.4.1] idling is as good', () => {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    ride.now += 20 * SECOND
    ride.controller.onIdleEnd(ride.now)
    expect(ride.controller.pacingRate).toBeCloseTo(0.99 * BANDWIDTH)
    ride.acknowledge(SMSS, { inFlight: BDP, rtt: 2 * ride.rtt })
    expect(stateOf(ride)).not.toBe('ProbeRTT')
    expect(ride.controller.path.minimumRtt).toBe(2 * ride.rtt)
  })

  test('[BBR §5.4.1] idling ends it when its time is over', () => {
    const ride = due()
    ride.acknowledge(SMSS, inFlight(SMSS))
    ride.now += SECOND
    ride.controller.onIdleEnd(ride.now)
    expect(stateOf(ride)).toBe('ProbeBW_CRUISE')
    expect(ride.controller.window).toBeGreaterThanOrEqual(2 * BDP)
  })
})

describe('the model', () => {
  test('[BBR §5.5.9] bundles of acknowledgements enlarge the window by what they bring too much', () => {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    const { window } = ride.controller
    for (let i = 0; i < 20; i++) {
      ride.now += 50 * MILLISECOND
      ride.acknowledge(50 * SMSS, { inFlight: BDP, rate: BANDWIDTH })
    }
    expect(ride.controller.aggregation.extra).toBeGreaterThan(30 * SMSS)
    expect(ride.controller.window - window).toBeGreaterThan(25 * SMSS)
  })

  test('[BBR §5.6.4.3] four segments at least, however little the path holds', () => {
    const ride = begin()
    ride.capacity = SMSS
    reach('ProbeBW_CRUISE', inFlight(SMSS), ride)
    expect(ride.controller.window).toBeGreaterThanOrEqual(4 * SMSS)
    expect(ride.controller.pacingRate).toBeCloseTo((0.99 * BANDWIDTH) / 100)
  })

  test('[BBR §5.5.7.2] a round trip is forgotten after ten seconds', () => {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    const old = ride.rtt
    ride.rtt *= 2
    const end = ride.now + 9 * SECOND
    while (ride.now < end) ride.round(inFlight(0.4 * BDP))
    expect(ride.controller.path.minimumRtt).toBe(old)
    while (ride.now < end + 2 * SECOND) ride.round(inFlight(0.4 * BDP))
    expect(ride.controller.path.minimumRtt).toBe(2 * old)
  })
})

describe('a loss that was none', () => {
  test('[BBR §5.5.11.2] gives back Startup, window and bounds', () => {
    const ride = begin()
    for (let i = 0; i < 3; i++) ride.round()
    lose(ride, 6)
    ride.beginRecovery()
    for (let i = 0; i < 3 && stateOf(ride) === 'Startup'; i++)
      ride.round({ lost: 10 * SMSS, inFlight: 2 * BDP })
    expect(stateOf(ride)).toBe('Drain')
    const { window } = ride.controller
    ride.undo()
    expect(stateOf(ride)).toBe('Startup')
    expect(ride.controller.fullPipe.wasFull).toBe(false)
    expect(ride.controller.bounds.longTerm).toBe(Number.POSITIVE_INFINITY)
    expect(ride.controller.window).toBeGreaterThanOrEqual(window)
  })

  test('[BBR §5.5.11.2] begins a probe for bandwidth anew', () => {
    const ride = reach('ProbeBW_UP', inFlight(BDP))
    ride.lose({ inFlight: BDP, lost: 5 * SMSS })
    ride.beginRecovery()
    expect(stateOf(ride)).toBe('ProbeBW_DOWN')
    ride.undo()
    expect(stateOf(ride)).toBe('ProbeBW_REFILL')
    expect(ride.controller.bounds.longTerm).toBe(Number.POSITIVE_INFINITY)
  })

  test('[BBR §5.5.11.2] gives back what a time-out took', () => {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    const { window } = ride.controller
    ride.timeout()
    ride.acknowledge(SMSS, inFlight(SMSS))
    expect(ride.controller.window).toBe(4 * SMSS)
    ride.undo()
    expect(ride.controller.window).toBe(window)
  })

  test('[BBR §5.6.4.4] a recovery that was none too many ends with the window before it, within the bounds', () => {
    const ride = reach('ProbeBW_CRUISE', inFlight(BDP))
    ride.timeout()
    ride.acknowledge(SMSS, inFlight(SMSS))
    ride.endRecovery()
    expect(ride.controller.window).toBeGreaterThan(BDP)
  })
})

test('[BBR §5.3.1.2] a plateau is three rounds in a row with less than a quarter more', () => {
  const pipe = new BbrFullPipe()
  const sample = new RateSample()
  const rounds = (...rates: number[]) => {
    for (const rate of rates) pipe.check(Object.assign(sample, { rate }), true)
    return pipe.isFull
  }
  expect(rounds(1000, 1249, 1200, 1250, 1300, 1500)).toBe(false)
  expect(rounds(0, 0, 0)).toBe(false) // no reliable rate
  expect(rounds(1562)).toBe(true)
  pipe.reset(1000)
  expect(rounds(1100, 1200)).toBe(false)
  pipe.check(sample, false) // within a round
  expect(pipe.isFull).toBe(false)
  expect(rounds(1249)).toBe(true)
})
