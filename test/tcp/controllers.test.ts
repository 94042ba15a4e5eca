import { beforeEach, describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { INFINITE_THRESHOLD } from '../../src/tcp/congestion.ts'
import { controllerNames, createController } from '../../src/tcp/controllers.ts'
import { NewReno } from '../../src/tcp/newreno.ts'
import { Ride, SMSS } from './ride.ts'

/** What every controller is held to. */
describe.each(controllerNames())('contract: %s', (name) => {
  let ride: Ride

  beforeEach(() => {
    ride = Ride.of(name)
  })

  test('has the name it is asked for by', () => {
    expect(ride.controller.name).toBe(name)
  })

  test('[RFC5681 §3.1] begins with the initial window and a threshold as high as can be', () => {
    expect(ride.controller.window).toBe(10 * SMSS)
    expect(ride.controller.threshold).toBe(INFINITE_THRESHOLD)
  })

  test('[RFC5681 §3.1] slow start: no more than doubles in a round trip, and grows', () => {
    for (const most of [20, 40, 80]) {
      const before = ride.controller.window
      ride.round()
      expect(ride.controller.window).toBeGreaterThan(before)
      expect(ride.controller.window).toBeLessThanOrEqual(most * SMSS)
    }
  })

  test('[RFC7661 §4.3] does not grow without end while something else limits the sender', () => {
    ride.round()
    const before = ride.controller.window
    const told = { isIdle: true, rate: 10_000, delivered: SMSS, inFlight: SMSS, inFlightAtSend: SMSS }
    for (let i = 0; i < 200; i++) {
      ride.now += ride.rtt
      ride.acknowledge(SMSS, { ...told, priorDelivered: ride.rate.delivered })
    }
    expect(ride.controller.window).toBeLessThanOrEqual(2 * before)
  })

  test('[RFC5681 §3.2] a loss that fills a round leaves a smaller window, of at least two segments', () => {
    settled()
    const before = ride.controller.window
    heavyLoss()
    expect(ride.controller.window).toBeLessThan(before)
    for (let i = 0; i < 12; i++) heavyLoss()
    expect(ride.controller.window).toBeGreaterThanOrEqual(2 * SMSS)
  })

  test('[RFC3168 §6.1.2] a mark of ECN asks for no less than a loss', () => {
    settled()
    const before = ride.controller.window
    ride.beginRecovery('reduction')
    ride.round({ rate: (0.5 * before * SECOND) / ride.rtt, delivered: 0.5 * before })
    ride.round({ rate: (0.5 * before * SECOND) / ride.rtt, delivered: 0.5 * before })
    ride.endRecovery()
    expect(ride.controller.window).toBeLessThan(before)
  })

  test('[RFC5681 §3.1] after a time-out it grows from one segment, no faster than in slow start', () => {
    settled()
    const before = ride.controller.window
    ride.timeout()
    expect(ride.controller.window).toBe(SMSS)
    ride.acknowledge(SMSS)
    expect(ride.controller.window).toBeGreaterThan(SMSS)
    expect(ride.controller.window).toBeLessThanOrEqual(4 * SMSS)
    for (let i = 0; i < 10; i++) ride.round()
    ride.endRecovery()
    expect(ride.controller.window).toBeLessThanOrEqual(2 * before)
  })

  test('[RFC4015 §3.2] what was no loss leaves the window as it was', () => {
    settled()
    const before = ride.controller.window
    ride.lose()
    ride.beginRecovery()
    for (let i = 0; i < 5; i++) ride.acknowledge(SMSS)
    ride.undo()
    expect(ride.controller.window).toBeGreaterThanOrEqual(before)
    expect(ride.controller.window).toBeLessThanOrEqual(before + 5 * SMSS)
    ride.timeout()
    ride.undo()
    expect(ride.controller.window).toBeGreaterThanOrEqual(before)
  })

  test('[RFC5681 §4.1] after idling no more than the initial window, or a rate that was measured', () => {
    for (let i = 0; i < 5; i++) ride.round()
    ride.now += 30 * SECOND
    ride.controller.onIdleEnd(ride.now)
    ride.controller.restart(ride.now)
    if (ride.controller.ownsWindow) expect(ride.controller.pacingRate).toBeGreaterThan(0)
    else expect(ride.controller.window).toBeLessThanOrEqual(10 * SMSS)
    expect(ride.controller.window).toBeGreaterThanOrEqual(SMSS)
  })

  test('[RFC5681 §3.1] super-segments: an acknowledgement of 64 KB is worth as much as those of its segments', () => {
    const ends = [1, 40].map((step) => {
      ride = Ride.of(name)
      for (let i = 0; i < 240; i += step) {
        ride.now += step * MILLISECOND
        ride.acknowledge(step * SMSS)
      }
      return ride.controller.window
    })
    expect(ends[1]! / ends[0]!).toBeGreaterThan(0.5)
    expect(ends[1]! / ends[0]!).toBeLessThan(2)
  })

  test('[tcp(7)] goes on from the window of the algorithm before it', () => {
    ride = Ride.of(name, { window: 50 * SMSS })
    expect(ride.controller.window).toBe(50 * SMSS)
    heavyLoss()
    expect(ride.controller.window).toBeGreaterThanOrEqual(2 * SMSS)
  })

  test('[RFC5681 §3.1] larger segments: the floors grow with them', () => {
    ride.controller.resize(4 * SMSS, 40 * SMSS)
    ride.beginRecovery()
    expect(ride.controller.threshold).toBeGreaterThanOrEqual(8 * SMSS)
    ride.endRecovery()
  })

  test('a ride repeats exactly', () => {
    const ends = [1, 2].map(() => {
      ride = Ride.of(name)
      settled()
      heavyLoss()
      for (let i = 0; i < 100; i++) ride.round()
      return [ride.controller.window, ride.controller.threshold, ride.controller.pacingRate]
    })
    expect(ends[0]).toEqual(ends[1])
  })

  test('smaller segments: the floors shrink with them', () => {
    ride.controller.resize(500, 5000)
    ride.timeout()
    ride.acknowledge(500)
    expect(ride.controller.window).toBeGreaterThan(SMSS)
    expect(ride.controller.window).toBeLessThanOrEqual(4 * 500)
    ride.beginRecovery()
    expect(ride.controller.threshold).toBeGreaterThanOrEqual(2 * 500)
  })

  test('the window is never below a segment, never fractional, whatever comes; the rate is a number', () => {
    const random = new SeededRandom(7)
    for (let i = 0; i < 2000; i++) {
      anything(random)
      const { window, threshold, pacingRate } = ride.controller
      expect(Number.isInteger(window)).toBe(true)
      expect(window).toBeGreaterThanOrEqual(SMSS)
      expect(threshold).toBeGreaterThanOrEqual(2 * SMSS)
      expect(pacingRate).toBeGreaterThanOrEqual(0)
      expect(pacingRate).toBeLessThan(Number.POSITIVE_INFINITY)
    }
  })

  /** The path has been found out: a window of about a hundred segments. */
  function settled(): void {
    for (let i = 0; i < 40; i++) ride.round({ isIdle: i > 3 && !ride.controller.ownsWindow })
  }

  /** Recovery from a round of which half was lost. */
  function heavyLoss(): void {
    const { window } = ride.controller
    const half = Math.max(SMSS, Math.round(window / 2 / SMSS) * SMSS)
    ride.lose({ length: half, lost: half, inFlight: window })
    ride.beginRecovery()
    const told = {
      rate: (half * SECOND) / ride.rtt,
      delivered: half,
      newlyLost: SMSS,
      lost: half,
      inFlight: half,
    }
    ride.round(told)
    ride.round(told)
    ride.endRecovery()
    ride.acknowledge(SMSS, told)
  }

  function anything(random: SeededRandom): void {
    const bytes = random.below(200) * 500
    ride.now += random.below(100_000)
    switch (random.below(9)) {
      case 0:
        ride.lose({ length: bytes, lost: bytes, inFlight: random.below(200) * SMSS })
        ride.beginRecovery()
        return
      case 1:
        ride.endRecovery()
        return
      case 2:
        ride.timeout()
        return
      case 3:
        ride.undo()
        return
      case 4:
        ride.controller.onIdleEnd(ride.now)
        ride.controller.restart(ride.now)
        return
      case 5:
        ride.beginRecovery('reduction')
        return
      default:
        ride.acknowledge(bytes, {
          rtt: random.below(10) === 0 ? -1 : 1 + random.below(SECOND),
          rate: random.below(2) * random.below(1_000_000_000),
          lost: random.below(3) * SMSS,
          inFlight: random.below(100) * SMSS,
          isIdle: random.below(3) === 0,
        })
    }
  }
})

test('an unknown controller is a fault', () => {
  expect(() => createController('vegas', new SeededRandom(1))).toThrow('no congestion controller vegas')
})

describe('NewReno', () => {
  const reno = () => new Ride(new NewReno())

  test('[RFC5681 §3.1] equation 4: half of the flight, at least two segments', () => {
    const { controller } = reno()
    expect(controller.thresholdAfterLoss(10 * SMSS)).toBe(5 * SMSS)
    expect(controller.thresholdAfterLoss(SMSS)).toBe(2 * SMSS)
  })

  test('[RFC5681 §3.1] congestion avoidance: a segment in a round trip, counted in bytes', () => {
    const ride = reno()
    ride.beginRecovery()
    ride.endRecovery()
    expect(ride.controller.window).toBe(5 * SMSS)
    for (let i = 0; i < 10; i++) ride.acknowledge(SMSS / 2)
    expect(ride.controller.window).toBe(6 * SMSS)
    ride.acknowledge(6 * SMSS)
    expect(ride.controller.window).toBe(7 * SMSS)
  })

  test('[RFC5681 §3.1] slow start ends at the threshold, and what is left counts for congestion avoidance', () => {
    const ride = reno()
    ride.timeout(10 * SMSS)
    expect(ride.controller.threshold).toBe(5 * SMSS)
    ride.acknowledge(6 * SMSS)
    expect(ride.controller.window).toBe(5 * SMSS)
    ride.acknowledge(3 * SMSS)
    expect(ride.controller.window).toBe(6 * SMSS)
  })
})

test('[RFC6928 §2] an initial window of one segment, after a lost SYN, is kept', () => {
  for (const name of controllerNames()) {
    expect(Ride.of(name, { initialWindow: SMSS, smoothedRtt: 40 * MILLISECOND }).controller.window).toBe(SMSS)
  }
})
