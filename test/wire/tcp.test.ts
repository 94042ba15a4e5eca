import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { put16 } from '../../src/wire/bytes.ts'
import { finish, pseudoHeader, sum } from '../../src/wire/checksum.ts'
import { Drop } from '../../src/wire/drop.ts'
import { toSeq } from '../../src/wire/seq.ts'
import * as tcp from '../../src/wire/tcp.ts'
import { address, byte, port, readAmidNoise } from './arbitrary.ts'

const { Flag } = tcp

/** A segment with `options` (padded with zeros to a multiple of 4) and payload. */
function segment(flags: number, options: number[] = [], payload: number[] = []): Uint8Array {
  const headerLength = 20 + ((options.length + 3) & ~3)
  const bytes = new Uint8Array(headerLength + payload.length)
  tcp.writeTcpHeader(bytes, 0, 1000, 2000, toSeq(100), toSeq(200), headerLength, flags, 512, 0)
  bytes.set(options, 20)
  bytes.set(payload, headerLength)
  return bytes
}

function read(bytes: Uint8Array): tcp.Segment {
  const out = new tcp.Segment()
  expect(tcp.readSegment(out, bytes, 0, bytes.length)).toBe(Drop.None)
  return out
}

/** All that a record holds of a segment, without the memory it lies in. */
function copy(s: tcp.Segment): object {
  const { memory: _, ...fields } = s
  return { ...fields, end: s.end, sackEdges: [...s.sackEdges] }
}

describe('[RFC9293 §3.1] the header', () => {
  test('what is written is read', () => {
    const fields = fc.record({
      sourcePort: port,
      destinationPort: port,
      seq: fc.integer().map(toSeq),
      ack: fc.integer().map(toSeq),
      flags: byte,
      window: port,
      urgent: port,
    })
    fc.assert(
      fc.property(fields, fc.nat(10), fc.nat(9), fc.nat(50), (f, words, at, payloadLength) => {
        const headerLength = 20 + 4 * words
        const end = at + headerLength + payloadLength
        const bytes = new Uint8Array(end + 5)
        const { seq, ack, flags, window, urgent } = f
        tcp.writeTcpHeader(
          bytes,
          at,
          f.sourcePort,
          f.destinationPort,
          seq,
          ack,
          headerLength,
          flags,
          window,
          urgent,
        )
        const out = new tcp.Segment()
        expect(tcp.readSegment(out, bytes, at, end)).toBe(Drop.None)
        expect(out).toMatchObject({ ...f, headerLength, payload: at + headerLength, payloadLength })
        expect(out.memory).toBe(bytes)
      }),
    )
  })

  test('[RFC9293 §3.4] SYN and FIN each occupy one sequence number, after the payload', () => {
    expect(read(segment(Flag.Ack)).length).toBe(0)
    expect(read(segment(Flag.Syn)).length).toBe(1)
    expect(read(segment(Flag.Fin | Flag.Ack)).length).toBe(1)
    expect(read(segment(Flag.Syn | Flag.Fin, [], [1, 2, 3])).length).toBe(5)
    expect(read(segment(Flag.Rst | Flag.Psh | Flag.Urg | Flag.Ece | Flag.Cwr)).length).toBe(0)
  })

  test('[RFC9293 §3.4] the end of a segment wraps with the sequence numbers', () => {
    const bytes = segment(Flag.Fin | Flag.Ack, [], [1, 2, 3])
    bytes.set([0xff, 0xff, 0xff, 0xfe], 4)
    expect(read(bytes).end).toBe(2)
    bytes.set([0x7f, 0xff, 0xff, 0xfe], 4)
    expect(read(bytes).end).toBe(-0x7ffffffe)
  })

  test('has answers for any of the flags', () => {
    const out = read(segment(Flag.Syn | Flag.Ack))
    expect(out.has(Flag.Syn)).toBe(true)
    expect(out.has(Flag.Rst | Flag.Ack)).toBe(true)
    expect(out.has(Flag.Rst | Flag.Fin)).toBe(false)
  })

  test('less than 20 bytes is too short, a data offset below 5 or beyond the end is bad', () => {
    const out = new tcp.Segment()
    const bytes = segment(Flag.Ack, [], new Array(20).fill(0))
    for (let end = 0; end < 20; end++) expect(tcp.readSegment(out, bytes, 0, end)).toBe(Drop.TooShort)
    for (let words = 0; words < 16; words++) {
      bytes[12] = words << 4
      const expected = words >= 5 && words <= 10 ? Drop.None : Drop.BadHeaderLength
      expect(tcp.readSegment(out, bytes, 0, 40), `data offset ${words}`).toBe(expected)
    }
  })

  test('[RFC9293 §3.1] reserved bits are ignored when read and zero when written', () => {
    const bytes = segment(Flag.Ack, [], [1])
    expect(bytes[12]! & 15).toBe(0)
    bytes[12]! |= 15
    expect(read(bytes)).toMatchObject({ headerLength: 20, flags: Flag.Ack })
  })

  test('a refilled record keeps nothing of the segment before', () => {
    const all = [
      2, 4, 5, 180, 3, 3, 7, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 5, 10, 0, 0, 0, 1, 0, 0, 0, 9, 77, 1,
    ]
    const out = new tcp.Segment()
    const first = segment(Flag.Syn, all, [1, 2, 3])
    expect(tcp.readSegment(out, first, 0, first.length)).toBe(Drop.None)
    expect(out).toMatchObject({ mss: 1460, windowScale: 7, sackPermitted: true, hasTimestamps: true })
    expect(out).toMatchObject({ sackCount: 1, hasBadOption: true, payloadLength: 3 })
    const second = segment(Flag.Ack)
    tcp.readSegment(out, second, 0, second.length)
    out.sackEdges.fill(0)
    expect(copy(out)).toEqual(copy(read(second)))
  })

  test("what is the caller's to fill is left alone", () => {
    const out = new tcp.Segment()
    Object.assign(out, { source: 1, destination: 2, tos: 3, gsoSize: 4 })
    tcp.readSegment(out, segment(Flag.Ack), 0, 20)
    expect(out).toMatchObject({ source: 1, destination: 2, tos: 3, gsoSize: 4 })
  })
})

describe('[RFC9293 §3.1] the checksum (MUST-2, MUST-3)', () => {
  test('covers pseudo-header, header, options and payload', () => {
    const data = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(address, address, data, fc.nat(), (source, destination, payload, flip) => {
        const bytes = segment(Flag.Ack, [1, 1, 1, 1], [...payload])
        const header = pseudoHeader(source, destination, 6, bytes.length)
        put16(bytes, tcp.TCP_CHECKSUM_OFFSET, finish(sum(bytes, 0, bytes.length, header)))
        expect(tcp.verifySegment(bytes, 0, bytes.length, source, destination)).toBe(true)
        expect(tcp.verifySegment(bytes, 0, bytes.length, source ^ 4, destination)).toBe(false)
        expect(tcp.verifySegment(bytes, 0, bytes.length - 1, source, destination)).toBe(false)
        bytes[flip % bytes.length]! ^= 1 << (flip & 7)
        expect(tcp.verifySegment(bytes, 0, bytes.length, source, destination)).toBe(false)
      }),
    )
  })

  test('a known segment', () => {
    const bytes = Buffer.from('c0000016000000010000000250100200000000006869', 'hex')
    const total =
      0xc000 + 0x0016 + 0x0001 + 0x0002 + 0x5010 + 0x0200 + 0x6869 + 0x0a09 + 1 + 0x0a09 + 2 + 6 + 22
    put16(bytes, tcp.TCP_CHECKSUM_OFFSET, 0xffff - ((total & 0xffff) + (total >> 16)))
    expect(tcp.verifySegment(bytes, 0, 22, 0x0a090001, 0x0a090002)).toBe(true)
  })
})

describe('robustness', () => {
  const anyBytes = fc.uint8Array({ maxLength: 100 })
  const plausible = fc
    .tuple(fc.uint8Array({ minLength: 20, maxLength: 90 }), fc.integer({ min: 5, max: 15 }))
    .map(([bytes, words]) => {
      bytes[12] = words << 4
      return bytes
    })

  test('any bytes give a code, never an exception, and nothing beyond the end is read', () => {
    fc.assert(
      fc.property(fc.oneof(anyBytes, plausible), (bytes) => {
        const [one, other] = readAmidNoise(bytes, (placed) => {
          const out = new tcp.Segment()
          return { drop: tcp.readSegment(out, placed.bytes, placed.offset, placed.end), segment: copy(out) }
        })
        expect(one).toEqual(other)
        expect(Object.values(Drop)).toContain(one.drop)
      }),
    )
  })

  test('a segment cut short anywhere is refused or has less payload, and is read without an exception', () => {
    const bytes = segment(Flag.Ack, [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5])
    const out = new tcp.Segment()
    for (let end = 0; end <= bytes.length; end++) {
      const expected = end < 20 ? Drop.TooShort : end < 32 ? Drop.BadHeaderLength : Drop.None
      expect(tcp.readSegment(out, bytes, 0, end), `end ${end}`).toBe(expected)
      if (expected === Drop.None) expect(out.payloadLength).toBe(end - 32)
    }
  })
})
