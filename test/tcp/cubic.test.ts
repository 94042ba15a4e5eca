import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { Cubic } from '../../src/tcp/cubic.ts'
import { Ride, SMSS } from './ride.ts'

const C = 0.4
const BETA = 0.7

/** CUBIC in congestion avoidance after a loss with `segments` in the window. */
function afterLoss(segments: number, rtt: number): Ride<Cubic> {
  const ride = new Ride(new Cubic())
  ride.rtt = rtt
  ride.capacity = 10_000 * SMSS
  ride.controller.threshold = segments * SMSS
  ride.controller.window = segments * SMSS
  lose(ride)
  return ride
}

function lose(ride: Ride<Cubic>): void {
  ride.lose()
  ride.beginRecovery()
  ride.endRecovery()
}

const windowOf = (ride: Ride<Cubic>): number => ride.controller.window / SMSS

/** Rounds until `duration` has passed; returns the window, segments. */
function windowAfter(ride: Ride<Cubic>, duration: number): number {
  const end = ride.now + duration
  while (ride.now < end) ride.round()
  return windowOf(ride)
}

describe('the curve', () => {
  test('[RFC9438 §4.6] a loss leaves seven tenths', () => {
    const ride = afterLoss(100, 100 * MILLISECOND)
    expect(windowOf(ride)).toBe(70)
    expect(ride.controller.threshold).toBe(70 * SMSS)
  })

  test('[RFC9438 §4.6] not under two segments', () => {
    const { controller } = afterLoss(100, 100 * MILLISECOND)
    controller.window = SMSS
    expect(controller.thresholdAfterLoss()).toBe(2 * SMSS)
  })

  test('[RFC9438 §4.2] W_cubic(t) = C (t - K)^3 + W_max, a round trip ahead', () => {
    const ride = afterLoss(1000, 100 * MILLISECOND)
    const k = Math.cbrt((1000 * (1 - BETA)) / C)
    const began = ride.now
    for (const t of [1, 3, 6, 9, 12, 14]) {
      while (ride.now < began + t * SECOND) ride.round()
      const elapsed = (ride.now - began) / SECOND
      const curve = C * (elapsed - k) ** 3 + 1000
      expect(Math.abs(windowOf(ride) - curve) / curve).toBeLessThan(0.02)
    }
  })

  test('[RFC9438 §4.4] concave up to W_max, which it reaches after K; [RFC9438 §4.5] convex beyond', () => {
    const ride = afterLoss(1000, 100 * MILLISECOND)
    const k = Math.cbrt(300 / C) * SECOND
    const grown = [0.25, 0.5, 0.75, 1, 1.25, 1.5].map(() => {
      const before = windowOf(ride)
      return windowAfter(ride, k / 4) - before
    })
    expect(grown[0]).toBeGreaterThan(grown[1]!)
    expect(grown[1]).toBeGreaterThan(grown[2]!)
    expect(grown[2]).toBeGreaterThan(grown[3]!)
    expect(grown[5]).toBeGreaterThan(grown[4]!)
  })

  test('[RFC9438 §4.2] the target is at most one and a half windows', () => {
    const ride = afterLoss(10, 10 * SECOND)
    for (let i = 0; i < 5; i++) {
      const before = windowOf(ride)
      ride.round()
      expect(windowOf(ride)).toBeLessThanOrEqual(1.66 * before)
    }
  })

  test('[RFC9438 §4.7] fast convergence: who loses below W_max aims lower', () => {
    const ride = afterLoss(1000, 100 * MILLISECOND)
    lose(ride) // at 700: W_max becomes 700 * (1 + β) / 2 = 595, the window 490
    expect(windowOf(ride)).toBe(490)
    const k = Math.cbrt((595 - 490) / C)
    expect(windowAfter(ride, k * SECOND)).toBeGreaterThan(0.98 * 595)
    expect(windowOf(ride)).toBeLessThan(1.02 * 595)
    const other = afterLoss(700, 100 * MILLISECOND)
    expect(windowAfter(other, 5 * SECOND)).toBeGreaterThan(windowAfter(afterLossTwice(), 5 * SECOND))
  })

  /** The same window, after two losses. */
  function afterLossTwice(): Ride<Cubic> {
    const ride = afterLoss(1000, 100 * MILLISECOND)
    lose(ride)
    return ride
  }

  test('[RFC9438 §4.8] after a time-out the curve begins at its flat middle', () => {
    const ride = afterLoss(1000, 100 * MILLISECOND)
    ride.timeout(700 * SMSS)
    expect(ride.controller.threshold).toBe(490 * SMSS)
    while (windowOf(ride) < 490) ride.round()
    const start = windowOf(ride)
    // K is 0: after 3 s C t³ = 11 segments, and not the 190 of a curve towards the old maximum.
    const grown = windowAfter(ride, 3 * SECOND) - start
    expect(grown).toBeGreaterThan(5)
    expect(grown).toBeLessThan(35)
  })

  test('[RFC9438 §4.9.2] a spurious loss leaves no trace on the curve', () => {
    const [one, other] = [afterLoss(1000, 100 * MILLISECOND), afterLoss(1000, 100 * MILLISECOND)]
    for (const ride of [one, other]) windowAfter(ride, 3 * SECOND)
    one.lose()
    one.beginRecovery()
    one.undo()
    expect(Math.abs(windowAfter(one, 5 * SECOND) - windowAfter(other, 5 * SECOND))).toBeLessThan(2)
  })

  test('[RFC9438 §5.8] time in which the application is slow is no time', () => {
    const [one, other] = [afterLoss(1000, 100 * MILLISECOND), afterLoss(1000, 100 * MILLISECOND)]
    for (const ride of [one, other]) windowAfter(ride, 2 * SECOND)
    one.acknowledge(SMSS, { isIdle: true })
    for (let i = 0; i < 100; i++) {
      one.now += SECOND / 10
      one.acknowledge(SMSS, { isIdle: true })
    }
    one.now += 60 * SECOND
    one.controller.onIdleEnd(one.now)
    expect(Math.abs(windowAfter(one, 3 * SECOND) - windowAfter(other, 3 * SECOND))).toBeLessThan(6)
  })
})

describe('the Reno-friendly region', () => {
  test('[RFC9438 §4.3] with short round trips it grows as AIMD(0.53, 0.7) does, and by a segment a round trip beyond the old window', () => {
    const ride = afterLoss(20, MILLISECOND)
    const alpha = (3 * (1 - BETA)) / (1 + BETA)
    for (let i = 0; i < 8; i++) ride.round()
    expect(windowOf(ride)).toBeCloseTo(14 + 8 * alpha, 0)
    while (windowOf(ride) < 20) ride.round()
    const before = windowOf(ride)
    for (let i = 0; i < 10; i++) ride.round()
    expect(windowOf(ride) - before).toBeGreaterThan(9)
    expect(windowOf(ride) - before).toBeLessThan(11)
  })

  test('[RFC9438 §4.3] W_est counts what was acknowledged, however it was bundled', () => {
    const [one, other] = [afterLoss(20, MILLISECOND), afterLoss(20, MILLISECOND)]
    for (let i = 0; i < 70; i++) {
      one.acknowledge(SMSS)
      other.acknowledge(SMSS / 2)
      other.acknowledge(SMSS / 2)
    }
    expect(Math.abs(windowOf(one) - windowOf(other))).toBeLessThan(0.1)
  })
})

describe('the response function', () => {
  // AVG_W_cubic = 1.054 (RTT / p)^(3/4), or Reno's sqrt(1.5 / p) where that is more. The function speaks of the steady state, in which each loss
  // comes just as the window is back at W_max; fast convergence leads away from it, and the flat curve only slowly back: begin near it.
  test.each([
    [1e-2, 100 * MILLISECOND, 12],
    [1e-3, 100 * MILLISECOND, 38],
    [1e-4, 100 * MILLISECOND, 187],
    [1e-5, 100 * MILLISECOND, 1054],
    [1e-3, 10 * MILLISECOND, 38],
    [1e-4, 10 * MILLISECOND, 120],
    [1e-5, 10 * MILLISECOND, 379],
  ])('[RFC9438 §5.1] p = %f, RTT = %d µs: %d segments on average', (p, rtt, expected) => {
    const average = averageWindow(p, rtt, expected)
    expect(Math.abs(average / expected - 1)).toBeLessThan(0.05)
  })

  /** Segments in flight on average when one in 1/p is lost, recovery taking no time. */
  function averageWindow(p: number, rtt: number, expected: number): number {
    const ride = afterLoss(expected / 0.95, rtt)
    const period = Math.round(1 / p)
    const lossesBefore = 12
    let [segments, losses, began] = [0, 0, 0]
    for (; losses < lossesBefore + 8; segments++) {
      ride.now += (rtt * SMSS) / ride.controller.window
      ride.acknowledge(SMSS)
      if (segments % period !== period - 1) continue
      lose(ride)
      if (++losses === lossesBefore) began = ride.now
    }
    return (8 * period) / ((ride.now - began) / rtt)
  }
})
