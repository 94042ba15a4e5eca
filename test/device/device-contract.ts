import { describe, expect, test } from 'vitest'
import type { Arena } from '../../src/base/arena.ts'
import { Column, PacketFlag } from '../../src/base/packet-table.ts'
import { type Instant, NEVER } from '../../src/base/time.ts'
import type { Device } from '../../src/device/device.ts'
import { HEAD_ROOM } from '../../src/stack/packet-sink.ts'
import { put16 } from '../../src/wire/bytes.ts'
import { pseudoHeader } from '../../src/wire/checksum.ts'
import { IPV4_HEADER, Protocol } from '../../src/wire/ipv4.ts'
import { Flag, TCP_CHECKSUM_OFFSET, verifySegment } from '../../src/wire/tcp.ts'
import { packetOf } from '../support/packet-rows.ts'
import { PEER, pattern, tcpPacket, US, udpPacket } from '../support/packets.ts'

/** A device under test, with what lies beyond it. */
export interface DeviceBench {
  device: Device
  arena: Arena
  /** Lets packets come to the device. */
  arrive(packets: readonly Uint8Array[]): void
  /** What the device has sent since the last call. */
  sent(): Uint8Array[]
}

const HEADERS = 40
const NOW: Instant = 1000

/** Something to send, of which each byte tells its place. */
const segment = (length: number, seed = 0): Uint8Array =>
  tcpPacket(pattern(length, seed), { source: US, destination: PEER, flags: Flag.Ack })

class Driver {
  readonly bench: DeviceBench
  readonly #block: number
  #next: number

  constructor(bench: DeviceBench) {
    this.bench = bench
    this.#block = bench.arena.take(1 << 20)
    this.#next = this.#block
  }

  /** All packets that arrive in turns at one instant, until there are no more. */
  readAll(): Uint8Array[] {
    const { device } = this.bench
    const packets: Uint8Array[] = []
    for (;;) {
      device.advance?.(NOW)
      const count = device.readBatch()
      if (count === 0) return packets
      for (let row = 0; row < count; row++) packets.push(packetOf(device.input, row))
      device.flush()
    }
  }

  /** Pushes a packet whose payload lies in two ranges. */
  push(packet: Uint8Array, flags = 0): { first: number; length: number } {
    const { device } = this.bench
    const room = device.room()
    expect(room).not.toBe(-1)
    const length = packet.length - HEADERS
    const half = length >> 1
    const first = this.#lay(packet.subarray(HEADERS, HEADERS + half))
    const second = this.#lay(packet.subarray(HEADERS + half))
    device.memory.set(packet.subarray(0, HEADERS), room)
    device.push(
      HEADERS,
      first,
      half,
      second,
      length - half,
      flags,
      0,
      flags === 0 ? 0 : IPV4_HEADER,
      flags === 0 ? 0 : TCP_CHECKSUM_OFFSET,
    )
    return { first, length: half }
  }

  #lay(bytes: Uint8Array): number {
    const at = this.#next
    this.bench.device.memory.set(bytes, at)
    this.#next += bytes.length
    return at
  }

  flush(): void {
    this.bench.device.flush()
  }
}

/** What every device keeps to. */
export function deviceContract(name: string, make: () => DeviceBench): void {
  describe(`${name} keeps to what a device promises`, () => {
    const begin = () => {
      const bench = make()
      bench.device.advance?.(NOW)
      return { bench, driver: new Driver(bench), device: bench.device }
    }

    test('it says what it is', () => {
      const { bench, device } = begin()
      expect(device.name).not.toBe('')
      expect(device.mtu).toBeGreaterThanOrEqual(576)
      expect(device.memory).toBe(bench.arena.bytes)
      expect(device.input.memory).toBe(bench.arena.bytes)
    })

    test('without packets it reads none', () => {
      const { device } = begin()
      expect(device.readBatch()).toBe(0)
      expect(device.input.count).toBe(0)
      device.flush()
      expect(device.nextDeadline?.() ?? NEVER).toBe(NEVER)
    })

    test('packets come whole, in one piece, in order', () => {
      const { bench, device } = begin()
      const packets = [udpPacket(pattern(0)), udpPacket(pattern(1)), udpPacket(pattern(1472)), segment(100)]
      bench.arrive(packets)
      device.advance?.(NOW)
      expect(device.readBatch()).toBe(4)
      packets.forEach((packet, row) => {
        expect(device.input.get(row, Column.HeadLength)).toBe(packet.length)
        expect(device.input.get(row, Column.FirstLength) + device.input.get(row, Column.SecondLength)).toBe(0)
        expect(packetOf(device.input, row)).toEqual(packet)
      })
      expect(device.readBatch()).toBe(0)
    })

    test('more than a batch comes in several', () => {
      const { bench, driver } = begin()
      const packets = Array.from({ length: 200 }, (_, i) => udpPacket(pattern(i, i)))
      bench.arrive(packets)
      expect(driver.readAll()).toEqual(packets)
    })

    test('pieces are gathered', () => {
      const { bench, driver } = begin()
      const packets = [segment(0), segment(1), segment(2), segment(1001), segment(1460)]
      for (const packet of packets) driver.push(packet)
      driver.flush()
      expect(bench.sent()).toEqual(packets)
    })

    test('a packet is sent once, by the flush that follows', () => {
      const { bench, driver } = begin()
      driver.push(segment(10))
      driver.flush()
      driver.flush()
      expect(bench.sent()).toHaveLength(1)
    })

    test('after the flush ranges may change', () => {
      const { bench, driver, device } = begin()
      const { first, length } = driver.push(segment(1000))
      driver.flush()
      device.memory.fill(0xee, first, first + length)
      expect(bench.sent()).toEqual([segment(1000)])
    })

    test('there is room for many heads at once, and for more than wait', () => {
      const { bench, driver, device } = begin()
      const packets = Array.from({ length: 1000 }, (_, i) => segment(i % 7, i))
      const rooms = new Set<number>()
      for (const packet of packets) {
        rooms.add(device.room())
        driver.push(packet)
      }
      driver.flush()
      expect(bench.sent()).toEqual(packets)
      const sorted = [...rooms].sort((a, b) => a - b)
      for (let i = 1; i < sorted.length; i++)
        expect(sorted[i]! - sorted[i - 1]!).toBeGreaterThanOrEqual(HEAD_ROOM)
    })

    test('a checksum left to do is done', () => {
      const { bench, driver, device } = begin()
      if (device.segmentationOffload) return
      for (const length of [0, 1, 2, 999, 1460]) {
        const packet = segment(length)
        const transport = packet.length - IPV4_HEADER
        put16(packet, IPV4_HEADER + TCP_CHECKSUM_OFFSET, pseudoHeader(US, PEER, Protocol.Tcp, transport))
        driver.push(packet, PacketFlag.NeedsChecksum)
      }
      driver.flush()
      const sent = bench.sent()
      expect(sent.map((packet) => packet.length)).toEqual([40, 41, 42, 1039, 1500])
      for (const packet of sent) {
        expect(verifySegment(packet, IPV4_HEADER, packet.length, US, PEER)).toBe(true)
      }
    })

    test('it keeps no memory of what is done with', () => {
      const { bench, driver } = begin()
      const used = bench.arena.used
      for (let round = 0; round < 10; round++) {
        bench.arrive([segment(1000), segment(10)])
        driver.readAll()
        driver.push(segment(1000))
        driver.flush()
        bench.sent()
      }
      expect(bench.arena.used).toBe(used)
    })
  })
}
