import { beforeEach, describe, expect, test } from 'vitest'
import { PacketFlag } from '../../src/base/packet-table.ts'
import { UdpMessage } from '../../src/udp/receive-queue.ts'
import type { UdpSocket } from '../../src/udp/socket.ts'
import { pseudoHeader } from '../../src/wire/checksum.ts'
import { BenchStack } from '../support/bench-stack.ts'
import { icmpPacket, ip, PEER, pattern, US, udpPacket } from '../support/packets.ts'
import { sumsUp, transportOf, wordAt } from '../support/recording-sink.ts'

let bench: BenchStack
let socket: UdpSocket
const message = new UdpMessage()
const buffer = new Uint8Array(65536)

beforeEach(() => {
  bench = new BenchStack()
  socket = bench.stack.udp.open()
})

const counters = () => bench.stack.counters.udp

/** The payload of the next datagram, or undefined. */
function received(from = socket): Uint8Array | undefined {
  const length = from.receive(message, buffer, 0, buffer.length)
  return length === -1 ? undefined : buffer.slice(0, length)
}

const send = (data: Uint8Array, address?: number, port?: number) =>
  socket.send(data, 0, data.length, address, port)

describe('receiving', () => {
  beforeEach(() => {
    expect(socket.bind(0, 7)).toBe('done')
  })

  test.each([0, 1, 7, 1472])('[RFC768] a datagram of %i bytes arrives with its addresses', (length) => {
    bench.turn(udpPacket(pattern(length), { tos: 8, ttl: 3 }))
    expect(received()).toEqual(pattern(length))
    expect(message).toMatchObject({ source: PEER, sourcePort: 4000, destination: US, tos: 8, ttl: 3, length })
    expect(received()).toBeUndefined()
    expect(counters()).toMatchObject({ InDatagrams: 1, InErrors: 0, NoPorts: 0 })
  })

  test('[RFC1122 §4.1.3.4] a wrong checksum is a silent, counted drop', () => {
    const packet = udpPacket(pattern(9))
    packet[packet.length - 1]! ^= 0x40
    expect(bench.turn(packet)).toEqual([])
    expect(received()).toBeUndefined()
    expect(counters()).toMatchObject({ InErrors: 1, InCsumErrors: 1, InDatagrams: 0 })
  })

  test('[RFC1122 §4.1.3.4] one without a checksum is accepted', () => {
    bench.turn(udpPacket(pattern(9), { hasNoChecksum: true }))
    expect(received()).toEqual(pattern(9))
  })

  test.each([1, 8, 10, 30])(
    'datagrams of %i bytes that the kernel hands over in one are told apart',
    (size) => {
      const data = pattern(30)
      bench.turnWith(PacketFlag.NeedsChecksum | PacketFlag.Gso, size, udpPacket(data))
      for (let at = 0; at < 30; at += size) expect(received()).toEqual(data.slice(at, at + size))
      expect(received()).toBeUndefined()
      expect(counters()).toMatchObject({ InDatagrams: Math.ceil(30 / size), InErrors: 0 })
    },
  )

  test('a checksum that the local kernel left partial, or that the device has seen, is not looked at', () => {
    const packet = udpPacket(pattern(9))
    packet[26]! ^= 0xff
    bench.turnWith(PacketFlag.NeedsChecksum, 0, packet)
    bench.turnWith(PacketFlag.ChecksumValid, 0, packet)
    expect(counters().InDatagrams).toBe(2)
    bench.turnWith(PacketFlag.ChecksumBad, 0, udpPacket(pattern(9)))
    expect(counters()).toMatchObject({ InDatagrams: 2, InCsumErrors: 1 })
  })

  test('[RFC768] a length below eight or beyond the packet is an error, one below it cuts', () => {
    for (const length of [7, 18]) {
      const packet = udpPacket(pattern(9), { hasNoChecksum: true })
      packet[25] = length
      bench.turn(packet)
    }
    expect(counters()).toMatchObject({ InErrors: 2, InDatagrams: 0 })
    const short = udpPacket(pattern(9), { hasNoChecksum: true })
    short[25] = 12
    bench.turn(short)
    expect(received()).toEqual(pattern(9).subarray(0, 4))
  })

  test('[RFC1122 §4.1.3.6] a source that is no host is dropped', () => {
    expect(bench.turn(udpPacket(pattern(9), { source: ip('224.0.0.1') }))).toEqual([])
    expect(received()).toBeUndefined()
  })

  test('a short buffer loses the rest, and is told how much there was; peeking leaves it', () => {
    bench.turn(udpPacket(pattern(100)))
    expect(socket.receive(message, buffer, 0, 10, true)).toBe(10)
    expect(socket.receive(message, buffer, 0, 10)).toBe(10)
    expect(message.length).toBe(100)
    expect(buffer.subarray(0, 10)).toEqual(pattern(100).subarray(0, 10))
    expect(received()).toBeUndefined()
  })

  test('the queue is bounded by bytes; what does not fit is dropped and counted', () => {
    const flood = Array.from({ length: 300 }, () => udpPacket(pattern(1000)))
    bench.turn(...flood)
    const { RcvbufErrors, InErrors, InDatagrams } = counters()
    expect(InDatagrams).toBe(Math.floor(212_992 / 1016))
    expect(RcvbufErrors).toBe(300 - InDatagrams)
    expect(InErrors).toBe(RcvbufErrors)
    expect(socket.drops).toBe(RcvbufErrors)
    for (let i = 0; i < InDatagrams; i++) expect(received()).toEqual(pattern(1000))
  })

  test('an empty queue takes one datagram whatever its limit', () => {
    socket.receiveLimit = 10
    bench.turn(udpPacket(pattern(1000)), udpPacket(pattern(1000)))
    expect(counters()).toMatchObject({ InDatagrams: 1, RcvbufErrors: 1 })
  })

  test('all queues together are bounded by udp_mem, and what is read gives its memory back', () => {
    const before = bench.arena.used
    bench.stack.sysctls.udp.udp_mem = [0, 0, 16]
    const other = bench.stack.udp.open()
    other.bind(0, 8)
    const flood = Array.from({ length: 60 }, (_, i) =>
      udpPacket(pattern(1400), { destinationPort: 7 + (i & 1) }),
    )
    bench.turn(...flood)
    expect(bench.stack.udp.held).toBeLessThanOrEqual(65536)
    expect(counters().MemErrors).toBeGreaterThan(0)
    while (received() !== undefined || received(other) !== undefined);
    expect(bench.stack.udp.held).toBe(0)
    expect(bench.arena.used).toBe(before)
  })

  test('the callback runs in the application phase, once for many datagrams', () => {
    let calls = 0
    socket.onReady = () => calls++
    bench.receive(0, 0, [udpPacket(pattern(1)), udpPacket(pattern(1))])
    expect(calls).toBe(0)
    bench.stack.runApplications()
    expect(calls).toBe(1)
  })
})

describe('who receives', () => {
  const open = (address: string, port: number) => {
    const s = bench.stack.udp.open()
    expect(s.bind(ip(address), port)).toBe('done')
    return s
  }

  test('[RFC768] the port decides; a closed one is answered with Port Unreachable', () => {
    open('0.0.0.0', 8)
    const [error] = bench.turn(udpPacket(pattern(1)))
    expect([...error!.bytes.subarray(20, 22)]).toEqual([3, 3])
    expect(counters().NoPorts).toBe(1)
  })

  test('the closest fit: connected to the sender, then bound to the address, then any', () => {
    const any = bench.stack.udp.open()
    const bound = bench.stack.udp.open()
    const connected = bench.stack.udp.open()
    for (const s of [any, bound, connected]) s.sharesPort = true
    any.bind(0, 7)
    bound.bind(US, 7)
    connected.bind(0, 7)
    connected.connect(PEER, 4000)
    bench.turn(udpPacket(pattern(1)), udpPacket(pattern(2), { sourcePort: 4001 }))
    expect(received(connected)).toHaveLength(1)
    expect(received(bound)).toHaveLength(2)
    bound.close()
    bench.turn(udpPacket(pattern(3), { sourcePort: 4001 }))
    expect(received(any)).toHaveLength(3)
  })

  test('[RFC1122 §4.1.3.5] a broadcast reaches all who are bound to any address', () => {
    const any = bench.stack.udp.open()
    const other = bench.stack.udp.open()
    for (const s of [any, other]) {
      s.sharesPort = true
      s.bind(0, 7)
    }
    expect(bench.turn(udpPacket(pattern(5), { destination: ip('10.9.0.255') }))).toEqual([])
    expect(received(any)).toEqual(pattern(5))
    expect(received(other)).toEqual(pattern(5))
    expect(message.destination).toBe(ip('10.9.0.255'))
    bench.turn(udpPacket(pattern(5), { destination: ip('10.9.0.255'), destinationPort: 99 }))
    expect(counters().IgnoredMulti).toBe(1)
  })

  test('a port is taken once, unless both share it', () => {
    const a = open('0.0.0.0', 53)
    expect(socket.bind(US, 53)).toBe('addressInUse')
    expect(socket.bind(ip('10.9.0.3'), 54)).toBe('addressNotAvailable')
    expect(socket.bind(US, 54)).toBe('done')
    expect(socket.bind(US, 55)).toBe('alreadyBound')
    a.close()
    const b = bench.stack.udp.open()
    expect(b.bind(0, 53)).toBe('done')
    expect(b.bind(ip('10.9.0.255'), 54)).toBe('alreadyBound')
  })

  test('[RFC6056 §3.2] port zero takes an ephemeral one', () => {
    expect(socket.bind(0, 0)).toBe('done')
    expect(socket.localPort).toBeGreaterThanOrEqual(32768)
    expect(socket.localPort).toBeLessThanOrEqual(60999)
  })

  test('no port is left', () => {
    bench.stack.sysctls.set('ip_local_port_range', '40000 40001')
    expect([0, 1, 2].map(() => bench.stack.udp.open().bind(0, 0))).toEqual(['done', 'done', 'noFreePort'])
  })
})

describe('sending', () => {
  test.each([0, 1, 8, 1472])('[RFC768] %i bytes, with checksum', (length) => {
    socket.bind(0, 7)
    expect(send(pattern(length), PEER, 4000)).toBe('done')
    const [sent] = bench.turn()
    const datagram = transportOf(sent!.bytes)
    expect([wordAt(datagram, 0), wordAt(datagram, 2), wordAt(datagram, 4)]).toEqual([7, 4000, 8 + length])
    expect(sumsUp(datagram, pseudoHeader(US, PEER, 17, datagram.length))).toBe(true)
    expect(datagram.subarray(8)).toEqual(pattern(length))
    expect(counters().OutDatagrams).toBe(1)
  })

  test('[RFC1122 §4.1.3.4] a checksum that comes out zero goes out as 65535', () => {
    socket.bind(0, 7)
    const data = new Uint8Array(2)
    send(data, PEER, 4000)
    const [sent] = bench.turn()
    const checksum = wordAt(transportOf(sent!.bytes), 6)
    data.set([checksum >> 8, checksum & 0xff])
    send(data, PEER, 4000)
    expect(wordAt(transportOf(bench.turn()[0]!.bytes), 6)).toBe(0xffff)
  })

  test('[RFC791 §3.2] what is larger than the MTU goes in fragments, up to 65,507 bytes', () => {
    socket.bind(0, 7)
    expect(send(pattern(65_507), PEER, 4000)).toBe('done')
    const sent = bench.turn()
    const all = Uint8Array.from(sent.flatMap(({ bytes }) => [...bytes.subarray(20)]))
    expect(all.subarray(8)).toEqual(pattern(65_507))
    expect(send(new Uint8Array(65_508), PEER, 4000)).toBe('messageTooLong')
    bench.turn()
    const again = bench.stack.udp.open()
    again.neverFragments = true
    expect(again.send(pattern(1473), 0, 1473, PEER, 4000)).toBe('messageTooLong')
    expect(again.send(pattern(1472), 0, 1472, PEER, 4000)).toBe('done')
    expect(bench.turn()[0]!.bytes[6]! & 0x40).toBe(0x40)
  })

  test('the buffer may be reused at once, and the block is given back', () => {
    const before = bench.arena.used
    const data = pattern(100)
    send(data, PEER, 4000)
    data.fill(0)
    expect(bench.turn()[0]!.bytes.subarray(28)).toEqual(pattern(100))
    bench.turn()
    expect(bench.arena.used).toBe(before)
  })

  test('an unbound socket is bound by its first datagram; TOS and TTL are its own', () => {
    socket.tos = 0x20
    socket.ttl = 5
    send(pattern(1), PEER, 4000)
    const [sent] = bench.turn()
    expect(sent!.bytes[1]).toBe(0x20)
    expect(sent!.bytes[8]).toBe(5)
    expect(wordAt(sent!.bytes, 20)).toBe(socket.localPort)
  })

  test('without a destination, or a route to it', () => {
    expect(send(pattern(1))).toBe('noDestination')
    for (const nowhere of ['0.0.0.0', '224.0.0.1', '255.255.255.255', '10.9.0.255', '127.0.0.1']) {
      expect(send(pattern(1), ip(nowhere), 9)).toBe('noRoute')
      expect(socket.connect(ip(nowhere), 9)).toBe('noRoute')
    }
  })

  test('[RFC1122 §3.3.6] to broadcast only when the socket allows it', () => {
    socket.allowsBroadcast = true
    for (const everyone of ['10.9.0.255', '255.255.255.255']) {
      expect(send(pattern(1), ip(everyone), 9)).toBe('done')
      expect(bench.turn()[0]!.bytes.subarray(12, 16)).toEqual(Uint8Array.from([10, 9, 0, 2]))
    }
    expect(bench.stack.counters.ip.OutBcastPkts).toBe(2)
  })

  test('connecting chooses the local address, disconnecting gives it back', () => {
    expect(socket.connect(PEER, 4000)).toBe('done')
    expect(socket.localAddress).toBe(US)
    socket.disconnect()
    expect(socket.localAddress).toBe(0)
    expect(socket.connect(PEER, 0)).toBe('noDestination')
  })

  test('a full turn says so, and the socket hears when there is room', () => {
    let calls = 0
    socket.onReady = () => calls++
    for (let i = 0; i < 512; i++) expect(send(pattern(1), PEER, 9)).toBe('done')
    expect(socket.isWritable).toBe(false)
    expect(send(pattern(1), PEER, 9)).toBe('wouldBlock')
    expect(counters().SndbufErrors).toBe(1)
    expect(bench.turn()).toHaveLength(512)
    expect(bench.stack.nextDeadline()).toBe(0)
    bench.turn()
    expect(calls).toBe(1)
    expect(socket.isWritable).toBe(true)
  })

  test('outside a turn it asks for one', () => {
    let wakes = 0
    bench.stack.onWake = () => wakes++
    send(pattern(1), PEER, 9)
    send(pattern(1), PEER, 9)
    expect(wakes).toBe(1)
  })

  test('to ourselves: it arrives a turn later', () => {
    socket.bind(0, 7)
    send(pattern(3000), US, 7)
    expect(bench.turn()).toEqual([])
    expect(bench.stack.nextDeadline()).toBe(0)
    expect(bench.turn()).toEqual([])
    expect(received()).toEqual(pattern(3000))
    expect(message).toMatchObject({ source: US, sourcePort: 7 })
  })
})

describe('ICMP errors', () => {
  beforeEach(() => {
    socket.bind(0, 7)
  })

  const error = (type: number, code: number, rest = 0, fields = {}) =>
    icmpPacket(
      type,
      code,
      rest,
      udpPacket(pattern(8), {
        source: US,
        destination: PEER,
        sourcePort: 7,
        destinationPort: 4000,
        ...fields,
      }),
    )

  test('[RFC1122 §4.1.3.3] a connected socket is told, once', () => {
    let calls = 0
    socket.onReady = () => calls++
    socket.connect(PEER, 4000)
    bench.turn(error(3, 3))
    expect(calls).toBe(1)
    expect(socket.isReadable).toBe(true)
    expect(send(pattern(1))).toBe('refused')
    expect(send(pattern(1))).toBe('done')
  })

  test.each([
    [3, 2, 'noProtocol'],
    [3, 10, 'hostUnreachable'],
    [12, 0, 'protocolError'],
  ])('type %i code %i is %s', (type, code, fault) => {
    socket.connect(PEER, 4000)
    bench.turn(error(type, code))
    expect(socket.takeFault()).toBe(fault)
  })

  test.each([
    [3, 0],
    [3, 1],
    [3, 5],
    [11, 0],
  ])('[RFC1122 §3.2.2.1] type %i code %i may pass, and is not', (type, code) => {
    socket.connect(PEER, 4000)
    bench.turn(error(type, code))
    expect(socket.takeFault()).toBeUndefined()
  })

  test('an unconnected socket, and one connected to another port, are not told', () => {
    bench.turn(error(3, 3))
    expect(socket.takeFault()).toBeUndefined()
    socket.connect(PEER, 4001)
    bench.turn(error(3, 3))
    expect(socket.takeFault()).toBeUndefined()
  })

  test('[RFC1191 §3] fragmentation needed: said once, then sent without DF or in fragments', () => {
    socket.connect(PEER, 4000)
    send(pattern(1400))
    expect(bench.turn()[0]!.bytes[6]).toBe(0x40)
    bench.turn(error(3, 4, 1000))
    expect(send(pattern(1400))).toBe('messageTooLong')
    expect(send(pattern(1400))).toBe('done')
    expect(bench.turn()[0]!.bytes[6]).toBe(0)
    expect(send(pattern(900))).toBe('done')
    expect(bench.turn()[0]!.bytes[6]).toBe(0x40)
  })

  test('[RFC1191 §3] a path MTU below 552 is not believed', () => {
    socket.connect(PEER, 4000)
    bench.turn(error(3, 4, 68))
    expect(socket.pathMtu).toBe(552)
  })
})

test('a connected socket hears only its peer', () => {
  socket.bind(0, 7)
  socket.connect(PEER, 4000)
  bench.turn(udpPacket(pattern(1)))
  expect(received()).toHaveLength(1)
  const [refusal] = bench.turn(udpPacket(pattern(1), { sourcePort: 4001 }))
  expect(refusal!.bytes[20]).toBe(3)
  socket.disconnect()
  bench.turn(udpPacket(pattern(2), { sourcePort: 4001 }))
  expect(received()).toHaveLength(2)
})

test('a closed socket is gone, with what it had queued', () => {
  const before = bench.arena.used
  socket.bind(0, 7)
  bench.turn(udpPacket(pattern(1000)))
  socket.close()
  expect(bench.arena.used).toBe(before)
  expect(bench.stack.udp.held).toBe(0)
  expect(bench.turn(udpPacket(pattern(1)))).toHaveLength(1)
  bench.stack.runApplications()
  expect(bench.faults).toEqual([])
})
