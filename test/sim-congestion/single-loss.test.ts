import { describe, expect, test } from 'vitest'
import { MILLISECOND } from '../../src/base/time.ts'
import { controllerNames } from '../../src/tcp/controllers.ts'
import { Bottleneck } from './bottleneck.ts'

const SEGMENTS = 30
const ROUND_TRIP = 40 * MILLISECOND
/** Packets that go before the data: SYN and the last acknowledgement of the handshake. */
const HANDSHAKE = 2
const NEVER_AGAIN = 1 << 30
const POSITIONS = Array.from({ length: SEGMENTS }, (_, i) => i + 1)

interface Outcome {
  /** Round trips until all was acknowledged, from the first SYN. */
  rounds: number
  timeouts: number
  probes: number
  isLost: boolean
}

/** Thirty segments, of which the one at `position` is lost; 0: none. */
function transfer(controller: string, hasSack: boolean, position: number): Outcome {
  const firstLoss = position === 0 ? NEVER_AGAIN : HANDSHAKE + position
  const options = { rate: 100e6, roundTrip: ROUND_TRIP, buffer: 1 << 20, lossEvery: NEVER_AGAIN, firstLoss }
  const path = new Bottleneck({ ...options, hasSack, arena: 1 << 20 })
  const flow = path.open(controller)
  flow.isPaused = true
  const bytes = SEGMENTS * (hasSack ? 1448 : 1460)
  path.world.runUntil(() => flow.socket.isOpen && flow.connection.state === 'ESTABLISHED', ROUND_TRIP * 3)
  const { connection } = flow
  expect(flow.socket.send(new Uint8Array(bytes), 0, bytes)).toBe(bytes)
  path.world.runUntil(() => flow.received === bytes && connection.send.flight === 0, ROUND_TRIP * 60)
  expect(flow.received).toBe(bytes)
  const { TCPTimeouts, TCPLossProbes } = path.counters
  return {
    rounds: path.world.now / ROUND_TRIP,
    timeouts: TCPTimeouts,
    probes: TCPLossProbes,
    isLost: connection.retransmits > 0,
  }
}

describe.each(controllerNames())('one of thirty segments lost, with %s', (controller) => {
  test('[RFC8985 §6, §7] with SACK and timestamps: recovered without a time-out, the last one by a probe', () => {
    const clean = transfer(controller, true, 0)
    expect(clean).toMatchObject({ isLost: false, timeouts: 0, probes: 0 })
    for (const position of POSITIONS) {
      const { rounds, timeouts, probes, isLost } = transfer(controller, true, position)
      expect({ position, isLost, timeouts }).toEqual({ position, isLost: true, timeouts: 0 })
      if (position === SEGMENTS) expect(probes).toBe(1)
      // A probe leaves after two round trips; when one segment is out, when the time-out would have come, 200 ms later.
      expect(rounds - clean.rounds).toBeLessThan(position < SEGMENTS ? 4 : 9)
    }
  })

  test('[RFC5681 §3.2] without SACK: recovered without a time-out wherever three segments follow', () => {
    const clean = transfer(controller, false, 0)
    for (const position of POSITIONS) {
      const { rounds, timeouts, isLost } = transfer(controller, false, position)
      const isTail = position > SEGMENTS - 3
      expect({ position, isLost, timeouts }).toEqual({ position, isLost: true, timeouts: Number(isTail) })
      if (!isTail) expect(rounds - clean.rounds).toBeLessThan(controller === 'bbr' ? 6 : 3) // BBR leaves Startup and drains
    }
  })
})
