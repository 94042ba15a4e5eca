import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import type { IcmpCounters } from '../../src/icmp/counters.ts'
import { IcmpType } from '../../src/wire/icmp.ts'
import { MORE_FRAGMENTS } from '../../src/wire/ipv4.ts'
import { BenchStack } from '../support/bench-stack.ts'
import { echoRequest, icmpPacket, ip, ipPacket, pattern, US, udpPacket } from '../support/packets.ts'
import { sumsUp, transportOf } from '../support/recording-sink.ts'

const addressAt = (packet: Uint8Array, offset: number): number => new DataView(packet.buffer).getInt32(offset)

test.each([0, 1, 2, 55, 56, 57, 1471, 1472])('[RFC792 Echo] %i bytes of data return unchanged', (length) => {
  for (const fill of [pattern(length), new Uint8Array(length), new Uint8Array(length).fill(0xff)]) {
    const request = echoRequest(fill)
    const [reply] = new BenchStack().turn(request)
    const message = transportOf(reply!.bytes)
    expect(message[0]).toBe(IcmpType.EchoReply)
    expect(sumsUp(message)).toBe(true)
    expect(message.subarray(4)).toEqual(request.subarray(24))
  }
})

test('[RFC1122 §3.2.2.6, RFC1812 §4.3.3.6] a request larger than the MTU is answered in fragments', () => {
  const bench = new BenchStack()
  bench.receive(0, 0, [])
  bench.sink.mtu = 576
  const sent = bench.turn(echoRequest(pattern(8000)))
  expect(sent.length).toBeGreaterThan(14)
  expect(sent.every(({ bytes }) => bytes.length <= 576)).toBe(true)
  expect(bench.stack.counters.ip).toMatchObject({ FragOKs: 1, FragCreates: sent.length })
  const data = sent.flatMap(({ bytes }) => [...transportOf(bytes)])
  expect(Uint8Array.from(data.slice(8))).toEqual(pattern(8000))
})

test('[RFC1812 §4.3.2.5] the reply has the request’s TOS and a TTL of its own', () => {
  const [reply] = new BenchStack().turn(echoRequest(pattern(8), { tos: 0xb8, ttl: 3 }))
  expect(reply!.bytes[1]).toBe(0xb8)
  expect(reply!.bytes[8]).toBe(64)
})

test('[RFC792 Echo] a request with a code keeps it', () => {
  const [reply] = new BenchStack().turn(icmpPacket(IcmpType.Echo, 9, 1, pattern(8)))
  expect(reply!.bytes[21]).toBe(9)
  expect(sumsUp(transportOf(reply!.bytes))).toBe(true)
})

test('[RFC6864 §4.3] two replies that may be fragmented have different identifications', () => {
  const replies = new BenchStack().turn(echoRequest(pattern(8)), echoRequest(pattern(8)))
  const ids = replies.map(({ bytes }) => (bytes[4]! << 8) | bytes[5]!)
  expect(ids[0]).not.toBe(ids[1])
})

describe('[RFC1122 §3.2.2.6] requests to broadcast and multicast', () => {
  test.each(['10.9.0.255', '255.255.255.255', '224.0.0.1'])('%s is not answered', (destination) => {
    const bench = new BenchStack()
    expect(bench.turn(echoRequest(pattern(8), { destination: ip(destination) }))).toEqual([])
    expect(bench.stack.counters.icmp).toMatchObject({ InEchos: 1, InIgnored: 1 })
  })

  test('but is, from our address, when icmp_echo_ignore_broadcasts is 0', () => {
    const bench = new BenchStack()
    bench.stack.sysctls.icmp.icmp_echo_ignore_broadcasts = 0
    const [reply] = bench.turn(echoRequest(pattern(8), { destination: ip('10.9.0.255') }))
    expect(addressAt(reply!.bytes, 12)).toBe(US)
  })
})

test('[RFC1812 §4.3.3.6] icmp_echo_ignore_all silences us', () => {
  const bench = new BenchStack()
  bench.stack.sysctls.set('icmp_echo_ignore_all', '1')
  expect(bench.turn(echoRequest(pattern(8)))).toEqual([])
})

describe('timestamps', () => {
  test('[RFC792 Timestamp] a reply echoes the originate time and marks its own as non-standard', () => {
    const bench = new BenchStack()
    bench.now = 5_000_000
    const [reply] = bench.turn(icmpPacket(IcmpType.Timestamp, 0, 0x0102_0304, pattern(12)))
    const message = transportOf(reply!.bytes)
    expect(message).toHaveLength(20)
    expect(message[0]).toBe(IcmpType.TimestampReply)
    expect(message.subarray(4, 8)).toEqual(Uint8Array.from([1, 2, 3, 4]))
    expect(message.subarray(8, 12)).toEqual(pattern(12).subarray(0, 4))
    const own = Uint8Array.from([0x80, 0, 5000 >> 8, 5000 & 0xff])
    expect(message.subarray(12, 16)).toEqual(own)
    expect(message.subarray(16, 20)).toEqual(own)
    expect(sumsUp(message)).toBe(true)
  })

  test('one with no more than the originate time is answered, as by Linux', () => {
    expect(new BenchStack().turn(icmpPacket(IcmpType.Timestamp, 0, 0, pattern(4)))).toHaveLength(1)
  })

  test('[RFC792 Timestamp] one too short is an error', () => {
    const bench = new BenchStack()
    expect(bench.turn(icmpPacket(IcmpType.Timestamp, 0, 0, pattern(3)))).toEqual([])
    expect(bench.stack.counters.icmp.InErrors).toBe(1)
  })
})

describe('[RFC1122 §3.2.2 §3.2.2.7 §3.2.2.9] dropped silently', () => {
  test.each([0, 1, 2, 9, 10, 14, 15, 16, 17, 18, 19, 40, 255])('type %i', (type) => {
    const bench = new BenchStack()
    expect(bench.turn(icmpPacket(type, 0, 0, pattern(20)))).toEqual([])
    expect(bench.stack.counters.icmp.InType[type]).toBe(1)
    expect(bench.stack.counters.icmp.InErrors).toBe(type > 18 ? 1 : 0)
  })

  test('a wrong checksum, also in the last odd byte', () => {
    const bench = new BenchStack()
    const request = echoRequest(pattern(9))
    request[request.length - 1]! ^= 1
    expect(bench.turn(request)).toEqual([])
    expect(bench.stack.counters.icmp).toMatchObject({ InMsgs: 1, InErrors: 1, InCsumErrors: 1, InEchos: 0 })
  })

  test('a message shorter than its header', () => {
    const bench = new BenchStack()
    const request = echoRequest(new Uint8Array(0))
    request[3] = 27
    request[11]! += 1
    expect(bench.turn(request.slice(0, 27))).toEqual([])
    expect(bench.stack.counters.icmp).toMatchObject({ InMsgs: 1, InErrors: 1, InCsumErrors: 0 })
  })
})

const IN: [number, keyof IcmpCounters][] = [
  [0, 'InEchoReps'],
  [3, 'InDestUnreachs'],
  [4, 'InSrcQuenchs'],
  [5, 'InRedirects'],
  [8, 'InEchos'],
  [11, 'InTimeExcds'],
  [12, 'InParmProbs'],
  [13, 'InTimestamps'],
  [14, 'InTimestampReps'],
  [17, 'InAddrMasks'],
  [18, 'InAddrMaskReps'],
]

test.each(IN)('type %i is counted as %s', (type, name) => {
  const bench = new BenchStack()
  bench.turn(icmpPacket(type, 0, 0, pattern(40)))
  const { icmp } = bench.stack.counters
  expect(IN.map(([, other]) => icmp[other])).toEqual(IN.map(([, other]) => (other === name ? 1 : 0)))
  expect([...icmp.InType]).toEqual(Array.from({ length: 256 }, (_, i) => (i === type ? 1 : 0)))
})

test('what is sent is counted by name and by type', () => {
  const bench = new BenchStack()
  bench.turn(
    udpPacket(pattern(8)),
    icmpPacket(13, 0, 0, pattern(12)),
    ipPacket(pattern(8), { fragmentBits: MORE_FRAGMENTS }),
  )
  bench.now = 30 * SECOND
  bench.turn()
  const { icmp } = bench.stack.counters
  expect(icmp).toMatchObject({
    OutMsgs: 3,
    OutDestUnreachs: 1,
    OutTimestampReps: 1,
    OutTimeExcds: 1,
    OutEchoReps: 0,
  })
  expect([3, 14, 11].map((type) => icmp.OutType[type])).toEqual([1, 1, 1])
})

test('an answer is counted by name and by type', () => {
  const bench = new BenchStack()
  bench.turn(echoRequest(pattern(8)), echoRequest(pattern(8)))
  const { icmp, ip: ipCounters } = bench.stack.counters
  expect(icmp).toMatchObject({ InMsgs: 2, InEchos: 2, OutMsgs: 2, OutEchoReps: 2 })
  expect(icmp.InType[8]).toBe(2)
  expect(icmp.OutType[0]).toBe(2)
  expect(ipCounters).toMatchObject({ InReceives: 2, InDelivers: 2, OutRequests: 2, OutOctets: 72 })
})
