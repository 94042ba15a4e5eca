import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import { Settings } from '../../src/tcp/settings.ts'
import { pseudoHeader } from '../../src/wire/checksum.ts'
import { Drop } from '../../src/wire/drop.ts'
import { isIcmpError } from '../../src/wire/icmp.ts'
import { Ipv4Header, Protocol, readIpv4 } from '../../src/wire/ipv4.ts'
import { BenchStack } from '../support/bench-stack.ts'
import {
  echoRequest,
  fragmentsOf,
  icmpPacket,
  ip,
  PEER,
  pattern,
  resum,
  tcpPacket,
  US,
  udpPacket,
} from '../support/packets.ts'
import { type Sent, sumsUp, transportOf } from '../support/recording-sink.ts'

/** Packets of every kind, to be spoilt. */
const SEEDS: Uint8Array[] = [
  echoRequest(pattern(56)),
  echoRequest(pattern(3), { options: Uint8Array.from([7, 7, 4, 0, 0, 0, 0, 0]) }),
  icmpPacket(13, 0, 1, pattern(12)),
  icmpPacket(3, 3, 0, udpPacket(pattern(8), { source: US, destination: PEER, sourcePort: 7 })),
  icmpPacket(3, 4, 576, tcpPacket(pattern(8), { source: US, destination: PEER, flags: 16 })),
  udpPacket(pattern(100)),
  udpPacket(pattern(100), { destinationPort: 99 }),
  udpPacket(pattern(100), { destination: ip('10.9.0.255') }),
  tcpPacket(new Uint8Array(0), { flags: 2, seq: 0x7fff_ffff }),
  tcpPacket(pattern(9), { flags: 24, seq: -1, ack: 1 }),
  tcpPacket(new Uint8Array(0), { flags: 2, destinationPort: 99 }),
  ...fragmentsOf(echoRequest(pattern(1000)), 400),
  ...fragmentsOf(udpPacket(pattern(1000), { id: 9 }), 256),
]

/** A packet with some bytes changed and perhaps its end cut; with the IP checksum made right, or its own made right by luck alone. */
const spoilt = fc
  .record({
    seed: fc.nat({ max: SEEDS.length - 1 }),
    changes: fc.array(fc.tuple(fc.nat({ max: 70 }), fc.nat({ max: 255 })), { maxLength: 4 }),
    cut: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat({ max: 60 })),
    isResummed: fc.boolean(),
  })
  .map(({ seed, changes, cut, isResummed }) => {
    const packet = SEEDS[seed]!.slice()
    for (const [at, value] of changes) if (at < packet.length) packet[at] = value
    if (isResummed) resum(packet)
    return packet.slice(0, Math.max(0, packet.length - cut))
  })

const anything = fc.oneof({ weight: 9, arbitrary: spoilt }, fc.uint8Array({ maxLength: 100 }))

/** What every packet of ours must be, whatever provoked it. */
function isWellFormed({ bytes }: Sent): void {
  const header = new Ipv4Header()
  expect(readIpv4(header, bytes, 0, bytes.length)).toBe(Drop.None)
  expect(header.totalLength).toBe(bytes.length)
  expect(bytes.length).toBeLessThanOrEqual(1500)
  expect(header.source).toBe(US)
  expect(header.ttl).toBe(64)
  const transport = transportOf(bytes)
  if (header.moreFragments || header.fragmentOffset > 0) return
  if (header.protocol === Protocol.Icmp) {
    expect(sumsUp(transport)).toBe(true)
    const quoted = new Ipv4Header()
    if (!isIcmpError(transport[0]!)) return
    readIpv4(quoted, transport, 8, transport.length)
    expect(quoted.fragmentOffset).toBe(0)
    expect(quoted.destination).toBe(US)
    if (quoted.protocol === Protocol.Icmp) expect(isIcmpError(transport[28]!)).toBe(false)
  } else
    expect(sumsUp(transport, pseudoHeader(US, header.destination, header.protocol, transport.length))).toBe(
      true,
    )
}

test('[RFC1122 §1.2.2] whatever arrives: no exception, nothing malformed leaves, no memory stays', () => {
  const property = fc.property(fc.array(fc.array(anything, { maxLength: 5 }), { maxLength: 12 }), (turns) => {
    const bench = new BenchStack()
    bench.stack.tcp.listen(0, 7, 8, new Settings(bench.stack.sysctls.tcp))
    const socket = bench.stack.udp.open()
    socket.bind(0, 7)
    const before = bench.arena.used
    for (const packets of turns) {
      for (const sent of bench.turn(...packets)) isWellFormed(sent)
      bench.now += SECOND
    }
    socket.close()
    bench.now += 31 * SECOND
    for (let i = 0; i < 3; i++) for (const sent of bench.turn()) isWellFormed(sent)
    expect(bench.faults).toEqual([])
    expect(bench.arena.used).toBe(before)
  })
  fc.assert(property, { numRuns: 150, seed: 1 })
})
