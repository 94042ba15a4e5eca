import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { MILLISECOND, NEVER } from '../../src/base/time.ts'
import { ImpairedDevice } from '../../src/device/impaired-device.ts'
import { type Impairments, NO_IMPAIRMENTS } from '../../src/device/impairments.ts'
import { MemoryBench } from '../support/memory-bench.ts'
import { packetOf } from '../support/packet-rows.ts'
import { pattern, udpPacket } from '../support/packets.ts'

const PACKET = udpPacket(pattern(500))

function impaired(impairments: Partial<Impairments>) {
  const bench = new MemoryBench()
  const all = { ...NO_IMPAIRMENTS, ...impairments }
  const device = new ImpairedDevice(bench.device, bench.arena, all, new SeededRandom(1))
  /** One turn, in which a packet is sent or not; what it read. */
  const turn = (now: number, isSending = false): Uint8Array[] => {
    device.advance(now)
    const count = device.readBatch()
    const packets = Array.from({ length: count }, (_, row) => packetOf(device.input, row))
    if (isSending) {
      device.memory.set(PACKET.subarray(0, 28), device.room())
      const payload = bench.arena.take(500)
      device.memory.set(PACKET.subarray(28), payload)
      device.push(28, payload, 500, 0, 0, 0, 0, 0, 0)
      device.flush()
      bench.arena.give(payload, 500)
    } else device.flush()
    return packets
  }
  return { bench, device, turn }
}

test('what comes is late, and the device says when it will be there', () => {
  const { bench, device, turn } = impaired({ delay: 20 * MILLISECOND })
  bench.arrive([PACKET])
  expect(turn(1000)).toEqual([])
  expect(device.nextDeadline()).toBe(21_000)
  expect(turn(20_999)).toEqual([])
  expect(turn(21_000)).toEqual([PACKET])
  expect(device.nextDeadline()).toBe(NEVER)
})

test('what is sent is late, though its ranges are used again', () => {
  const { bench, device, turn } = impaired({ delay: 20 * MILLISECOND })
  turn(1000, true)
  expect(bench.sent()).toEqual([])
  expect(device.nextDeadline()).toBe(21_000)
  turn(21_000)
  expect(bench.sent()).toEqual([PACKET])
})

test('both directions have fates of their own', () => {
  const { bench, device, turn } = impaired({ loss: 0.5 })
  let came = 0
  for (let now = 0; now < 1000; now++) {
    bench.arrive([PACKET])
    came += turn(now, true).length
  }
  const went = bench.sent().length
  expect(came).toBe(1000 - device.incoming.counters.Lost)
  expect(went).toBe(1000 - device.outgoing.counters.Lost)
  expect(came / 1000).toBeCloseTo(0.5, 1)
  expect(went / 1000).toBeCloseTo(0.5, 1)
  expect(came).not.toBe(went)
})

test('more than a batch at one moment asks for a turn at once', () => {
  const { bench, device, turn } = impaired({ duplicate: 1 })
  bench.arrive(Array.from({ length: 64 }, () => PACKET))
  expect(turn(5)).toHaveLength(64)
  expect(device.nextDeadline()).toBeLessThanOrEqual(5)
  expect(turn(5)).toHaveLength(64)
  expect(device.nextDeadline()).toBe(NEVER)
})

test('a device of super-segments is refused', () => {
  const bench = new MemoryBench({ segmentationOffload: true })
  const make = () => new ImpairedDevice(bench.device, bench.arena, NO_IMPAIRMENTS, new SeededRandom(1))
  expect(make).toThrow(RangeError)
})

test('released, it has given all memory back', () => {
  const bench = new MemoryBench()
  const used = bench.arena.used
  const all = { ...NO_IMPAIRMENTS, delay: 1000 }
  const device = new ImpairedDevice(bench.device, bench.arena, all, new SeededRandom(1))
  bench.arrive([PACKET, PACKET])
  device.advance(0)
  device.readBatch()
  device.flush()
  device.release()
  expect(bench.arena.used).toBe(used)
})
