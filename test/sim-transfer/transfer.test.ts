import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TcpCounters } from '../../src/tcp/counters.ts'
import type { Party } from './parties.ts'
import { NOTHING_REMAINS, type Outcome, play, type Scenario, scenarios } from './scenario.ts'

/** How many worlds each property is tried in. */
const RUNS = Number(process.env.TUNSTACK_TRANSFERS ?? 40)

/** `to` has received nothing but the beginning of what `from` sent, in order. */
function expectPrefix(from: Party, to: Party): void {
  const got = Buffer.from(to.received.buffer, 0, to.receivedLength)
  const wanted = Buffer.from(from.toSend.buffer, 0, to.receivedLength)
  if (!got.equals(wanted)) throw new Error('received what was not sent')
  expect(to.receivedLength).toBeLessThanOrEqual(from.sentLength)
}

/** What holds whatever happens. */
function expectSound(outcome: Outcome): void {
  const { client, server, remains } = outcome
  for (const each of remains) expect(each).toEqual(NOTHING_REMAINS)
  expect(client.socket.connection?.state).toBe('CLOSED')
  if (server === undefined) return
  expect(server.socket.connection?.state).toBe('CLOSED')
  expectPrefix(client, server)
  expectPrefix(server, client)
}

/** Everything arrived, and both ends closed in order. */
function expectComplete(outcome: Outcome): void {
  const { client, server } = outcome
  expect(client).toMatchObject({ error: 0, sawEnd: true, receivedLength: server?.toSend.length })
  expect(server).toMatchObject({ error: 0, sawEnd: true, receivedLength: client.toSend.length })
}

const total = (outcome: Outcome, name: keyof TcpCounters): number =>
  outcome.counters.reduce((total, counters) => total + counters[name], 0)

function holds(scenario: fc.Arbitrary<Scenario>, check: (outcome: Outcome) => void): void {
  fc.assert(
    fc.property(scenario, (one) => {
      const outcome = play(one)
      expectSound(outcome)
      check(outcome)
    }),
    { numRuns: RUNS },
  )
}

describe('whatever the network does', () => {
  test('[RFC9293 §3.1] what arrives is what was sent, and both ends come to rest', () => {
    holds(scenarios(['half-close'], ['half-close', 'wait'], 50_000), (outcome) => {
      // With a fifth of all packets lost either way, one in some thousands of connections is given up.
      if (total(outcome, 'TCPAbortOnTimeout') === 0) expectComplete(outcome)
    })
  })

  test('[RFC9293 §3.6] the server may be the first to end', () => {
    holds(scenarios(['wait'], ['half-close'], 30_000), (outcome) => {
      if (total(outcome, 'TCPAbortOnTimeout') === 0) expectComplete(outcome)
    })
  })

  test('[RFC9293 §3.10.5] after an abort nothing remains, and what had arrived was right', () => {
    holds(scenarios(['abort'], ['half-close', 'wait', 'abort', 'leave'], 30_000), () => {})
  })

  test('[RFC9293 §3.10.4] who closes at any moment leaves nothing behind', () => {
    holds(scenarios(['leave'], ['half-close', 'wait', 'leave'], 30_000), () => {})
    const opened = scenarios(['leave'], ['half-close', 'leave'], 10_000).map(simultaneously)
    holds(opened, () => {})
  })

  test('[RFC9293 §3.5] two ends that connect to each other become one connection', () => {
    const opened = scenarios(['half-close'], ['half-close', 'wait'], 20_000).map(simultaneously)
    holds(opened, (outcome) => {
      if (total(outcome, 'TCPAbortOnTimeout') === 0) expectComplete(outcome)
      expect(total(outcome, 'PassiveOpens')).toBe(0)
    })
  })

  test('[RFC6298 §5] over a way that loses nothing, nothing is sent twice', () => {
    holds(scenarios(['half-close'], ['half-close', 'wait'], 100_000).map(unharmed), (outcome) => {
      expectComplete(outcome)
      expect(total(outcome, 'RetransSegs')).toBe(0)
      expect(total(outcome, 'TCPTimeouts')).toBe(0)
      const { forth, back } = outcome.world.links[0]!
      expect(total(outcome, 'InSegs')).toBe(forth.counters.Delivered + back.counters.Delivered)
      expect(total(outcome, 'OutSegs')).toBe(total(outcome, 'InSegs'))
    })
  })
})

const simultaneously = (scenario: Scenario): Scenario => ({
  ...scenario,
  isSimultaneous: true,
  // The other end's SYN must not come before it was sent.
  forth: { ...scenario.forth, delay: (scenario.forth.delay ?? 0) + 1 },
  back: { ...scenario.back, delay: (scenario.back.delay ?? 0) + 1 },
})

/** With delays that never change: a way that loses nothing and gives a time-out no reason. */
const unharmed = (scenario: Scenario): Scenario => ({
  ...scenario,
  forth: { delay: scenario.forth.delay ?? 0 },
  back: { delay: scenario.back.delay ?? 0 },
})
