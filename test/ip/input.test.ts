import { describe, expect, test } from 'vitest'
import type { IpCounters } from '../../src/ip/counters.ts'
import { put16 } from '../../src/wire/bytes.ts'
import { BenchStack } from '../support/bench-stack.ts'
import { echoRequest, ip, ipPacket, pattern, resum, udpPacket } from '../support/packets.ts'

type Counter = keyof IpCounters

/** Packets that must be dropped without an answer: the counter that says so. */
function drops(packet: Uint8Array): { sent: number; counters: IpCounters } {
  const bench = new BenchStack()
  const sent = bench.turn(packet).length
  expect(bench.faults).toEqual([])
  expect(bench.stack.counters.ip.InDelivers).toBe(0)
  return { sent, counters: bench.stack.counters.ip }
}

const changed = (offset: number, value: number): Uint8Array => {
  const packet = echoRequest(pattern(8))
  packet[offset] = value
  return packet
}

const withTotalLength = (length: number): Uint8Array => {
  const packet = echoRequest(pattern(8))
  put16(packet, 2, length)
  return resum(packet)
}

const malformed: [string, string, Uint8Array, Counter][] = [
  ['RFC1122 §3.2.1.1', 'version 5', changed(0, 0x55), 'InBadVersion'],
  ['RFC1122 §3.2.1.1', 'version 6', changed(0, 0x60), 'InVersion6'],
  ['RFC791 §3.1', 'a header length of 16 bytes', changed(0, 0x44), 'InHdrErrors'],
  ['RFC791 §3.1', 'a header longer than the packet', changed(0, 0x4f), 'InHdrErrors'],
  ['RFC1122 §3.2.1.2', 'a wrong header checksum', changed(8, 63), 'InCsumErrors'],
  ['RFC1122 §3.2.1.2', 'a wrong header checksum', changed(8, 63), 'InHdrErrors'],
  ['RFC791 §3.1', 'a total length beyond what came', withTotalLength(37), 'InTruncatedPkts'],
  ['RFC791 §3.1', 'a total length below the header', withTotalLength(19), 'InHdrErrors'],
  ['RFC791 §3.1', 'less than a header', echoRequest(pattern(8)).slice(0, 19), 'InTruncatedPkts'],
  ['RFC791 §3.1', 'nothing at all', new Uint8Array(0), 'InTruncatedPkts'],
]

test.each(malformed)('[%s] %s is a counted drop', (_clause, _what, packet, counter) => {
  const { sent, counters } = drops(packet)
  expect(sent).toBe(0)
  expect(counters[counter]).toBe(1)
  expect(counters.InReceives).toBe(counter === 'InVersion6' ? 0 : 1)
})

const martians: [string, string, Counter][] = [
  ['limited broadcast', '255.255.255.255', 'InMartianSrc'],
  ['the network’s broadcast', '10.9.0.255', 'InMartianSrc'],
  ['multicast', '224.0.0.1', 'InMartianSrc'],
  ['class E', '240.0.0.1', 'InMartianSrc'],
  ['the zero net', '0.0.0.0', 'InMartianSrc'],
  ['loopback', '127.0.0.1', 'InMartianSrc'],
  ['our own address (LAND)', '10.9.0.2', 'InOwnSrc'],
]

test.each(martians)('[RFC1122 §3.2.1.3] %s as source is a counted drop', (_what, source, counter) => {
  const { sent, counters } = drops(echoRequest(pattern(8), { source: ip(source) }))
  expect(sent).toBe(0)
  expect(counters[counter]).toBe(1)
})

const elsewhere: [string, string, Counter][] = [
  ['another host of our network', '10.9.0.3', 'InAddrErrors'],
  ['a host elsewhere', '192.0.2.1', 'InAddrErrors'],
  ['a group that nobody joined', '224.0.0.251', 'InMcastNotJoined'],
  ['loopback', '127.0.0.1', 'InMartianDst'],
  ['the zero net', '0.0.0.0', 'InMartianDst'],
  ['class E', '240.0.0.1', 'InMartianDst'],
]

test.each(elsewhere)('[RFC1122 §3.2.1.3] a packet to %s is not for us', (_what, destination, counter) => {
  const { sent, counters } = drops(echoRequest(pattern(8), { destination: ip(destination) }))
  expect(sent).toBe(0)
  expect(counters[counter]).toBe(1)
})

describe('what is taken', () => {
  test.each([0, 1, 255])('[RFC1122 §3.2.1.7] a packet to us with TTL %i', (ttl) => {
    expect(new BenchStack().turn(echoRequest(pattern(8), { ttl }))).toHaveLength(1)
  })

  test('[RFC1122 §3.2.1.8] one with options, which are skipped', () => {
    const options = Uint8Array.from([7, 7, 4, 0, 0, 0, 0, 0]) // record route, full
    const request = echoRequest(pattern(8), { options })
    const [reply] = new BenchStack().turn(request)
    expect(reply!.bytes.subarray(24)).toEqual(request.subarray(32))
  })

  test('[RFC1122 §3.2.1.8] one with options that cannot be read', () => {
    for (const list of [
      [99, 0, 0, 0],
      [99, 1, 0, 0],
      [1, 1, 1, 99],
      [99, 200, 0, 0],
    ]) {
      const request = echoRequest(pattern(8), { options: Uint8Array.from(list) })
      expect(new BenchStack().turn(request)).toHaveLength(1)
    }
  })

  test('[RFC791 §3.1] one with bytes behind its total length, which are no part of it', () => {
    const request = echoRequest(pattern(8))
    const padded = new Uint8Array(request.length + 10).fill(0xee)
    padded.set(request)
    const [reply] = new BenchStack().turn(padded)
    expect(reply!.bytes).toHaveLength(request.length)
  })

  test('[RFC1122 §3.3.6] broadcasts of our network and of all, counted as such', () => {
    const bench = new BenchStack()
    bench.turn(
      udpPacket(pattern(8), { destination: ip('10.9.0.255') }),
      udpPacket(pattern(8), { destination: ip('255.255.255.255') }),
    )
    expect(bench.stack.counters.ip).toMatchObject({ InDelivers: 2, InBcastPkts: 2, InBcastOctets: 72 })
  })

  test('[RFC3021 §2.2] on a /31 the highest address is a host', () => {
    const bench = new BenchStack({ address: { address: ip('10.9.0.2'), prefix: 31 } })
    expect(bench.turn(echoRequest(pattern(8), { source: ip('10.9.0.3') }))).toHaveLength(1)
  })
})

test.each([131, 137])('[RFC791 §3.1] a source route (option %i) is not followed', (kind) => {
  const options = Uint8Array.from([1, kind, 7, 4, 192, 0, 2, 1])
  const { sent, counters } = drops(echoRequest(pattern(8), { options }))
  expect(sent).toBe(0)
  expect(counters.InSourceRouted).toBe(1)
})

test('[RFC3168 §5] ECN codepoints are counted', () => {
  const bench = new BenchStack()
  bench.turn(...[0, 1, 2, 3].map((tos) => ipPacket(pattern(8), { tos })))
  const counters = bench.stack.counters.ip
  expect(counters).toMatchObject({ InNoECTPkts: 1, InECT1Pkts: 1, InECT0Pkts: 1, InCEPkts: 1 })
})

test('[RFC1122 §3.2.2.1] an unknown protocol is counted and reported', () => {
  const bench = new BenchStack()
  const [error] = bench.turn(ipPacket(pattern(8), { protocol: 132 }))
  expect(bench.stack.counters.ip).toMatchObject({ InUnknownProtos: 1, InDelivers: 0 })
  expect([...error!.bytes.subarray(20, 22)]).toEqual([3, 2])
})
