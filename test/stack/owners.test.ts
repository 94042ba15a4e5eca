import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Owners } from '../../src/stack/owners.ts'
import { PortSysctls } from '../../src/stack/ports.ts'
import { IcmpType, UnreachableCode } from '../../src/wire/icmp.ts'
import { MORE_FRAGMENTS, Protocol } from '../../src/wire/ipv4.ts'
import { Flag } from '../../src/wire/tcp.ts'
import { BenchStack } from '../support/bench-stack.ts'
import {
  fragmentsOf,
  icmpPacket,
  ip,
  ipPacket,
  PEER,
  pattern,
  tcpPacket,
  US,
  udpPacket,
} from '../support/packets.ts'

const COUNT = 4
const make = (self: number): Owners => new Owners(11, 22, COUNT, self, new PortSysctls())
const stacks = Array.from({ length: COUNT }, (_, self) => make(self))

/** Whose the packet is, as all stacks say; -1: whoever asks. */
function ownerOf(packet: Uint8Array): number {
  const said = stacks.map((owners) => owners.ofPacket(packet, 0, packet.length))
  if (said.every((owner, self) => owner === self)) return -1
  expect(new Set(said).size).toBe(1)
  return said[0]!
}

const flow = (remotePort: number, localPort = 7): number =>
  stacks[0]!.ofFlow(US, PEER, (remotePort << 16) | localPort)

const segment = (remotePort: number): Uint8Array =>
  tcpPacket(pattern(10), { sourcePort: remotePort, destinationPort: 7, flags: Flag.Ack })

describe('every stack says the same of a packet', () => {
  test('a connection’s segments are its four-tuple’s', () => {
    for (const port of [1, 1024, 40_000, 65_535]) expect(ownerOf(segment(port))).toBe(flow(port))
  })

  test('connections are spread evenly', () => {
    const counts = new Array<number>(COUNT).fill(0)
    for (let port = 1024; port < 11_024; port++) counts[flow(port)]!++
    for (const count of counts) expect(Math.abs(count - 2500)).toBeLessThan(200)
  })

  test('another key spreads them otherwise', () => {
    const other = new Owners(11, 23, COUNT, 0, new PortSysctls())
    const same = Array.from({ length: 1000 }, (_, i) => i + 1024).filter(
      (port) => other.ofFlow(US, PEER, (port << 16) | 7) === flow(port),
    )
    expect(Math.abs(same.length - 250)).toBeLessThan(60)
  })

  test('all fragments of a datagram are one stack’s, and datagrams are spread', () => {
    const owners = new Set<number>()
    for (let id = 0; id < 50; id++) {
      const parts = [MORE_FRAGMENTS, MORE_FRAGMENTS | 100, 200].map((fragmentBits, i) =>
        ownerOf(ipPacket(pattern(800, i), { protocol: Protocol.Udp, id, fragmentBits })),
      )
      expect(new Set(parts).size).toBe(1)
      owners.add(parts[0]!)
    }
    expect(owners.size).toBe(COUNT)
  })

  test('[RFC1122 §3.2.2] an ICMP error goes where the connection is that it quotes', () => {
    for (const port of [1, 1024, 40_000, 65_535]) {
      const sent = tcpPacket(pattern(0), {
        source: US,
        destination: PEER,
        sourcePort: 7,
        destinationPort: port,
        flags: Flag.Ack,
      })
      const router = ip('10.9.0.77')
      const error = icmpPacket(IcmpType.Unreachable, UnreachableCode.Host, 0, sent.subarray(0, 28), {
        source: router,
      })
      expect(ownerOf(error)).toBe(flow(port))
    }
  })

  test('datagrams to a server, which every stack has, go by their four-tuple', () => {
    const owners = Array.from({ length: 50 }, (_, i) =>
      ownerOf(udpPacket(pattern(8), { sourcePort: 2000 + i, destinationPort: 7 })),
    )
    expect(new Set(owners).size).toBe(COUNT)
  })

  test('datagrams to an ephemeral port, which one stack has, go there whoever sent them', () => {
    const owners = Array.from({ length: 50 }, (_, i) =>
      ownerOf(udpPacket(pattern(8), { source: PEER + i, sourcePort: 2000 + i, destinationPort: 40_000 })),
    )
    expect(new Set(owners)).toEqual(new Set([stacks[0]!.ofPort(40_000)]))
  })

  test('echo requests are answered where they come to', () => {
    expect(ownerOf(icmpPacket(IcmpType.Echo, 0, 1, pattern(56)))).toBe(-1)
  })

  test('any bytes at all have an owner, the same one for all', () => {
    const start = fc.constantFrom(
      [],
      [0x45],
      [0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6],
      [0x4f, 0, 0, 40, 0, 0, 0, 0, 64, 1],
    )
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 80 }), (first, rest) => {
        const packet = Uint8Array.from([...first, ...rest])
        expect(ownerOf(packet)).toBeLessThan(COUNT)
      }),
    )
  })
})

describe('a datagram that a stack has put together from fragments', () => {
  /** What the stack showed, and how many packets it sent. */
  function arrival(isTaken: boolean): { shown: Uint8Array[]; sent: number; whole: Uint8Array } {
    const bench = new BenchStack()
    const shown: Uint8Array[] = []
    bench.stack.onReassembled = ({ memory, start, end }) => {
      shown.push(memory.slice(start, end))
      return isTaken
    }
    const whole = udpPacket(pattern(3000), { destinationPort: 4242 })
    const sent = bench.turn(...fragmentsOf(whole, 1480)).length
    expect(bench.faults).toEqual([])
    return { shown, sent, whole }
  }

  test('is shown whole, as if it had never been cut, and its owner delivers it', () => {
    const { shown, sent, whole } = arrival(true)
    expect(shown).toEqual([whole])
    expect(sent).toBe(0)
  })

  test('is delivered here when it is nobody else’s', () => {
    const { shown, sent } = arrival(false)
    expect(shown).toHaveLength(1)
    expect(sent).toBe(1) // port unreachable
  })
})
