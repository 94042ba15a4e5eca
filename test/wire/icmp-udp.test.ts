import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { finish, fold, pseudoHeader, sum } from '../../src/wire/checksum.ts'
import { Drop } from '../../src/wire/drop.ts'
import * as icmp from '../../src/wire/icmp.ts'
import { readUdp, UdpHeader, verifyUdp, writeUdp } from '../../src/wire/udp.ts'
import { address, byte, port, readAmidNoise } from './arbitrary.ts'

function message(type: number, code: number, rest: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + data.length)
  bytes.set(data, 8)
  icmp.writeIcmp(bytes, 0, type, code, rest, sum(data, 0, data.length))
  return bytes
}

function readMessage(bytes: Uint8Array): icmp.IcmpMessage {
  const out = new icmp.IcmpMessage()
  expect(icmp.readIcmp(out, bytes, 0, bytes.length)).toBe(Drop.None)
  return out
}

describe('[RFC792] ICMP', () => {
  test('what is written is read, with data of any length', () => {
    fc.assert(
      fc.property(byte, byte, fc.integer(), fc.uint8Array({ maxLength: 200 }), (type, code, rest, data) => {
        const out = readMessage(message(type, code, rest, data))
        expect(out).toMatchObject({ type, code, rest, data: 8, dataLength: data.length })
      }),
    )
  })

  test('a known echo request: 0x0800 + 0x1234 + 0x0001 + 0x6162 + 0x6300 is 0xde97', () => {
    const bytes = message(icmp.IcmpType.Echo, 0, 0x12340001, new TextEncoder().encode('abc'))
    expect(Buffer.from(bytes).toString('hex')).toBe('0800216812340001616263')
  })

  test('less than 8 bytes is too short, a wrong bit a bad checksum', () => {
    const bytes = message(icmp.IcmpType.Echo, 0, 1, Uint8Array.of(1, 2, 3))
    const out = new icmp.IcmpMessage()
    for (let end = 0; end < 8; end++) expect(icmp.readIcmp(out, bytes, 0, end)).toBe(Drop.TooShort)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const wrong = bytes.slice()
      wrong[bit >> 3]! ^= 1 << (bit & 7)
      expect(icmp.readIcmp(out, wrong, 0, wrong.length)).toBe(Drop.BadChecksum)
    }
  })

  test('[RFC1191 §4] the next-hop MTU is in "fragmentation needed" alone', () => {
    const { Unreachable, TimeExceeded } = icmp.IcmpType
    const quote = new Uint8Array(28)
    const needed = icmp.UnreachableCode.FragmentationNeeded
    expect(readMessage(message(Unreachable, needed, 0x7fff0578, quote)).mtu).toBe(1400)
    expect(readMessage(message(Unreachable, needed, 0, quote)).mtu).toBe(0)
    expect(readMessage(message(Unreachable, icmp.UnreachableCode.Port, 1400, quote)).mtu).toBe(0)
    expect(readMessage(message(TimeExceeded, needed, 1400, quote)).mtu).toBe(0)
  })

  test('[RFC1122 §3.2.2] the error messages quote a header, if they are long enough', () => {
    for (let type = 0; type < 256; type++) {
      const isError = [3, 4, 5, 11, 12].includes(type)
      expect(icmp.isIcmpError(type)).toBe(isError)
      expect(readMessage(message(type, 0, 0, new Uint8Array(28))).quoteOffset).toBe(isError ? 8 : -1)
      expect(readMessage(message(type, 0, 0, new Uint8Array(19))).quoteOffset).toBe(-1)
    }
  })

  test('any bytes give a code, and nothing beyond the end is read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, isRight) => {
        if (isRight && bytes.length >= 8) {
          bytes.fill(0, 2, 4)
          const checksum = finish(sum(bytes, 0, bytes.length))
          bytes.set([checksum >> 8, checksum & 0xff], 2)
        }
        const [one, other] = readAmidNoise(bytes, (placed) => {
          const out = new icmp.IcmpMessage()
          return { drop: icmp.readIcmp(out, placed.bytes, placed.offset, placed.end), out }
        })
        expect(one).toEqual(other)
        if (isRight && bytes.length >= 8) expect(one.drop).toBe(Drop.None)
      }),
    )
  })
})

/** A datagram between two addresses. */
function datagram(
  source: number,
  destination: number,
  from: number,
  to: number,
  data: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(8 + data.length)
  bytes.set(data, 8)
  writeUdp(bytes, 0, source, destination, from, to, data.length, sum(data, 0, data.length))
  return bytes
}

describe('[RFC768] UDP', () => {
  test('what is written is read and verified', () => {
    const data = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(address, address, port, port, data, (source, destination, from, to, payload) => {
        const bytes = datagram(source, destination, from, to, payload)
        const out = new UdpHeader()
        expect(readUdp(out, bytes, 0, bytes.length)).toBe(Drop.None)
        expect(out).toMatchObject({ sourcePort: from, destinationPort: to, length: bytes.length })
        expect(out).toMatchObject({ payload: 8, payloadLength: payload.length })
        expect(out.checksum).not.toBe(0)
        expect(verifyUdp(bytes, 0, bytes.length, source, destination)).toBe(true)
      }),
    )
  })

  test('[RFC768] a checksum that comes out as zero is sent as all ones', () => {
    const plain = datagram(1, 2, 3, 4, Uint8Array.of(0, 0))
    const fill = (plain[6]! << 8) | plain[7]!
    const bytes = datagram(1, 2, 3, 4, Uint8Array.of(fill >> 8, fill & 0xff))
    const total = sum(bytes, 0, 6, sum(bytes, 8, 2, pseudoHeader(1, 2, 17, bytes.length)))
    expect(fold(total)).toBe(0xffff)
    expect([...bytes.subarray(6, 8)]).toEqual([0xff, 0xff])
    expect(verifyUdp(bytes, 0, bytes.length, 1, 2)).toBe(true)
  })

  test('[RFC1122 §4.1.3.4] zero means that none was computed', () => {
    const bytes = datagram(1, 2, 3, 4, Uint8Array.of(9, 9, 9)).fill(0, 6, 8)
    expect(verifyUdp(bytes, 0, bytes.length, 1, 2)).toBe(true)
  })

  test('[RFC768] the checksum covers addresses, header and data', () => {
    const bytes = datagram(0x0a090001, 0x0a090002, 7, 9, Uint8Array.of(1, 2, 3))
    expect(verifyUdp(bytes, 0, bytes.length, 0x0a090001, 0x0a090003)).toBe(false)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const wrong = bytes.slice()
      wrong[bit >> 3]! ^= 1 << (bit & 7)
      expect(verifyUdp(wrong, 0, wrong.length, 0x0a090001, 0x0a090002), `bit ${bit}`).toBe(false)
    }
  })

  test('[RFC768] a length below 8 or beyond the packet is refused, bytes behind it are ignored', () => {
    const bytes = datagram(1, 2, 3, 4, new Uint8Array(20))
    const out = new UdpHeader()
    for (let length = 0; length < 40; length++) {
      bytes[5] = length
      const expected = length >= 8 && length <= 28 ? Drop.None : Drop.BadLength
      expect(readUdp(out, bytes, 0, 28), `length ${length}`).toBe(expected)
      if (expected === Drop.None) expect(out.payloadLength).toBe(length - 8)
    }
    for (let end = 0; end < 8; end++) expect(readUdp(out, bytes, 0, end)).toBe(Drop.TooShort)
  })

  test('any bytes give a code, and nothing beyond the end is read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.option(fc.nat(50)), (bytes, length) => {
        if (length !== null && bytes.length >= 6) bytes.set([0, length], 4)
        const [one, other] = readAmidNoise(bytes, (placed) => {
          const out = new UdpHeader()
          return { drop: readUdp(out, placed.bytes, placed.offset, placed.end), out }
        })
        expect(one).toEqual(other)
      }),
    )
  })
})
