import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { Bottleneck } from './bottleneck.ts'

/** Shares of two flows, after the ten seconds for which BBR believes the round trip of an empty path. */
function shares(one: string, other: string, buffer: number): [number, number] {
  const path = new Bottleneck({ rate: 10e6, roundTrip: 40 * MILLISECOND, buffer: buffer * 50_000 })
  path.open(one)
  path.open(other)
  path.world.runFor(10 * SECOND)
  const [first, second] = path.measure(15 * SECOND)
  return [first! / path.payloadRate, second! / path.payloadRate]
}

describe.each([
  ['bbr', 'cubic'],
  ['bbr', 'reno'],
  ['bbr', 'bbr'],
  ['cubic', 'cubic'],
])('%s and %s', (one, other) => {
  test('[BBR §3.1] share a path between 1:4 and 4:1, and use it', () => {
    const [first, second] = shares(one, other, 1)
    expect(first / second).toBeGreaterThan(1 / 4)
    expect(first / second).toBeLessThan(4)
    expect(first + second).toBeGreaterThan(0.9)
  })
})

test.each([0.5, 2, 4])('[BBR §3.1] BBR and CUBIC, with %d times that buffer', (buffer) => {
  const [first, second] = shares('bbr', 'cubic', buffer)
  expect(first / second).toBeGreaterThan(1 / 4)
  expect(first / second).toBeLessThan(4)
})
