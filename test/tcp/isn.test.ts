import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { MINUTE, SECOND } from '../../src/base/time.ts'
import { SequenceSource } from '../../src/tcp/isn.ts'
import { TcpSysctls } from '../../src/tcp/sysctls.ts'
import { distance } from '../../src/wire/seq.ts'

const US = 0x0a090002
const PEER = 0x0a090001
const source = new SequenceSource(new SeededRandom(1), new TcpSysctls())

test('[RFC9293 §3.4.1] MUST-8: the clock ticks every 4 microseconds', () => {
  const at = (now: number) => source.initial(US, 7, PEER, 40_000, now)
  expect(distance(at(0), at(3))).toBe(0)
  expect(distance(at(0), at(4))).toBe(1)
  expect(distance(at(0), at(SECOND))).toBe(250_000)
  expect(distance(at(60 * MINUTE), at(61 * MINUTE))).toBe(15_000_000)
})

test('[RFC9293 §3.4.1] it wraps after 4.77 hours, and goes on for months', () => {
  const at = (now: number) => source.initial(US, 7, PEER, 40_000, now)
  expect(at(2 ** 34)).toBe(at(0))
  const year = 365 * 24 * 60 * MINUTE
  expect(distance(at(year), at(year + SECOND))).toBe(250_000)
})

test('[RFC6528 §3] MUST-9, SHLD-1: each four-tuple has its own space', () => {
  const seen = new Set<number>()
  for (let port = 0; port < 1000; port++) {
    seen.add(source.initial(US, port, PEER, 40_000, 0))
    seen.add(source.initial(US, 7, PEER, port, 0))
    seen.add(source.initial(US, 7, PEER + 1 + port, 40_000, 0))
  }
  expect(seen.size).toBe(3000)
})

test('[RFC6528 §3] MUST-9: another secret, other numbers', () => {
  const other = new SequenceSource(new SeededRandom(2), new TcpSysctls())
  const differences = new Set<number>()
  for (let port = 0; port < 100; port++) {
    const ours = source.initial(US, 7, PEER, port, 0)
    differences.add(distance(ours, other.initial(US, 7, PEER, port, 0)))
  }
  expect(differences.size).toBe(100)
})

test('[RFC6528 §3] the numbers fill the space evenly', () => {
  const buckets = new Array(16).fill(0)
  for (let port = 0; port < 16_000; port++) {
    buckets[source.initial(US, 7, PEER, port, 0) >>> 28]++
  }
  for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(150)
})

test('[RFC7323 §7.1] timestamps: one offset for a pair of hosts, others for others', () => {
  expect(source.timestampOffset(US, PEER)).toBe(source.timestampOffset(US, PEER))
  expect(source.timestampOffset(US, PEER)).not.toBe(source.timestampOffset(US, PEER + 1))
})

test('[RFC7323 §5.4] tcp_timestamps 2: the timestamp clock is the same for all', () => {
  const plain = new SequenceSource(
    new SeededRandom(1),
    Object.assign(new TcpSysctls(), { tcp_timestamps: 2 }),
  )
  expect(plain.timestampOffset(US, PEER)).toBe(0)
  expect(source.timestampOffset(US, PEER)).not.toBe(0)
})
