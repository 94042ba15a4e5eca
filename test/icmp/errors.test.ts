import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import { MORE_FRAGMENTS } from '../../src/wire/ipv4.ts'
import { BenchStack } from '../support/bench-stack.ts'
import { fragmentsOf, icmpPacket, ip, ipPacket, pattern, tcpPacket, udpPacket } from '../support/packets.ts'
import { sumsUp, transportOf } from '../support/recording-sink.ts'

/** Type and code of what answers the packet, or undefined. */
function answer(packet: Uint8Array): string | undefined {
  const bench = new BenchStack()
  const [sent] = bench.turn(packet)
  expect(bench.faults).toEqual([])
  return sent && `${sent.bytes[9]}: ${sent.bytes[20]}/${sent.bytes[21]}`
}

describe('reported', () => {
  test('[RFC1122 §3.2.2.1] a protocol that we do not speak', () => {
    expect(answer(ipPacket(pattern(8), { protocol: 132 }))).toBe('1: 3/2')
  })

  test('[RFC1122 §4.1.3.1] a UDP port where nobody listens', () => {
    expect(answer(udpPacket(pattern(8)))).toBe('1: 3/3')
  })

  test('[RFC792 Destination Unreachable] quotes the packet unchanged, bytes 4 to 7 are zero', () => {
    const packet = udpPacket(pattern(8), { tos: 4, ttl: 1, options: Uint8Array.from([1, 1, 1, 0]) })
    const [error] = new BenchStack().turn(packet)
    const message = transportOf(error!.bytes)
    expect(sumsUp(message)).toBe(true)
    expect([...message.subarray(4, 8)]).toEqual([0, 0, 0, 0])
    expect(message.subarray(8)).toEqual(packet)
  })

  test('[RFC1812 §4.3.2.3] quotes no more than fits 576 bytes', () => {
    const packet = udpPacket(pattern(1000))
    const [error] = new BenchStack().turn(packet)
    expect(error!.bytes).toHaveLength(576)
    expect(error!.bytes.subarray(28)).toEqual(packet.subarray(0, 548))
  })

  test('[RFC1122 §3.2.2, RFC1812 §4.3.2.2] TOS bits are zero, precedence is internetwork control, the TTL is our own', () => {
    const [error] = new BenchStack().turn(udpPacket(pattern(8), { tos: 0x1e, ttl: 1 }))
    expect(error!.bytes[1]).toBe(0xc0)
    expect(error!.bytes[8]).toBe(64)
  })

  test('[RFC1122 §3.2.2] of a reassembled datagram the whole header and the beginning', () => {
    const bench = new BenchStack()
    const whole = udpPacket(pattern(1000))
    const payload = whole.subarray(20)
    const fields = { protocol: 17 }
    const one = ipPacket(payload.subarray(0, 512), { ...fields, fragmentBits: MORE_FRAGMENTS })
    const [error] = bench.turn(one, ipPacket(payload.subarray(512), { ...fields, fragmentBits: 64 }))
    expect(error!.bytes.subarray(28)).toEqual(whole.subarray(0, 548))
  })
})

describe('[RFC1122 §3.2.2, RFC1812 §4.3.2.7, RFC792 Introduction] never reported', () => {
  const unreachable = icmpPacket(3, 3, 0, udpPacket(pattern(8)))
  test.each([
    ['an ICMP error', unreachable],
    ['a datagram to broadcast', udpPacket(pattern(8), { destination: ip('10.9.0.255') })],
    ['a datagram to everyone', udpPacket(pattern(8), { destination: ip('255.255.255.255') })],
    ['a datagram to multicast', udpPacket(pattern(8), { destination: ip('224.0.0.1') })],
    [
      'an unknown protocol to broadcast',
      ipPacket(pattern(8), { destination: ip('10.9.0.255'), protocol: 132 }),
    ],
    ['a fragment that is not the first', ipPacket(pattern(8), { fragmentBits: 4, protocol: 132 })],
    ['a segment to broadcast', tcpPacket(pattern(0), { destination: ip('10.9.0.255'), flags: 2 })],
    ['a source that is no host', udpPacket(pattern(8), { source: ip('0.0.0.0') })],
  ])('%s', (_what, packet) => expect(answer(packet)).toBeUndefined())
})

test.each([
  [8, true],
  [0, true],
  [13, true],
  [18, true],
  [3, false],
  [11, false],
  [12, false],
  [9, false],
  [19, false],
  [40, false],
])('[RFC1122 §3.2.2] the time-out of a fragmented message of type %i is reported: %s', (type, isReported) => {
  const bench = new BenchStack()
  const [zero] = fragmentsOf(icmpPacket(type, 0, 0, pattern(1000)), 512)
  bench.turn(zero!)
  bench.now = 30 * SECOND
  expect(bench.turn()).toHaveLength(isReported ? 1 : 0)
})

describe('the rate limit', () => {
  const port = (source: string) => udpPacket(pattern(8), { source: ip(source) })

  test('[RFC1812 §4.3.2.8] one destination gets six at once, then one a second', () => {
    const bench = new BenchStack()
    const flood = Array.from({ length: 20 }, () => port('10.9.0.1'))
    expect(bench.turn(...flood)).toHaveLength(6)
    expect(bench.stack.counters.icmp.OutRateLimitHost).toBe(14)
    bench.now = SECOND - 1
    expect(bench.turn(...flood)).toHaveLength(0)
    bench.now = SECOND
    expect(bench.turn(...flood)).toHaveLength(1)
    bench.now = 60 * SECOND
    expect(bench.turn(...flood)).toHaveLength(6)
  })

  test('[RFC1812 §4.3.2.8] all together get icmp_msgs_burst at once and icmp_msgs_per_sec', () => {
    const bench = new BenchStack()
    const strangers = Array.from({ length: 500 }, (_, i) => port(`192.0.${i >> 8}.${(i & 255) % 254}`))
    const burst = bench.turn(...strangers).length
    expect(burst).toBeGreaterThan(25)
    expect(burst).toBeLessThan(100)
    let sent = 0
    for (let i = 0; i < 1000; i++) {
      bench.now += SECOND / 1000
      sent += bench.turn(...strangers.slice(0, 5)).length
    }
    expect(bench.stack.counters.icmp.OutRateLimitGlobal).toBeGreaterThan(3000)
    expect(sent).toBeLessThan(1200)
  })

  test('[RFC1812 §4.3.2.8] echo replies are not under it, and icmp_ratemask says what is', () => {
    const bench = new BenchStack()
    bench.stack.sysctls.icmp.icmp_ratemask = 0
    const flood = Array.from({ length: 200 }, () => port('10.9.0.1'))
    expect(bench.turn(...flood)).toHaveLength(200)
  })

  test('[RFC1812 §4.3.2.8] icmp_ratelimit 0 leaves only the limit for all', () => {
    const bench = new BenchStack()
    bench.stack.sysctls.icmp.icmp_ratelimit = 0
    const flood = Array.from({ length: 20 }, () => port('10.9.0.1'))
    expect(bench.turn(...flood)).toHaveLength(20)
  })
})

test('a full ring of replies drops and counts', () => {
  const bench = new BenchStack()
  bench.stack.sysctls.icmp.icmp_ratemask = 0
  const flood = Array.from({ length: 1024 }, () => udpPacket(pattern(0)))
  bench.receive(0, 0, flood)
  bench.receive(0, 0, flood.slice(0, 10))
  expect(bench.turn()).toHaveLength(1024)
  expect(bench.stack.counters.stack.RepliesDropped).toBe(10)
  expect(bench.stack.counters.icmp.OutErrors).toBe(10)
})
