import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { finish, sum } from '../../src/wire/checksum.ts'
import { Drop, dropName } from '../../src/wire/drop.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import { address, byte, port, readAmidNoise } from './arbitrary.ts'

/** A packet of 20 + `payload` bytes, with `change` made to its header and the checksum set right again. */
function packet(payload: number, change: (header: Uint8Array) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(20 + payload).fill(7)
  ipv4.writeIpv4(bytes, 0, bytes.length, 0, 1, 0, 64, 6, 0x0a090001, 0x0a090002)
  change(bytes)
  const headerLength = Math.min((bytes[0]! & 15) * 4, bytes.length)
  bytes.fill(0, 10, 12)
  const checksum = finish(sum(bytes, 0, headerLength))
  bytes.set([checksum >> 8, checksum & 0xff], 10)
  return bytes
}

function read(bytes: Uint8Array, end = bytes.length): { drop: string; header: ipv4.Ipv4Header } {
  const header = new ipv4.Ipv4Header()
  return { drop: dropName(ipv4.readIpv4(header, bytes, 0, end)), header }
}

describe('[RFC791 §3.1] the header', () => {
  test('what is written is read', () => {
    const fields = fc.record({
      payload: fc.nat(100),
      tos: byte,
      id: port,
      dontFragment: fc.boolean(),
      moreFragments: fc.boolean(),
      fragmentOffset: fc.nat(0x1fff).map((units) => units * 8),
      ttl: byte,
      protocol: byte,
      source: address,
      destination: address,
    })
    fc.assert(
      fc.property(fields, fc.nat(9), ({ payload, ...f }, at) => {
        const bytes = new Uint8Array(at + 20 + payload).fill(0xa5)
        const bits =
          (f.dontFragment ? ipv4.DONT_FRAGMENT : 0) |
          (f.moreFragments ? ipv4.MORE_FRAGMENTS : 0) |
          (f.fragmentOffset / 8)
        ipv4.writeIpv4(bytes, at, 20 + payload, f.tos, f.id, bits, f.ttl, f.protocol, f.source, f.destination)
        const header = new ipv4.Ipv4Header()
        expect(ipv4.readIpv4(header, bytes, at, bytes.length)).toBe(Drop.None)
        expect(header).toMatchObject({ headerLength: 20, totalLength: 20 + payload, ...f })
      }),
    )
  })

  test('a known header: its checksum is the one the tools print', () => {
    const bytes = new Uint8Array(20)
    ipv4.writeIpv4(bytes, 0, 0x73, 0, 0, ipv4.DONT_FRAGMENT, 64, 17, 0xc0a80001 | 0, 0xc0a800c7 | 0)
    expect(Buffer.from(bytes).toString('hex')).toBe('45000073000040004011b861c0a80001c0a800c7')
  })
})

describe('[RFC1122 §3.2.1] what is refused', () => {
  test('less than 20 bytes, at every length', () => {
    for (let end = 0; end < 20; end++) expect(read(packet(0), end).drop).toBe('TooShort')
  })

  test('[RFC1122 §3.2.1.1] every version but 4', () => {
    for (let version = 0; version < 16; version++) {
      const { drop } = read(packet(8, (h) => (h[0] = (version << 4) | 5)))
      expect(drop).toBe(version === 4 ? 'None' : 'BadVersion')
    }
  })

  test('[RFC791 §3.1] an IHL below 5, or beyond what was read', () => {
    for (let ihl = 0; ihl < 16; ihl++) {
      const bytes = packet(20, (h) => (h[0] = 0x40 | ihl))
      expect(read(bytes).drop, `IHL ${ihl}`).toBe(ihl >= 5 && ihl <= 10 ? 'None' : 'BadHeaderLength')
    }
  })

  test('[RFC791 §3.1] a total length below the header or above what was read', () => {
    for (let length = 0; length < 80; length++) {
      const bytes = packet(40, (h) => h.set([0x46, 0, 0, length]))
      expect(read(bytes).drop, `length ${length}`).toBe(
        length >= 24 && length <= 60 ? 'None' : 'BadTotalLength',
      )
    }
  })

  test('[RFC1122 §3.2.1.2] any single wrong bit in the header', () => {
    const bytes = packet(8, (h) => h.set([0x46]))
    for (let bit = 0; bit < 24 * 8; bit++) {
      const wrong = bytes.slice()
      wrong[bit >> 3]! ^= 0x80 >> (bit & 7)
      expect(read(wrong).drop, `bit ${bit}`).not.toBe('None')
    }
  })

  test('bytes beyond the total length are no part of the packet', () => {
    const bytes = packet(40, (h) => h.set([0, 30], 2))
    const { drop, header } = read(bytes)
    expect(drop).toBe('None')
    expect(header.totalLength).toBe(30)
  })

  test('options are counted into the header', () => {
    const { drop, header } = read(packet(40, (h) => h.set([0x4f])))
    expect(drop).toBe('None')
    expect(header.headerLength).toBe(60)
  })

  test('the largest packet: 65,535 bytes', () => {
    expect(read(packet(65515)).header.totalLength).toBe(65535)
  })
})

describe('robustness', () => {
  test('any bytes give a code, never an exception, and nothing beyond the end is read', () => {
    const looksRight = fc.uint8Array({ minLength: 1, maxLength: 80 }).map((bytes) => {
      bytes[0] = 0x40 | (bytes[0]! & 15)
      return bytes
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), looksRight), (bytes) => {
        const [one, other] = readAmidNoise(bytes, (placed) => {
          const header = new ipv4.Ipv4Header()
          const drop = ipv4.readIpv4(header, placed.bytes, placed.offset, placed.end)
          const quoted = ipv4.readQuotedIpv4(header, placed.bytes, placed.offset, placed.end)
          return { drop, quoted, header }
        })
        expect(one).toEqual(other)
        expect(Object.values(Drop)).toContain(one.drop)
      }),
    )
  })

  test('a packet cut short anywhere is refused', () => {
    const bytes = packet(30)
    for (let end = 0; end < bytes.length; end++) expect(read(bytes, end).drop).not.toBe('None')
  })
})

describe('[RFC1122 §3.2.2] a header quoted by an ICMP error', () => {
  test('is read though the packet behind it is cut and its checksum stale', () => {
    const bytes = packet(1000)
    bytes[8] = 1
    const header = new ipv4.Ipv4Header()
    expect(ipv4.readQuotedIpv4(header, bytes, 0, 28)).toBe(Drop.None)
    expect(header.totalLength).toBe(1020)
    expect(header.source).toBe(0x0a090001)
    expect(ipv4.readQuotedIpv4(header, bytes, 0, 19)).toBe(Drop.TooShort)
    bytes[0] = 0x46
    expect(ipv4.readQuotedIpv4(header, bytes, 0, 20)).toBe(Drop.BadHeaderLength)
  })
})

test('codes have names', () => {
  expect(Object.values(Drop).map(dropName)).toEqual(Object.keys(Drop))
  expect(new Set(Object.values(Drop)).size).toBe(Object.keys(Drop).length)
})
