import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Column, PacketFlag, PacketTable, ROW } from '../../src/base/packet-table.ts'
import { addon } from '../../src/device/tun.ts'
import { finish, pseudoHeader, sum } from '../../src/wire/checksum.ts'
import { Protocol } from '../../src/wire/ipv4.ts'
import { PEER, pattern, resum, tcpPacket, US } from '../support/packets.ts'
import { hasAddon } from './harness.ts'

const native = hasAddon() ? addon() : undefined

const ACK = 0x10
const PSH = 0x08
const TRAIN = PacketFlag.NeedsChecksum | PacketFlag.Gso
const HEADERS = 20 + 32

interface Part {
  seq: number
  text: Uint8Array
  flags?: number
  ack?: number
  window?: number
  port?: number
  tsVal?: number
  tos?: number
  ttl?: number
  dontFragment?: boolean
  id?: number
}

const bytes32 = (value: number): number[] => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff)

/** A segment with timestamps. */
function segment(part: Part): Uint8Array {
  const { seq, text, flags = ACK, ack = 9000, window = 500, port = 4242, tsVal = 77 } = part
  const { tos = 0, ttl = 64, dontFragment = true, id = 1 } = part
  const tcpOptions = Uint8Array.from([1, 1, 8, 10, ...bytes32(tsVal), ...bytes32(66)])
  const ip = { tos, ttl, id, fragmentBits: dontFragment ? 0x4000 : 0 }
  return tcpPacket(text, { ...ip, seq, ack, flags, window, sourcePort: port, destinationPort: 9, tcpOptions })
}

/** What `read` makes of packets that came in this order, each put behind the one before; `flags` are what the kernel says of each. */
function read(packets: readonly Uint8Array[], flags = 0): { table: PacketTable; packets: Uint8Array[] } {
  const memory = new Uint8Array(packets.reduce((total, packet) => total + packet.length + 64, 64))
  const table = new PacketTable(memory, packets.length)
  let at = 0
  for (const packet of packets) {
    const row = table.count++ * ROW
    table.rows.fill(0, row, row + ROW)
    memory.set(packet, at)
    table.rows[row + Column.Head] = at
    table.rows[row + Column.HeadLength] = packet.length
    table.rows[row + Column.Flags] = flags
    table.count = native!.joinLast(memory, table.rows, table.count)
    const last = table.count - 1
    at = table.get(last, Column.Head) + table.get(last, Column.HeadLength)
  }
  const rows = Array.from({ length: table.count }, (_, row) => {
    const start = table.get(row, Column.Head)
    return memory.slice(start, start + table.get(row, Column.HeadLength))
  })
  return { table, packets: rows }
}

const lengthsOf = (packets: readonly Uint8Array[]): number[] =>
  read(packets).packets.map((packet) => packet.length - HEADERS)

/** In-order segments of these lengths, with what else is said of each. */
function stream(lengths: readonly number[], changes: readonly Partial<Part>[] = []): Uint8Array[] {
  let seq = 1000
  return lengths.map((length, i) => {
    const part = { seq, text: pattern(length, i), id: i, ...changes[i] }
    seq += length
    return segment(part)
  })
}

const textOf = (packet: Uint8Array): Uint8Array => packet.subarray(HEADERS)

describe.skipIf(native === undefined)('segments that follow each other are read as one', () => {
  test('full ones and a shorter last', () => {
    const parts = stream([1448, 1448, 1448, 200])
    const { table, packets } = read(parts)
    expect(table.count).toBe(1)
    expect(textOf(packets[0]!)).toEqual(new Uint8Array(Buffer.concat(parts.map(textOf))))
    expect(table.get(0, Column.Flags)).toBe(TRAIN)
    expect(table.get(0, Column.GsoSize)).toBe(1448)
    expect(table.get(0, Column.ChecksumStart)).toBe(20)
    expect(table.get(0, Column.ChecksumOffset)).toBe(16)
  })

  test('the headers are the first segment’s, but for lengths, checksums and PSH', () => {
    const parts = stream([100, 100, 100], [{}, {}, { flags: ACK | PSH }])
    const whole = read(parts).packets[0]!
    const expected = whole.slice()
    expected.set(parts[0]!.subarray(0, HEADERS))
    expected[20 + 13] = ACK | PSH
    expected[2] = (HEADERS + 300) >> 8
    expected[3] = (HEADERS + 300) & 0xff
    resum(expected)
    const pseudo = ~finish(pseudoHeader(PEER, US, Protocol.Tcp, whole.length - 20)) & 0xffff
    expected[20 + 16] = pseudo >> 8
    expected[20 + 17] = pseudo & 0xff
    expect(whole).toEqual(expected)
    expect(finish(sum(whole, 0, 20))).toBe(0)
  })

  test('the sequence space wraps', () => {
    const first = segment({ seq: 0xffff_ffff, text: pattern(100) })
    const next = segment({ seq: 99, text: pattern(100, 1) })
    expect(lengthsOf([first, next])).toEqual([200])
  })

  test('65,535 bytes are the most that a packet can have', () => {
    const lengths = lengthsOf(stream(Array(60).fill(1448)))
    expect(lengths).toEqual([45 * 1448, 15 * 1448])
    expect(HEADERS + 46 * 1448).toBeGreaterThan(65535)
  })

  test('a stream is continued after a packet of another kind', () => {
    const [a, b, c, d] = stream([100, 100, 100, 100])
    expect(lengthsOf([a!, b!, segment({ seq: 5, text: pattern(50), port: 77 }), c!, d!])).toEqual([
      200, 50, 200,
    ])
  })
})

describe.skipIf(native === undefined)('segments are left apart', () => {
  test.each<[string, Partial<Part>]>([
    ['out of order', { seq: 1101 }],
    ['of another connection', { port: 4243 }],
    ['with another acknowledgment', { ack: 9001 }],
    ['with another window', { window: 501 }],
    ['with another time stamp', { tsVal: 78 }],
    ['with another congestion mark', { tos: 3 }],
    ['with another time to live', { ttl: 63 }],
    ['that may be fragmented', { dontFragment: false }],
    ['with FIN', { flags: ACK | 1 }],
    ['with SYN', { flags: ACK | 2 }],
    ['with RST', { flags: ACK | 4 }],
    ['with URG', { flags: ACK | 0x20 }],
    ['with ECE', { flags: ACK | 0x40 }],
    ['with CWR', { flags: ACK | 0x80 }],
    ['without text', { text: new Uint8Array(0) }],
    ['longer than the first', { text: pattern(101) }],
  ])('%s', (_kind, change) => {
    const parts = stream([100, 100], [{}, change])
    const { table, packets } = read(parts)
    expect(packets).toEqual(parts)
    expect(table.get(1, Column.GsoSize)).toBe(0)
  })

  test('after one with PSH, and after a shorter one', () => {
    expect(lengthsOf(stream([100, 100, 100], [{}, { flags: ACK | PSH }]))).toEqual([200, 100])
    expect(lengthsOf(stream([100, 60, 60]))).toEqual([160, 60])
  })

  test.each([
    ['IP header', 8],
    ['TCP header', 20 + 14],
    ['text', HEADERS + 50],
  ])('[RFC9293 §3.1] when the %s is damaged', (_where, at) => {
    const parts = stream([100, 100, 100])
    parts[1]![at]! ^= 0x11
    const { table, packets } = read(parts)
    expect(packets).toEqual(parts)
    expect([0, 1, 2].map((row) => table.get(row, Column.Flags))).toEqual([
      PacketFlag.ChecksumValid,
      0,
      PacketFlag.ChecksumValid,
    ])
  })

  test('fragments, IP options, other lengths than the packet has, and what is cut short', () => {
    const [first, next] = stream([100, 100])
    const fragment = resum(Uint8Array.from(next!).fill(0x20, 6, 7))
    const padded = new Uint8Array([...next!, 0, 0])
    const long = Uint8Array.from(next!)
    long[0] = 0x46
    for (const odd of [fragment, padded, resum(long), next!.subarray(0, 39), next!.subarray(0, 8)]) {
      const { table, packets } = read([first!, odd])
      expect(packets).toEqual([first, odd])
      expect(table.get(1, Column.Flags)).toBe(0)
    }
  })
})

describe.skipIf(native === undefined)('what the kernel says of a packet’s checksum (DATA_VALID)', () => {
  const { ChecksumValid } = PacketFlag
  const [first, next] = stream([100, 100]) as [Uint8Array, Uint8Array]
  const changed = (at: number, value: number): Uint8Array =>
    resum(Uint8Array.from(next).fill(value, at, at + 1))

  test('is believed', () => {
    const { table } = read([first, next], ChecksumValid)
    expect(table.count).toBe(1)
    expect(table.get(0, Column.Flags)).toBe(TRAIN)
  })

  test.each([
    ['a fragment', 6, 0x20],
    ['of another protocol', 9, 17],
    ['with IP options', 0, 0x46],
    ['with a TCP header of less than 20 bytes', 32, 0x10],
    ['with RST', 33, ACK | 4],
    ['with URG', 33, ACK | 0x20],
  ])('does not make a plain segment of one %s', (_kind, at, value) => {
    const odd = changed(at, value)
    for (const packets of [
      [first, odd],
      [odd, segment({ seq: 1200, text: pattern(100) })],
      [odd, odd],
    ]) {
      const { table, packets: left } = read(packets, ChecksumValid)
      expect(left).toEqual(packets)
      expect(table.get(1, Column.Flags)).toBe(ChecksumValid)
    }
  })

  test('nor of one that is cut short, or whose IP header is damaged', () => {
    const damaged = Uint8Array.from(next).fill(0x11, 10, 11)
    for (const odd of [next.subarray(0, 39), next.subarray(0, 8), damaged])
      expect(read([first, odd], ChecksumValid).packets).toEqual([first, odd])
  })
})

const part = fc.record({
  length: fc.constantFrom(0, 1, 99, 100, 101),
  jump: fc.constantFrom(0, 0, 0, 0, 0, 1, -100),
  flags: fc.constantFrom(ACK, ACK, ACK, ACK | PSH, ACK | 1),
  ack: fc.constantFrom(9000, 9000, 9000, 9001),
  port: fc.constantFrom(4242, 4242, 4242, 4243),
  isDamaged: fc.constantFrom(false, false, false, false, true),
})

describe.skipIf(native === undefined)('whatever comes', () => {
  test('the parts of what is read are what came, in order', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 40 }), (parts) => {
        let seq = 1000
        const came = parts.map(({ length, jump, flags, ack, port, isDamaged }, i) => {
          const packet = segment({ seq: seq + jump, text: pattern(length, i), flags, ack, port })
          seq += jump + length
          if (isDamaged) packet[packet.length - 1]! ^= 1
          return packet
        })
        const { table, packets } = read(came)
        const parted = packets.flatMap((packet, row) => {
          const size = table.get(row, Column.GsoSize)
          if (size === 0) return [{ seq: seqOf(packet), text: [...textOf(packet)] }]
          const text = [...textOf(packet)]
          const count = Math.ceil(text.length / size)
          return Array.from({ length: count }, (_, i) => ({
            seq: seqOf(packet) + i * size,
            text: text.slice(i * size, (i + 1) * size),
          }))
        })
        expect(parted).toEqual(came.map((packet) => ({ seq: seqOf(packet), text: [...textOf(packet)] })))
      }),
      { numRuns: 1000 },
    )
  })
})

const seqOf = (packet: Uint8Array): number => new DataView(packet.buffer, packet.byteOffset).getUint32(24)
