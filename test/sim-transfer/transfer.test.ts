import { describe, expect, test } from 'vitest'
import type { TcpCounters } from '../../src/tcp/counters.ts'
import { planOf } from './features.ts'
import { type Outcome, play } from './stage.ts'
import { complaints } from './verdict.ts'

/** In how many worlds each property is tried. */
const RUNS = 25

/** What the network does to packets, and what both ends have to choose from. */
const HARM = ['loss', 'reorder', 'duplicate', 'corrupt', 'rate']
const CHOICES = ['delay', 'mtu', 'controllers', 'options', 'recovery', 'wraps', 'chunks']

const total = (outcome: Outcome, name: keyof TcpCounters): number =>
  outcome.counters.reduce((sum, { tcp }) => sum + tcp[name], 0)

/** With all of the features at once. */
function holds(
  first: number,
  features: readonly string[],
  check: (outcome: Outcome) => void = () => {},
): void {
  for (let seed = first; seed < first + RUNS; seed++) {
    const outcome = play(planOf(seed, features))
    expect(complaints(outcome), `number ${seed}`).toEqual([])
    check(outcome)
  }
}

describe('whatever the network does', () => {
  test('[RFC9293 §3.1] what arrives is what was sent, and both ends come to rest', () => {
    holds(1000, [...HARM, ...CHOICES])
  })

  test('[RFC9293 §3.8.6] through small buffers to slow readers too', () => {
    holds(2000, [...HARM, ...CHOICES, 'buffers', 'slow readers'])
  })

  test('[RFC9293 §3.10.5] [RFC9293 §3.10.4] who aborts or closes at any moment leaves nothing behind', () => {
    holds(3000, [...HARM, ...CHOICES, 'endings'])
    holds(4000, [...HARM, ...CHOICES, 'endings', 'simultaneous'])
  })

  test('[RFC9293 §3.5] two ends that connect to each other become one connection', () => {
    holds(5000, [...HARM, ...CHOICES, 'simultaneous'], (outcome) => {
      expect(total(outcome, 'PassiveOpens')).toBe(0)
      expect(total(outcome, 'ActiveOpens')).toBe(2)
    })
  })

  test('[RFC6298 §5] over a way that loses nothing, nothing is sent twice', () => {
    holds(6000, ['delay', 'mtu', 'controllers', 'options', 'recovery', 'wraps'], (outcome) => {
      expect(total(outcome, 'RetransSegs')).toBe(0)
      expect(total(outcome, 'TCPTimeouts')).toBe(0)
      const delivered = outcome.roads.reduce((sum, road) => sum + road.counters.Delivered, 0)
      expect(total(outcome, 'InSegs')).toBe(delivered)
      expect(total(outcome, 'OutSegs')).toBe(delivered)
    })
  })
})
