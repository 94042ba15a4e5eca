import { describe, expect, test } from 'vitest'
import { Arena } from '../../src/base/arena.ts'
import { Column, PacketFlag } from '../../src/base/packet-table.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { MILLISECOND, NEVER, SECOND } from '../../src/base/time.ts'
import { type Impairments, NO_IMPAIRMENTS } from '../../src/device/impairments.ts'
import { Path, type PathOptions } from '../../src/device/path.ts'
import { arrivals, packetOf, rowsOf } from '../support/packet-rows.ts'
import { pattern, udpPacket } from '../support/packets.ts'

const PACKET = udpPacket(pattern(972)) // 1,000 bytes

function path(impairments: Partial<Impairments>, options: Partial<PathOptions> = {}, seed = 1) {
  const arena = new Arena(64 * 1024 * 1024)
  const all = { ...NO_IMPAIRMENTS, ...impairments }
  const way = new Path(arena, new SeededRandom(seed), { ...options, impairments: all })
  const table = rowsOf([PACKET])
  const send = (count: number, now: number): void => {
    for (let i = 0; i < count; i++) way.send(table, 0, now)
  }
  const receive = (now: number): Uint8Array[] => arrivals(way, arena, now)
  return { way, arena, send, receive }
}

describe('delay and rate', () => {
  test('a packet arrives after the delay, not before', () => {
    const { way, send, receive } = path({ delay: 20 * MILLISECOND })
    send(1, 5)
    expect(way.nextDue).toBe(20_005)
    expect(receive(20_004)).toEqual([])
    expect(receive(20_005)).toEqual([PACKET])
    expect(way.nextDue).toBe(NEVER)
  })

  test('packets leave one after the other at the rate', () => {
    const { send, receive } = path({ rate: 8_000_000, delay: MILLISECOND }) // a packet a millisecond
    send(10, 0)
    expect(receive(1999)).toHaveLength(0)
    for (let i = 0; i < 10; i++) expect(receive((i + 2) * MILLISECOND)).toHaveLength(1)
    send(1, SECOND)
    expect(receive(SECOND + 2 * MILLISECOND)).toHaveLength(1)
  })

  test('a second of packets takes a second, to a microsecond', () => {
    const { way, send } = path({ rate: 3_333_333 })
    send(416, 0)
    while (way.take(NEVER) !== -1);
    send(1, 0)
    expect(way.nextDue).toBe(Math.ceil((417 * 8000 * SECOND) / 3_333_333))
  })

  test.each([{ packets: 4 }, { bytes: 4999 }])('what finds the queue full is dropped: %o', (queue) => {
    const { way, send, receive } = path({ rate: 8_000_000, delay: SECOND }, { queue })
    send(10, 0)
    expect(way.counters).toMatchObject({ Sent: 10, QueueDropped: 6 })
    expect(way.backlog(0)).toMatchObject({ packets: 4, bytes: 4000 })
    expect(way.backlog(2 * MILLISECOND)).toMatchObject({ packets: 2, bytes: 2000 })
    send(10, 2 * MILLISECOND)
    expect(way.counters.QueueDropped).toBe(14)
    expect(receive(2 * SECOND)).toHaveLength(6)
  })

  test('what is under way is bounded, and its memory comes back', () => {
    const { way, arena, send, receive } = path({ delay: SECOND }, { capacity: 8 })
    send(10, 0)
    expect(way.counters.NoRoom).toBe(2)
    expect(receive(SECOND)).toHaveLength(8)
    send(3, SECOND)
    way.clear()
    expect(arena.used).toBe(0)
  })
})

describe('chance', () => {
  const SENT = 4000

  /** What of `SENT` packets, a second apart, came to be counted. */
  function counted(impairments: Partial<Impairments>, seed = 1) {
    const { way, send, receive } = path(impairments, {}, seed)
    let arrived = 0
    for (let i = 0; i < SENT; i++) {
      send(1, i * SECOND)
      arrived += receive(i * SECOND + SECOND - 1).length
    }
    return { ...way.counters, arrived }
  }

  test('a share of packets is lost', () => {
    const { Lost, arrived } = counted({ loss: 0.1 })
    expect(Lost / SENT).toBeCloseTo(0.1, 1)
    expect(arrived).toBe(SENT - Lost)
    expect(counted({ loss: 1 }).arrived).toBe(0)
  })

  test('a share of packets comes twice', () => {
    const { Duplicated, arrived } = counted({ duplicate: 0.25 })
    expect(Duplicated / SENT).toBeCloseTo(0.25, 1)
    expect(arrived).toBe(SENT + Duplicated)
  })

  test('[netem] one of two copies can be lost', () => {
    const { Duplicated, Lost, arrived } = counted({ duplicate: 1, loss: 0.5 })
    expect(Duplicated).toBe(SENT)
    expect(arrived).toBe(2 * SENT - Lost)
    expect(Lost / SENT).toBeCloseTo(0.5, 1)
  })

  test('of a share of packets one bit is turned', () => {
    const { way, send, receive } = path({ corrupt: 0.3 })
    let harmed = 0
    const places = new Set<number>()
    for (let i = 0; i < SENT; i++) {
      send(1, i)
      const [packet] = receive(i)
      const bits = [...packet!].map((byte, at) => {
        const turned = byte ^ PACKET[at]!
        if (turned !== 0) places.add(at)
        return turned.toString(2).replaceAll('0', '').length
      })
      const turned = bits.reduce((total, bit) => total + bit, 0)
      expect(turned).toBeLessThanOrEqual(1)
      harmed += turned
    }
    expect(harmed).toBe(way.counters.Corrupted)
    expect(harmed / SENT).toBeCloseTo(0.3, 1)
    expect(places.size).toBeGreaterThan(500)
  })

  test('a harmed packet is no longer known to be right', () => {
    const arena = new Arena(65536)
    const way = new Path(arena, new SeededRandom(1), { impairments: { ...NO_IMPAIRMENTS, corrupt: 1 } })
    way.send(rowsOf([PACKET], PacketFlag.ChecksumValid), 0, 0)
    expect(way.table.get(way.take(0), Column.Flags)).toBe(0)
  })

  test('[netem] with a delay, a reordered packet does not wait', () => {
    const { way, send, receive } = path({ reorder: 0.5, delay: 10 * MILLISECOND })
    send(100, 0)
    const early = receive(0).length
    expect(early).toBe(way.counters.Reordered)
    expect(early).toBeGreaterThan(30)
    expect(receive(10 * MILLISECOND)).toHaveLength(100 - early)
  })

  test('without a delay, it waits a millisecond instead', () => {
    const { way, send, receive } = path({ reorder: 0.5 })
    send(100, 0)
    expect(receive(0)).toHaveLength(100 - way.counters.Reordered)
    expect(receive(MILLISECOND)).toHaveLength(way.counters.Reordered)
  })

  test('the same seed has the same fates, another one has others', () => {
    const all = { loss: 0.2, duplicate: 0.2, corrupt: 0.2, reorder: 0.2 }
    expect(counted(all, 7)).toEqual(counted(all, 7))
    expect(counted(all, 7)).not.toEqual(counted(all, 8))
  })
})

test('a path that keeps them passes on partial checksums and super-segments', () => {
  const arena = new Arena(65536)
  const options = { impairments: NO_IMPAIRMENTS, keepsPartial: true }
  const way = new Path(arena, new SeededRandom(1), options)
  const table = rowsOf([PACKET], PacketFlag.NeedsChecksum | PacketFlag.Gso)
  table.set(0, Column.GsoSize, 100)
  table.set(0, Column.ChecksumStart, 20)
  table.set(0, Column.ChecksumOffset, 6)
  way.send(table, 0, 0)
  const row = way.take(0)
  expect(packetOf(way.table, row)).toEqual(PACKET)
  for (const column of [Column.Flags, Column.GsoSize, Column.ChecksumStart, Column.ChecksumOffset]) {
    expect(way.table.get(row, column)).toBe(table.get(0, column))
  }
})
