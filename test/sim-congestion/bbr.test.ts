import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { Level, SocketOption } from '../../src/socket/constants.ts'
import type { Bbr } from '../../src/tcp/bbr.ts'
import { Bottleneck, type BottleneckOptions, type Flow, PACKET } from './bottleneck.ts'

// Clauses are those of draft-ietf-ccwg-bbr-06; §A is its appendix of test cases.

const PATH: BottleneckOptions = { rate: 20e6, roundTrip: 40 * MILLISECOND, buffer: 500_000 }

const modelOf = (flow: Flow): Bbr => flow.connection.congestion as Bbr

/** A flow of BBR that is past its Startup. */
function settled(options: Partial<BottleneckOptions> = {}): { path: Bottleneck; flow: Flow } {
  const path = new Bottleneck({ ...PATH, ...options })
  const flow = path.open('bbr')
  path.world.runUntil(() => flow.socket.connection !== undefined && modelOf(flow).isProbingCycle, 5 * SECOND)
  return { path, flow }
}

describe('alone on a path', () => {
  test('[BBR §3.1] holds about as much in flight as the path does, in a buffer five times as large', () => {
    const { path, flow } = settled()
    const inFlight: number[] = []
    let most = 0
    const before = flow.received
    path.watch(10 * SECOND, 10 * MILLISECOND, () => {
      inFlight.push(flow.connection.recovery.inFlight(flow.connection))
      most = Math.max(most, path.queue)
    })
    const mean = inFlight.reduce((sum, each) => sum + each) / inFlight.length
    expect(mean / path.bdp).toBeGreaterThan(0.9)
    expect(mean / path.bdp).toBeLessThan(1.15)
    expect(most / path.bdp).toBeLessThan(1.2)
    expect((flow.received - before) / 10).toBeGreaterThan(0.95 * path.payloadRate)
    expect(path.link.forth.counters.QueueDropped).toBe(0)
  })

  test('[BBR §A.1] Startup finds the bandwidth to within two percent, and leaves no queue behind', () => {
    const { path, flow } = settled()
    expect(Math.abs(modelOf(flow).path.bandwidth / path.payloadRate - 1)).toBeLessThan(0.02)
    path.world.runFor(SECOND / 2)
    expect(modelOf(flow).state).toBe('ProbeBW_CRUISE')
    expect(path.queue).toBeLessThan(4 * PACKET)
  })

  test('[BBR §3.1] keeps its rate under 1 % of random loss, where CUBIC cannot', () => {
    const lossy = { ...PATH, rate: 50e6, buffer: 250_000, loss: 0.01 }
    const parts = ['bbr', 'bbr', 'bbr', 'cubic'].map((controller, seed) => {
      const path = new Bottleneck({ ...lossy, seed: seed + 1 })
      path.open(controller)
      path.world.runFor(3 * SECOND)
      return path.measure(8 * SECOND)[0]! / path.payloadRate
    })
    for (const part of parts.slice(0, 3)) expect(part).toBeGreaterThan(0.9)
    expect(parts[3]).toBeLessThan(0.2)
  }, 60_000)

  test('[BBR §5.5.10.2] a buffer of a tenth of the path costs little', () => {
    const { path, flow } = settled({ buffer: 10_000 })
    const [rate] = path.measure(10 * SECOND)
    expect(rate! / path.payloadRate).toBeGreaterThan(0.85)
    const { bytesRetransmitted, bytesAcked } = flow.connection
    expect(bytesRetransmitted / bytesAcked).toBeLessThan(0.03)
  })

  test('[BBR §A.14] uses a path that holds less than a packet', () => {
    const { path, flow } = settled({ rate: 1e6, roundTrip: 2 * MILLISECOND, buffer: 30_000 })
    const [rate] = path.measure(5 * SECOND)
    expect(rate! / path.payloadRate).toBeGreaterThan(0.95)
    expect(flow.connection.congestion.window).toBeGreaterThanOrEqual(4 * flow.connection.segmentSize)
    expect(path.queue).toBeLessThan(9 * PACKET) // three bursts of two, and two to probe with
  })
})

describe('with super-segments', () => {
  test('[BBR §5.6.3] fills a fast path by bursts of up to 64 KB, with a short queue', () => {
    const { path } = settled({ rate: 1e9, roundTrip: 10 * MILLISECOND, buffer: 2_500_000, offload: true })
    const before = path.link.forth.counters.Sent
    const [rate] = path.measure(3 * SECOND)
    expect(rate! / path.payloadRate).toBeGreaterThan(0.95)
    expect((rate! * 3) / (path.link.forth.counters.Sent - before)).toBeGreaterThan(20_000)
    expect(path.queue / path.bdp).toBeLessThan(0.5)
  })
})

describe('when the path changes', () => {
  test('[BBR §A.15] ten times the bandwidth is found with the next probe', () => {
    const { path, flow } = settled({ rate: 4e6, roundTrip: 20 * MILLISECOND, buffer: 250_000 })
    path.world.runFor(SECOND)
    path.link.forth.impairments.rate = 40e6
    path.world.runFor(4 * SECOND)
    expect(path.measure(SECOND)[0]).toBeGreaterThan(0.85 * 10 * path.payloadRate)
    expect(modelOf(flow).path.bandwidth).toBeGreaterThan(0.9 * 10 * path.payloadRate)
  })

  test('[BBR §A.16] a tenth of the bandwidth is believed after two cycles, without a standing queue', () => {
    const { path, flow } = settled({ buffer: 100_000 })
    path.world.runFor(SECOND)
    path.link.forth.impairments.rate = 2e6
    path.world.runFor(10 * SECOND)
    expect(modelOf(flow).path.bandwidth / path.payloadRate).toBeLessThan(0.11)
    expect(path.measure(5 * SECOND)[0]! / path.payloadRate).toBeGreaterThan(0.09)
    expect(path.queue).toBeLessThan(50_000)
  })

  test('[BBR §A.11] idling saves ProbeRTT', () => {
    const { path, flow } = settled()
    flow.socket.setsockopt(Level.Socket, SocketOption.SendBuffer, 200_000)
    path.world.runFor(8 * SECOND)
    flow.isPaused = true
    path.world.runFor(6 * SECOND)
    expect(flow.connection.send.flight).toBe(0)
    flow.isPaused = false
    flow.pour()
    const states = new Set<string>()
    path.watch(SECOND, 5 * MILLISECOND, () => states.add(modelOf(flow).state))
    expect([...states]).not.toContain('ProbeRTT')
    expect(path.measure(SECOND)[0]! / path.payloadRate).toBeGreaterThan(0.9)
  })
})
