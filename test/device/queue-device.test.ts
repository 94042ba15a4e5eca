import { beforeEach, describe, expect, test } from 'vitest'
import { NEVER } from '../../src/base/time.ts'
import { PacketRing } from '../../src/device/packet-ring.ts'
import { QueueDevice } from '../../src/device/queue-device.ts'
import { StackCounters } from '../../src/stack/counters.ts'
import { Owners } from '../../src/stack/owners.ts'
import { PortSysctls } from '../../src/stack/ports.ts'
import { Flag } from '../../src/wire/tcp.ts'
import { MemoryBench } from '../support/memory-bench.ts'
import { packetOf } from '../support/packet-rows.ts'
import { fragmentsOf, PEER, pattern, tcpPacket, US, udpPacket } from '../support/packets.ts'
import { deviceContract } from './device-contract.ts'

/** One queue, with what a test sees of it. */
class Side {
  readonly bench = new MemoryBench()
  readonly counters = new StackCounters()
  readonly owners: Owners
  readonly device: QueueDevice
  calls = 0

  constructor(self: number, count: number, rings: (PacketRing | undefined)[][], sides: Side[]) {
    this.owners = new Owners(1, 2, count, self, new PortSysctls())
    const neighbours = {
      from: rings.map((row) => row[self]),
      to: rings[self]!,
      call: (index: number) => {
        sides[index]!.calls++
      },
      listen: () => {},
    }
    this.device = new QueueDevice(this.bench.device, this.bench.arena, this.owners, neighbours, this.counters)
  }

  /** All that a turn reads. */
  turn(): Uint8Array[] {
    this.device.advance(1)
    const count = this.device.readBatch()
    const packets = Array.from({ length: count }, (_, row) => packetOf(this.device.input, row))
    this.device.flush()
    return packets
  }
}

function make(count: number, ringSize?: number): Side[] {
  const rings = Array.from({ length: count }, (_, i) =>
    Array.from({ length: count }, (_, k) =>
      i === k ? undefined : new PacketRing(PacketRing.memory(ringSize)),
    ),
  )
  const sides: Side[] = []
  for (let i = 0; i < count; i++) sides.push(new Side(i, count, rings, sides))
  return sides
}

deviceContract('the only queue of a device', () => {
  const side = make(1)[0]!
  const { bench, device } = side
  return { device, arena: bench.arena, arrive: (packets) => bench.arrive(packets), sent: () => bench.sent() }
})

describe('a queue beside another', () => {
  let left: Side
  let right: Side

  /** Segments of the left stack's connections, or of the right one's. */
  const segmentsOf = (side: Side, count: number): Uint8Array[] =>
    Array.from({ length: 10 * count }, (_, i) => i + 1024)
      .filter((port) => side.owners.ofFlow(US, PEER, (port << 16) | 7) === side.owners.self)
      .slice(0, count)
      .map((port) => tcpPacket(pattern(port & 1023), { sourcePort: port, flags: Flag.Ack }))

  beforeEach(() => {
    const [first, second] = make(2)
    left = first!
    right = second!
  })

  test('packets of its own stack stay, the others come to their owner', () => {
    const ours = segmentsOf(left, 5)
    const theirs = segmentsOf(right, 5)
    left.bench.arrive(ours.flatMap((packet, i) => [packet, theirs[i]!]))
    expect(left.turn()).toEqual(ours)
    expect(right.turn()).toEqual(theirs)
    expect(left.counters).toMatchObject({ HandedOver: 5, TakenOver: 0, HandOverDropped: 0 })
    expect(right.counters).toMatchObject({ HandedOver: 0, TakenOver: 5 })
  })

  test('the owner is called once a turn, at its end', () => {
    left.bench.arrive(segmentsOf(right, 5))
    left.device.advance(1)
    left.device.readBatch()
    expect(right.calls).toBe(0)
    left.device.flush()
    expect(right.calls).toBe(1)
    left.device.flush()
    expect(right.calls).toBe(1)
    expect(left.calls).toBe(0)
  })

  test('what has been handed over and not been read yet is more to read', () => {
    left.bench.arrive(segmentsOf(right, 1))
    left.turn()
    right.bench.device.readBatch()
    expect(right.device.isDrained).toBe(false)
    right.turn()
    expect(right.device.isDrained).toBe(true)
  })

  test('a call has the stack look', () => {
    let turns = 0
    left.device.serve(() => turns++)
    left.device.called()
    expect(turns).toBe(1)
    left.device.serve(undefined)
    left.device.called()
    expect(turns).toBe(1)
  })

  test('what a batch has no room for comes with the next', () => {
    const theirs = segmentsOf(right, 150)
    left.bench.arrive(theirs)
    while (left.turn().length > 0 || !left.device.isDrained);
    for (let i = 0; i < 3; i++) left.turn()
    const isDue: boolean[] = []
    const batches = Array.from({ length: 4 }, () => {
      const batch = right.turn()
      isDue.push(right.device.nextDeadline() !== NEVER)
      return batch
    })
    expect(isDue).toEqual([true, true, false, false])
    expect(batches.map((batch) => batch.length)).toEqual([64, 64, 22, 0])
    expect(batches.flat()).toEqual(theirs)
  })

  test('when the owner does not read, what is too much is dropped and counted', () => {
    const [from, to] = make(2, 1024)
    const theirs = segmentsOf(to!, 40)
    from!.bench.arrive(theirs)
    from!.turn()
    const { HandedOver, HandOverDropped } = from!.counters
    expect(HandedOver + HandOverDropped).toBe(40)
    expect(HandOverDropped).toBeGreaterThan(20)
    expect(to!.turn()).toEqual(theirs.slice(0, HandedOver))
  })

  test('fragments meet at one stack, which hands the datagram to its owner', () => {
    for (let port = 2000; port < 2020; port++) {
      const whole = udpPacket(pattern(3000), { sourcePort: port, id: port })
      const fragments = fragmentsOf(whole, 1480)
      left.bench.arrive([fragments[0]!])
      right.bench.arrive(fragments.slice(1))
      const met = [left, right, left, right].map((side) => side.turn().length)
      const place = met[0]! + met[2]! === 3 ? left : right
      expect(met.reduce((sum, count) => sum + count)).toBe(3)
      const at = place.bench.arena.take(whole.length)
      place.bench.arena.bytes.set(whole, at)
      const owner = place.owners.ofPacket(whole, 0, whole.length)
      expect(place.device.handOver(at, whole.length)).toBe(owner !== place.owners.self)
      place.device.flush()
      const other = place === left ? right : left
      expect(other.turn()).toEqual(owner === place.owners.self ? [] : [whole])
    }
  })
})
