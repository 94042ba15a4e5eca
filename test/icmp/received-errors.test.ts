import { beforeEach, describe, expect, test } from 'vitest'
import type { IcmpError } from '../../src/tcp/host.ts'
import { BenchStack } from '../support/bench-stack.ts'
import { icmpPacket, ip, PEER, pattern, tcpPacket, US, udpPacket } from '../support/packets.ts'

let bench: BenchStack
let heard: IcmpError[]

beforeEach(() => {
  bench = new BenchStack()
  heard = []
  bench.stack.tcp.icmpError = (error) => {
    const { type, code, mtu, source, destination, sourcePort, destinationPort, seq } = error
    heard.push({ type, code, mtu, source, destination, sourcePort, destinationPort, seq })
  }
})

/** A segment of ours, as an error quotes it. */
const ours = (fields = {}) =>
  tcpPacket(pattern(100), {
    source: US,
    destination: PEER,
    sourcePort: 80,
    destinationPort: 5000,
    seq: 0x7fff_fff0,
    flags: 16,
    ...fields,
  })

const gets = (type: number, code: number, rest: number, quote: Uint8Array, fields = {}) =>
  bench.turn(icmpPacket(type, code, rest, quote, { source: ip('192.0.2.1'), ...fields }))

test.each([
  [3, 0],
  [3, 1],
  [3, 3],
  [3, 5],
  [3, 13],
  [11, 0],
  [11, 1],
  [12, 0],
])(
  '[RFC1122 §3.2.2 §3.2.2.1 §3.2.2.4 §3.2.2.5] type %i code %i reaches the transport that it quotes',
  (type, code) => {
    expect(gets(type, code, 0, ours().subarray(0, 28))).toEqual([])
    expect(heard).toEqual([
      {
        type,
        code,
        mtu: 0,
        source: US,
        destination: PEER,
        sourcePort: 80,
        destinationPort: 5000,
        seq: 0x7fff_fff0,
      },
    ])
  },
)

test('[RFC1122 §3.2.2] a quoted header with options is read past them', () => {
  gets(3, 1, 0, ours({ options: Uint8Array.from([1, 1, 1, 1, 1, 1, 1, 0]) }).subarray(0, 36))
  expect(heard[0]).toMatchObject({ sourcePort: 80, seq: 0x7fff_fff0 })
})

describe('[RFC1191 §4] fragmentation needed', () => {
  test('names the next hop’s MTU', () => {
    gets(3, 4, 1400, ours())
    expect(heard[0]).toMatchObject({ type: 3, code: 4, mtu: 1400 })
  })

  test.each([
    [120, 68],
    [1500, 1492],
    [1492, 1006],
    [577, 508],
    [68, 68],
  ])('[RFC1191 §7.1] without it, a packet of %i bytes means a plateau of %i', (length, mtu) => {
    const quote = ours()
    quote[2] = length >> 8
    quote[3] = length & 0xff
    gets(3, 4, 0, quote)
    expect(heard[0]!.mtu).toBe(mtu)
  })
})

describe('ignored', () => {
  test('[RFC6633 §5] source quench', () => {
    gets(4, 0, 0, ours())
    expect(heard).toEqual([])
    expect(bench.stack.counters.icmp).toMatchObject({ InSrcQuenchs: 1, InErrors: 0 })
  })

  test('[RFC1122 §3.2.2.2] redirects', () => {
    gets(5, 1, ip('10.9.0.9'), ours())
    expect(heard).toEqual([])
    expect(bench.stack.counters.icmp.InRedirects).toBe(1)
  })

  test.each([0, 8, 19, 20, 27])('[RFC1122 §3.2.2] a quote of %i bytes says nothing', (length) => {
    gets(3, 1, 0, ours().subarray(0, length))
    expect(heard).toEqual([])
    expect(bench.stack.counters.icmp.InErrors).toBe(1)
  })

  test('[RFC5927 §4] a quote of somebody else’s packet', () => {
    gets(3, 1, 0, ours({ source: ip('10.9.0.3') }))
    expect(heard).toEqual([])
    expect(bench.stack.counters.icmp.InForeignQuote).toBe(1)
  })

  test('a quoted fragment without a transport header', () => {
    gets(3, 1, 0, ours({ fragmentBits: 5 }))
    expect(heard).toEqual([])
  })

  test('an error to broadcast', () => {
    gets(3, 1, 0, ours(), { destination: ip('10.9.0.255') })
    expect(heard).toEqual([])
  })

  test('a quoted protocol that keeps no connections', () => {
    gets(3, 1, 0, icmpPacket(8, 0, 0, pattern(8), { source: US, destination: PEER }))
    gets(3, 1, 0, udpPacket(pattern(8), { source: US, destination: PEER }))
    expect(heard).toEqual([])
    expect(bench.faults).toEqual([])
  })
})
