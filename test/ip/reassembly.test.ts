import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import { MORE_FRAGMENTS, Protocol } from '../../src/wire/ipv4.ts'
import { BenchStack } from '../support/bench-stack.ts'
import { echoRequest, fragmentsOf, ip, ipPacket, pattern } from '../support/packets.ts'
import { sumsUp, transportOf } from '../support/recording-sink.ts'

const counters = (bench: BenchStack) => bench.stack.counters.ip

/** The data of the echo reply that was sent in pieces. */
function joined(bench: BenchStack, packets: readonly { bytes: Uint8Array }[]): Uint8Array {
  const all = packets.map((packet) => transportOf(packet.bytes))
  const out = new Uint8Array(all.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of all) {
    out.set(piece, at)
    at += piece.length
  }
  expect(bench.faults).toEqual([])
  expect(sumsUp(out)).toBe(true)
  return out.subarray(8)
}

/** An unfinished datagram of an unknown protocol. */
const first = (fields = {}, size = 16) =>
  ipPacket(pattern(size), { protocol: 253, fragmentBits: MORE_FRAGMENTS, ...fields })

test('[RFC1122 §3.3.2] fragments in any order make the datagram', () => {
  const data = pattern(4000)
  const fragments = fragmentsOf(echoRequest(data), 1480)
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
    [2, 0, 1],
  ]) {
    const bench = new BenchStack()
    expect(joined(bench, bench.turn(...order.map((i) => fragments[i]!)))).toEqual(data)
    expect(counters(bench)).toMatchObject({ ReasmReqds: 3, ReasmOKs: 1, ReasmFails: 0 })
  }
})

test('[RFC791 §3.2] whatever the sizes, the order and the repetitions: what was cut is what arrives', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 9000 }),
    fc.integer({ min: 1, max: 250 }),
    fc.infiniteStream(fc.nat()),
    (length, units, choices) => {
      const data = pattern(length, units)
      const fragments = fragmentsOf(echoRequest(data), units * 8)
      const waiting = fragments.flatMap((f, i) => (i % 3 === 0 && i + 1 < fragments.length ? [f, f] : [f]))
      const bench = new BenchStack()
      bench.sink.mtu = 65535
      while (waiting.length > 0) {
        const [fragment] = waiting.splice(choices.next().value! % waiting.length, 1)
        const sent = bench.turn(fragment!)
        if (sent.length === 0) continue
        expect(joined(bench, sent)).toEqual(data)
        return
      }
      expect(fragments).toHaveLength(0)
    },
  )
  fc.assert(property, { numRuns: 60, seed: 1 })
})

test('[RFC1122 §3.2.1.4 §3.3.2] the largest datagram of all, 65,535 bytes', () => {
  const bench = new BenchStack()
  const data = pattern(65_507)
  expect(joined(bench, bench.turn(...fragmentsOf(echoRequest(data), 1480)))).toEqual(data)
})

test('the whole datagram has a block of its own until the flush, and the parts none', () => {
  const bench = new BenchStack()
  const before = bench.arena.used
  bench.turn(...fragmentsOf(echoRequest(pattern(8000)), 1480))
  expect(bench.stack.ip.reassembly.bytes).toBe(0)
  expect(bench.arena.used - before).toBe(8192)
  bench.turn()
  expect(bench.arena.used).toBe(before)
})

test('[RFC791 §3.2] source, destination, protocol and identification tell datagrams apart', () => {
  const bench = new BenchStack()
  const data = pattern(1000)
  const mixed = [{}, { id: 8 }, { source: ip('10.9.0.9') }, { destination: ip('10.9.0.255') }].map((fields) =>
    fragmentsOf(echoRequest(data, fields), 512),
  )
  bench.turn(...mixed.map((pair) => pair[0]!))
  expect(bench.stack.ip.reassembly.size).toBe(4)
  expect(bench.turn(...mixed.map((pair) => pair[1]!))).toHaveLength(3)
  expect(counters(bench).ReasmOKs).toBe(4)
})

describe('overlaps', () => {
  const [a, b, c] = fragmentsOf(echoRequest(pattern(40)), 16)
  const shifted = ipPacket(pattern(16), { protocol: Protocol.Icmp, fragmentBits: MORE_FRAGMENTS | 1 })

  test('[RFC5722 §4] a partial overlap takes the whole datagram with it', () => {
    const bench = new BenchStack()
    expect(bench.turn(a!, shifted)).toEqual([])
    expect(counters(bench)).toMatchObject({ ReasmOverlaps: 1, ReasmFails: 1 })
    expect(bench.turn(b!, c!)).toEqual([])
    expect(bench.stack.ip.reassembly.size).toBe(1)
  })

  test('[RFC5722 §4] an exact repetition is no overlap', () => {
    const bench = new BenchStack()
    expect(bench.turn(a!, a!, c!, c!, b!)).toHaveLength(1)
    expect(counters(bench)).toMatchObject({ ReasmDuplicates: 2, ReasmOverlaps: 0, ReasmOKs: 1 })
  })

  test('[RFC815 §3] what contradicts the known end fails the datagram', () => {
    const bench = new BenchStack()
    const beyond = ipPacket(pattern(16), { protocol: Protocol.Icmp, fragmentBits: MORE_FRAGMENTS | 8 })
    bench.turn(c!, beyond)
    expect(counters(bench)).toMatchObject({ ReasmFails: 1, ReasmOKs: 0 })
    const early = ipPacket(pattern(8), { protocol: Protocol.Icmp, fragmentBits: 2 })
    bench.turn(a!, b!, early)
    expect(counters(bench)).toMatchObject({ ReasmFails: 2, ReasmOKs: 0 })
    expect(bench.stack.ip.reassembly.size).toBe(0)
  })
})

test('[RFC791 §3.2] a datagram beyond 65,535 bytes (ping of death) is refused', () => {
  const bench = new BenchStack()
  bench.turn(first(), ipPacket(pattern(100), { fragmentBits: 0x1fff }))
  expect(counters(bench)).toMatchObject({ ReasmFails: 1, InDelivers: 0 })
  expect(bench.stack.ip.reassembly.bytes).toBe(0)
})

test('[RFC791 §3.2] an empty fragment, and one shorter than eight bytes that is not the last, are refused', () => {
  const bench = new BenchStack()
  bench.turn(first({}, 0), first({ id: 8 }, 7))
  expect(counters(bench).ReasmFails).toBe(2)
})

describe('the time limit', () => {
  test('[RFC1122 §3.3.2] after ipfrag_time the parts go, with Time Exceeded when fragment zero had come', () => {
    const bench = new BenchStack()
    const fragment = first({ tos: 8 }, 1480)
    expect(bench.turn(fragment)).toEqual([])
    expect(bench.stack.nextDeadline()).toBe(30 * SECOND)
    bench.now = 30 * SECOND - 1
    expect(bench.turn()).toEqual([])
    bench.now = 30 * SECOND
    const [error, ...more] = bench.turn()
    expect(more).toEqual([])
    const message = transportOf(error!.bytes)
    expect([...message.subarray(0, 2)]).toEqual([11, 1])
    expect(message.subarray(8)).toEqual(fragment.subarray(0, 548))
    expect(sumsUp(message)).toBe(true)
    expect(counters(bench)).toMatchObject({ ReasmTimeout: 1, ReasmFails: 1 })
    expect(bench.stack.nextDeadline()).toBe(Number.POSITIVE_INFINITY)
    bench.turn()
    expect(bench.stack.ip.reassembly.bytes).toBe(0)
  })

  test('[RFC792 Time Exceeded] quotes fragment zero alone, also when it was not the first to come', () => {
    const bench = new BenchStack()
    const options = new Uint8Array(40).fill(1)
    const zero = first({ options }, 24)
    bench.turn(ipPacket(pattern(800), { fragmentBits: MORE_FRAGMENTS | 100 }), zero)
    bench.now = 30 * SECOND
    const [error] = bench.turn()
    expect(error!.bytes.subarray(28)).toEqual(zero)
  })

  test('[RFC792 Time Exceeded] none without fragment zero', () => {
    const bench = new BenchStack()
    bench.turn(ipPacket(pattern(16), { fragmentBits: MORE_FRAGMENTS | 2 }))
    bench.now = 31 * SECOND
    expect(bench.turn()).toEqual([])
    expect(counters(bench)).toMatchObject({ ReasmTimeout: 1 })
  })

  test('[RFC1122 §3.3.2] a later fragment does not prolong it', () => {
    const bench = new BenchStack()
    bench.turn(first())
    bench.now = 20 * SECOND
    bench.turn(ipPacket(pattern(16), { fragmentBits: MORE_FRAGMENTS | 4 }))
    expect(bench.stack.nextDeadline()).toBe(30 * SECOND)
  })
})

describe('bounds', () => {
  test('one source holds at most ipfrag_source_thresh: its oldest datagrams go', () => {
    const bench = new BenchStack()
    const reassembly = bench.stack.ip.reassembly
    bench.turn(first({ source: ip('10.9.0.77') }))
    for (let id = 0; id < 2000; id++) bench.turn(first({ id }, 1000))
    const limit = bench.stack.sysctls.ip.ipfrag_source_thresh
    expect(reassembly.bytes).toBeLessThanOrEqual(limit + 4096)
    expect(reassembly.bytes).toBeGreaterThan(limit - 8192)
    // The other source's datagram is still there, and so is the youngest of the flood.
    const rest = ipPacket(pattern(8), { source: ip('10.9.0.77'), fragmentBits: 2 })
    bench.turn(rest, ipPacket(pattern(8), { id: 1999, fragmentBits: 125 }))
    expect(counters(bench).ReasmOKs).toBe(2)
  })

  test('all together hold at most ipfrag_high_thresh', () => {
    const bench = new BenchStack()
    const before = bench.arena.used
    for (let i = 0; i < 5000; i++) bench.turn(first({ source: ip('10.1.0.0') + i }))
    const limit = bench.stack.sysctls.ip.ipfrag_high_thresh
    expect(bench.stack.ip.reassembly.bytes).toBeLessThanOrEqual(limit)
    expect(bench.arena.used - before).toBeLessThanOrEqual(limit)
    bench.now = 31 * SECOND
    bench.turn()
    bench.turn()
    expect(bench.arena.used).toBe(before)
    expect(bench.stack.ip.reassembly.size).toBe(0)
  })

  test('a lone fragment from the far end of a datagram takes little more than its length', () => {
    const bench = new BenchStack()
    bench.turn(ipPacket(pattern(8), { fragmentBits: 0x1ff0 }))
    expect(bench.stack.ip.reassembly.bytes).toBe(2048)
  })

  test('a threshold of zero refuses all fragments', () => {
    const bench = new BenchStack()
    bench.stack.sysctls.ip.ipfrag_high_thresh = 0
    bench.turn(first())
    expect(counters(bench).ReasmFails).toBe(1)
    expect(bench.stack.ip.reassembly.size).toBe(0)
  })
})

describe('[RFC3168 §5.3] congestion marks', () => {
  const echo = (...tos: number[]) => {
    const bench = new BenchStack()
    const sent = bench.turn(
      ...tos.map((value, i) => fragmentsOf(echoRequest(pattern(1000), { tos: value }), 512)[i]!),
    )
    return sent[0]?.bytes[1]
  }

  test('one marked fragment marks the datagram', () => {
    expect(echo(2, 3)).toBe(3)
    expect(echo(3, 2)).toBe(3)
    expect(echo(2, 2)).toBe(2)
  })

  test('marked and not capable do not mix', () => {
    expect(echo(0, 3)).toBeUndefined()
  })
})
