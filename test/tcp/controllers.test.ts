import { beforeEach, describe, expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import { type CongestionController, INFINITE_THRESHOLD } from '../../src/tcp/congestion.ts'
import { controllerNames, createController } from '../../src/tcp/controllers.ts'
import { NewReno } from '../../src/tcp/newreno.ts'

const SMSS = 1000
const RTT = SECOND / 10

/** What every controller is held to. */
describe.each(controllerNames())('contract: %s', (name) => {
  let controller: CongestionController
  let now = 0
  const acknowledge = (bytes: number) => {
    now += 1000
    controller.onAcknowledged(bytes, RTT, true, now)
  }

  beforeEach(() => {
    now = 0
    controller = createController(name)
    controller.begin(SMSS, 10 * SMSS)
  })

  test('has the name it is asked for by', () => {
    expect(controller.name).toBe(name)
  })

  test('[RFC5681 §3.1] begins with the initial window and a threshold as high as can be', () => {
    expect(controller.window).toBe(10 * SMSS)
    expect(controller.threshold).toBe(INFINITE_THRESHOLD)
  })

  test('[RFC5681 §3.1] MUST-19: slow start: no more than doubles in a round trip, and grows', () => {
    for (let i = 0; i < 10; i++) acknowledge(SMSS)
    expect(controller.window).toBeGreaterThan(10 * SMSS)
    expect(controller.window).toBeLessThanOrEqual(20 * SMSS)
  })

  test('[RFC7661 §4.3] does not grow while something else limits the sender', () => {
    for (let i = 0; i < 100; i++) controller.onAcknowledged(SMSS, RTT, false, now)
    expect(controller.window).toBe(10 * SMSS)
  })

  test('[RFC5681 §3.2] a loss lowers the threshold below the flight, not under two segments', () => {
    for (let i = 0; i < 20; i++) acknowledge(SMSS)
    const before = controller.window
    controller.onLoss(before, now)
    expect(controller.threshold).toBeLessThan(before)
    expect(controller.threshold).toBeGreaterThanOrEqual(2 * SMSS)
    controller.onRecovered(2 * SMSS)
    expect(controller.window).toBeLessThanOrEqual(controller.threshold)
    controller.onLoss(SMSS, now)
    expect(controller.threshold).toBeGreaterThanOrEqual(2 * SMSS)
  })

  test('[RFC5681 §3.1] a time-out leaves one segment; again for the same segment, the same threshold', () => {
    controller.onTimeout(10 * SMSS, false)
    expect(controller.window).toBe(SMSS)
    const { threshold } = controller
    expect(threshold).toBeLessThan(10 * SMSS)
    controller.onTimeout(SMSS, true)
    expect(controller.threshold).toBe(threshold)
    expect(controller.window).toBe(SMSS)
  })

  test('[RFC5681 §3.1] MUST-19: above the threshold about a segment in a round trip', () => {
    controller.onTimeout(20 * SMSS, false)
    while (controller.window < controller.threshold) acknowledge(SMSS)
    for (let round = 0; round < 10; round++) {
      const before = controller.window
      for (let i = 0; i < before / SMSS; i++) acknowledge(SMSS)
      expect(controller.window).toBeGreaterThanOrEqual(before)
      expect(controller.window).toBeLessThanOrEqual(before + 2 * SMSS)
    }
    expect(controller.window).toBeGreaterThan(controller.threshold)
  })

  test('[RFC5681 §4.1] after idling no more than the initial window', () => {
    for (let i = 0; i < 50; i++) acknowledge(SMSS)
    controller.onIdle()
    expect(controller.window).toBeLessThanOrEqual(10 * SMSS)
    expect(controller.window).toBeGreaterThanOrEqual(SMSS)
  })

  test('is never below a segment, never fractional, whatever comes', () => {
    let seed = 1
    const random = (bound: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
      return seed % bound
    }
    for (let i = 0; i < 5000; i++) {
      now += random(100_000)
      const flight = random(200) * SMSS
      switch (random(8)) {
        case 0:
          controller.onLoss(flight, now)
          break
        case 1:
          controller.onDuplicate()
          break
        case 2:
          controller.onPartial(random(20 * SMSS))
          break
        case 3:
          controller.onRecovered(flight)
          break
        case 4:
          controller.onTimeout(flight, random(2) === 0)
          break
        case 5:
          controller.onIdle()
          break
        default:
          controller.onAcknowledged(random(64 * SMSS), random(SECOND), random(2) === 0, now)
      }
      expect(controller.window).toBeGreaterThanOrEqual(SMSS)
      expect(Number.isInteger(controller.window)).toBe(true)
      expect(controller.threshold).toBeGreaterThanOrEqual(2 * SMSS)
    }
  })
})

test('an unknown controller is a fault', () => {
  expect(() => createController('vegas')).toThrow('no congestion controller vegas')
})

describe('NewReno', () => {
  test('[RFC5681 §3.2] step 3: the threshold and three segments', () => {
    const reno = new NewReno()
    reno.begin(SMSS, 10 * SMSS)
    reno.onLoss(10 * SMSS)
    expect(reno.threshold).toBe(5 * SMSS)
    expect(reno.window).toBe(8 * SMSS)
    reno.onDuplicate()
    expect(reno.window).toBe(9 * SMSS)
  })

  test('[RFC6582 §3.2] step 3: a partial ACK deflates by what it acknowledges, less one segment', () => {
    const reno = new NewReno()
    reno.begin(SMSS, 10 * SMSS)
    reno.onLoss(10 * SMSS)
    reno.onPartial(3 * SMSS)
    expect(reno.window).toBe(6 * SMSS)
    reno.onPartial(SMSS / 2)
    expect(reno.window).toBe(5.5 * SMSS)
  })

  test('[RFC6582 §3.2] step 3: a full ACK ends with min(ssthresh, flight + SMSS)', () => {
    const reno = new NewReno()
    reno.begin(SMSS, 10 * SMSS)
    reno.onLoss(10 * SMSS)
    reno.onRecovered(2 * SMSS)
    expect(reno.window).toBe(3 * SMSS)
    reno.onLoss(10 * SMSS)
    reno.onRecovered(20 * SMSS)
    expect(reno.window).toBe(5 * SMSS)
  })
})
