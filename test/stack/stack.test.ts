import { describe, expect, test } from 'vitest'
import { PacketFlag } from '../../src/base/packet-table.ts'
import type { Runnable } from '../../src/stack/ready-list.ts'
import { send } from '../../src/tcp/calls.ts'
import { Settings } from '../../src/tcp/settings.ts'
import { pseudoHeader } from '../../src/wire/checksum.ts'
import { Flag, type Segment } from '../../src/wire/tcp.ts'
import { BenchStack } from '../support/bench-stack.ts'
import { echoRequest, ip, PEER, pattern, tcpPacket, US, udpPacket } from '../support/packets.ts'
import { sumsUp, transportOf, wordAt } from '../support/recording-sink.ts'

const syn = (fields = {}) => tcpPacket(new Uint8Array(0), { flags: Flag.Syn, seq: 0x7fff_ffff, ...fields })

/** Turns until nothing is to be done at once; what left. */
function settle(bench: BenchStack): number {
  let sent = 0
  for (let i = 0; i < 100; i++) {
    sent += bench.turn().length
    if (bench.stack.nextDeadline() > bench.now) return sent
  }
  throw new Error('the stack does not settle')
}

describe('segments out', () => {
  test('[RFC9293 §3.5.2] a segment to a closed port is answered by a reset with a whole checksum', () => {
    const [reset] = new BenchStack().turn(syn())
    const segment = transportOf(reset!.bytes)
    expect(segment[13]).toBe(Flag.Rst | Flag.Ack)
    expect(reset!.flags).toBe(PacketFlag.NeedsChecksum)
    expect(sumsUp(segment, pseudoHeader(US, PEER, 6, segment.length))).toBe(true)
  })

  test('[RFC1191 §3] carries DF, and identification 0 (RFC 6864 §4.1)', () => {
    const [reset] = new BenchStack().turn(syn())
    expect(wordAt(reset!.bytes, 4)).toBe(0)
    expect(wordAt(reset!.bytes, 6)).toBe(0x4000)
  })

  test('[RFC6864 §4.3] without DF (ip_no_pmtu_disc 1) identifications differ and super-segments are off', () => {
    const bench = new BenchStack()
    bench.sink.segmentationOffload = true
    expect(bench.stack.sysctls.set('ip_no_pmtu_disc', '1')).toBeUndefined()
    let isOffloading = true
    bench.stack.tcp.transmit = (out) => {
      isOffloading = out.segmentationOffload
    }
    const [a, b] = bench.turn(syn(), syn({ sourcePort: 4001 }))
    expect(wordAt(a!.bytes, 6)).toBe(0)
    expect(wordAt(a!.bytes, 4)).not.toBe(wordAt(b!.bytes, 4))
    expect(isOffloading).toBe(false)
  })

  test('super-segments leave in one piece with their GSO size, single ones never above the MTU', () => {
    const bench = new BenchStack()
    bench.sink.segmentationOffload = true
    const payload = bench.arena.take(65536)
    bench.stack.tcp.transmit = (out) => {
      out.room()
      out.send(US, PEER, 0, 0, 20, payload, 30_000, payload, 10_000, 1460)
      out.room()
      out.send(US, PEER, 0, 0, 20, payload, 1461, 0, 0, 0)
    }
    const sent = bench.turn()
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({ gsoSize: 1460, flags: PacketFlag.NeedsChecksum | PacketFlag.Gso })
    expect(sent[0]!.bytes).toHaveLength(40_040)
    expect(bench.stack.counters.ip.FragFails).toBe(1)
  })

  test('[RFC791 §3.1] a datagram with DF that the device cannot take is lost, counted', () => {
    const bench = new BenchStack()
    const socket = bench.stack.udp.open()
    socket.connect(PEER, 9)
    socket.send(pattern(1000), 0, 1000)
    bench.sink.mtu = 576
    expect(bench.turn()).toEqual([])
    expect(bench.stack.counters.ip).toMatchObject({ FragFails: 1, FragOKs: 0, FragCreates: 0 })
  })

  test('a reset that TCP writes while it speaks leaves in the same turn', () => {
    const bench = new BenchStack()
    bench.stack.tcp.transmit = () => {
      const { replies } = bench.stack.tcp.host
      replies.room()
      replies.send(US, PEER, 0, 0, 20, 0, 0, 0, 0, 0)
    }
    expect(bench.turn()).toHaveLength(1)
  })

  test('a device without room costs the packet, counted', () => {
    const bench = new BenchStack()
    bench.sink.capacity = 1
    expect(bench.turn(echoRequest(pattern(8)), echoRequest(pattern(8)))).toHaveLength(1)
    expect(bench.stack.counters.stack.DeviceDropped).toBe(1)
    expect(bench.stack.counters.ip.OutDiscards).toBe(1)
  })
})

describe('segments in', () => {
  const arriving = () => {
    const bench = new BenchStack()
    const seen: Partial<Segment>[] = []
    bench.stack.tcp.receive = ({ source, destination, tos, gsoSize, payloadLength }) => {
      seen.push({ source, destination, tos, gsoSize, payloadLength })
    }
    return { bench, seen, tcp: bench.stack.counters.tcp }
  }

  test('[RFC9293 §3.1] reach TCP with addresses, TOS and the size of what they stand for', () => {
    const { bench, seen } = arriving()
    bench.turnWith(PacketFlag.Gso, 1460, tcpPacket(pattern(5000), { flags: Flag.Ack, tos: 2 }))
    expect(seen).toEqual([{ source: PEER, destination: US, tos: 2, gsoSize: 1460, payloadLength: 5000 }])
    expect(bench.stack.counters.ip.InDelivers).toBe(1)
  })

  test('[RFC9293 MUST-3] a wrong checksum is a counted drop', () => {
    const { bench, seen, tcp } = arriving()
    const packet = tcpPacket(pattern(7), { flags: Flag.Ack })
    packet[packet.length - 1]! ^= 1
    bench.turn(packet)
    expect(seen).toEqual([])
    expect(tcp).toMatchObject({ InErrs: 1, InCsumErrors: 1 })
  })

  test('a checksum that the local kernel left partial, or that the device has seen, is not looked at', () => {
    const { bench, seen, tcp } = arriving()
    const packet = tcpPacket(pattern(7), { flags: Flag.Ack })
    packet[36]! ^= 0xff
    bench.turnWith(PacketFlag.NeedsChecksum, 0, packet)
    bench.turnWith(PacketFlag.ChecksumValid, 0, packet)
    expect(seen).toHaveLength(2)
    bench.turnWith(PacketFlag.ChecksumBad, 0, tcpPacket(pattern(7), { flags: Flag.Ack }))
    expect(seen).toHaveLength(2)
    expect(tcp.InCsumErrors).toBe(1)
  })

  test('[RFC1122 §4.2.3.10, RFC9293 §3.9.2.3] MUST-57: to broadcast or multicast are dropped silently', () => {
    const { bench, seen } = arriving()
    expect(bench.turn(syn({ destination: ip('10.9.0.255') }), syn({ destination: ip('224.0.0.1') }))).toEqual(
      [],
    )
    expect(seen).toEqual([])
    expect(bench.stack.counters.stack.TcpNotUnicast).toBe(2)
  })

  test('[RFC9293 §3.1] shorter than a header, or with a data offset beyond their end, are errors', () => {
    const { bench, tcp } = arriving()
    const packet = syn()
    packet[32] = 0xf0
    bench.turn(packet)
    expect(tcp).toMatchObject({ InSegs: 1, InErrs: 1 })
  })
})

describe('to ourselves', () => {
  const connectToSelf = (bench: BenchStack) => {
    const { tcp, sysctls } = bench.stack
    const settings = new Settings(sysctls.tcp)
    const listener = tcp.listen(0, 7, 8, settings)
    const client = tcp.connect(US, 40_000, US, 7, settings, bench.now)
    settle(bench)
    return { client, server: listener.accept()! }
  }

  test('[RFC1122 §3.2.1.3] a connection is made, and nothing leaves', () => {
    const bench = new BenchStack()
    const { client, server } = connectToSelf(bench)
    expect([client.state, server.state]).toEqual(['ESTABLISHED', 'ESTABLISHED'])
    expect(bench.faults).toEqual([])
  })

  test.each([false, true])('a stream arrives whole (super-segments: %s)', (offload) => {
    const bench = new BenchStack()
    bench.sink.segmentationOffload = offload
    const { client, server } = connectToSelf(bench)
    const data = pattern(100_000)
    const before = bench.stack.counters.ip.InReceives
    let taken = send(client, data, 0, data.length)
    for (let i = 0; i < 200 && server.receive.queue.length < taken; i++) {
      settle(bench)
      bench.now += 50_000
      taken += send(client, data, taken, data.length - taken)
    }
    const out = new Uint8Array(taken)
    server.receive.queue.get(0, out, 0, taken)
    expect(out).toEqual(data.subarray(0, taken))
    expect(taken).toBe(data.length)
    if (offload) expect(bench.stack.counters.ip.InReceives - before).toBeLessThan(60)
    expect(bench.faults).toEqual([])
  })

  test('from outside our own address is no source (LAND)', () => {
    const bench = new BenchStack()
    bench.stack.tcp.listen(0, 7, 8, new Settings(bench.stack.sysctls.tcp))
    expect(bench.turn(syn({ source: US, sourcePort: 7 }))).toEqual([])
    expect(bench.stack.counters.ip.InOwnSrc).toBe(1)
  })

  test('the queue is bounded; beyond it packets are lost and counted', () => {
    const bench = new BenchStack()
    const before = bench.arena.used
    const out = bench.arena.take(2048)
    bench.stack.tcp.transmit = (sink) => {
      for (let i = 0; i < 1100; i++) {
        sink.room()
        sink.send(US, US, 0, 0, 20, out, 100, 0, 0, 0)
      }
      bench.stack.tcp.transmit = () => {}
    }
    expect(bench.turn()).toEqual([])
    expect(bench.stack.counters.stack.LoopbackDropped).toBe(76)
    settle(bench)
    bench.turn()
    bench.arena.give(out, 2048)
    expect(bench.arena.used).toBe(before)
  })
})

describe('faults', () => {
  test('what TCP throws ends neither the turn nor the stack', () => {
    const bench = new BenchStack()
    bench.stack.tcp.receive = () => {
      throw new Error('a bug in receive')
    }
    bench.stack.tcp.transmit = () => {
      throw new Error('a bug in transmit')
    }
    const sent = bench.turn(syn(), echoRequest(pattern(8)))
    expect(sent).toHaveLength(1)
    expect(bench.stack.counters.stack.Faults).toBe(2)
    expect(bench.faults.map(String)).toEqual(['Error: a bug in receive', 'Error: a bug in transmit'])
  })

  test('what an application throws leaves the others running', () => {
    const bench = new BenchStack()
    let runs = 0
    const make = (run: () => void): Runnable => ({ isQueued: false, run })
    bench.stack.ready(make(() => runs++))
    bench.stack.ready(
      make(() => {
        throw new Error('a bug in an application')
      }),
    )
    bench.stack.ready(make(() => runs++))
    bench.turn()
    expect(runs).toBe(2)
    expect(bench.faults).toHaveLength(1)
  })
})

describe('the ready list', () => {
  test('an owner runs once a turn, and one that readies itself waits for the next', () => {
    const bench = new BenchStack()
    let runs = 0
    const owner: Runnable = {
      isQueued: false,
      run: () => {
        runs++
        bench.stack.ready(owner)
      },
    }
    bench.stack.ready(owner)
    bench.stack.ready(owner)
    bench.turn()
    expect(runs).toBe(1)
    expect(bench.stack.nextDeadline()).toBe(0)
    bench.turn()
    expect(runs).toBe(2)
  })

  test('wakes once outside a turn, and not within', () => {
    const bench = new BenchStack()
    let wakes = 0
    bench.stack.onWake = () => wakes++
    const owner: Runnable = { isQueued: false, run: () => bench.stack.wake() }
    bench.stack.ready(owner)
    bench.stack.wake()
    expect(wakes).toBe(1)
    bench.turn()
    expect(wakes).toBe(1)
    bench.stack.wake()
    expect(wakes).toBe(2)
  })
})

test('a deadline is the earliest of all, and NEVER when nothing waits', () => {
  const bench = new BenchStack()
  expect(bench.stack.nextDeadline()).toBe(Number.POSITIVE_INFINITY)
  bench.stack.tcp.nextDeadline = () => 5
  expect(bench.stack.nextDeadline()).toBe(5)
})

test('the same seed gives the same bytes', () => {
  const run = (seed: number) => {
    const bench = new BenchStack({ seed })
    bench.stack.tcp.listen(0, 7, 8, new Settings(bench.stack.sysctls.tcp))
    return bench.turn(syn(), echoRequest(pattern(8)), udpPacket(pattern(8))).map(({ bytes }) => [...bytes])
  }
  expect(run(5)).toEqual(run(5))
  expect(run(5)).not.toEqual(run(6))
})
