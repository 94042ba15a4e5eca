import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { finish, fold, pseudoHeader, sum, update } from '../../src/wire/checksum.ts'

/** The definition, word by word. */
function reference(bytes: Uint8Array, offset = 0, length = bytes.length): number {
  let total = 0
  for (let i = 0; i < length; i++) total += bytes[offset + i]! * (i % 2 === 0 ? 256 : 1)
  while (total > 0xffff) total = (total % 0x10000) + Math.floor(total / 0x10000)
  return total
}

const bytesUpTo = (maxLength: number) => fc.uint8Array({ maxLength, size: 'max' })
const partial = fc.integer({ min: 0, max: 0xffff })

describe('[RFC1071 §1] the sum', () => {
  test('[RFC1071 §3] the numerical example', () => {
    const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7)
    expect(fold(sum(bytes, 0, 8))).toBe(0xddf2)
    expect(finish(sum(bytes, 0, 8))).toBe(0x220d)
  })

  test('equals the definition at every length up to 200 and every alignment', () => {
    const bytes = Uint8Array.from({ length: 216 }, (_, i) => (i * 151 + 89) & 0xff)
    for (let offset = 0; offset < 8; offset++) {
      for (let length = 0; length <= 200; length++) {
        expect(fold(sum(bytes, offset, length)), `${offset} ${length}`).toBe(reference(bytes, offset, length))
      }
    }
  })

  test('equals the definition for any bytes, and reads nothing around them', () => {
    fc.assert(
      fc.property(bytesUpTo(3000), fc.nat(9), partial, (bytes, before, initial) => {
        const around = new Uint8Array(before + bytes.length + 9).fill(0xa5)
        around.set(bytes, before)
        const expected = fold(reference(bytes) + initial)
        expect(fold(sum(around, before, bytes.length, initial))).toBe(expected)
      }),
    )
  })

  test('is the same for a view that does not begin at its buffer', () => {
    fc.assert(
      fc.property(bytesUpTo(400), fc.nat(7), fc.nat(7), (bytes, shift, offset) => {
        const buffer = new ArrayBuffer(shift + offset + bytes.length)
        const view = new Uint8Array(buffer, shift)
        view.set(bytes, offset)
        expect(fold(sum(view, offset, bytes.length))).toBe(reference(bytes))
      }),
    )
  })

  test('sees what is written between two calls, with two buffers in turn', () => {
    const one = new Uint8Array(1000)
    const two = new Uint8Array(1000).fill(1)
    for (let i = 0; i < 100; i++) {
      one[(i * 37) % 1000] = i
      two[(i * 41) % 1000] = i
      expect(fold(sum(one, 0, 1000))).toBe(reference(one))
      expect(fold(sum(two, 0, 1000))).toBe(reference(two))
    }
  })

  test('does not overflow: 64 KB and 8 MB of 0xff', () => {
    const bytes = new Uint8Array(8 << 20).fill(0xff)
    expect(fold(sum(bytes, 0, 65535, 0xffff))).toBe(reference(bytes, 0, 65535))
    expect(fold(sum(bytes, 0, bytes.length))).toBe(0xffff)
    expect(fold(sum(bytes, 1, bytes.length - 1))).toBe(reference(bytes, 1, bytes.length - 1))
  })

  test('is 0 for zeros alone: anything else that amounts to zero is 0xffff', () => {
    expect(fold(sum(new Uint8Array(100), 0, 100))).toBe(0)
    const bytes = new Uint8Array(100)
    bytes.set([0x12, 0x34], 40)
    bytes.set([0xed, 0xcb], 70)
    expect(fold(sum(bytes, 0, 100))).toBe(0xffff)
  })

  test('with its checksum in place, anything sums to 0xffff', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 300 }), fc.nat(), (bytes, n) => {
        const at = (n % (bytes.length >> 1)) * 2
        bytes.fill(0, at, at + 2)
        const checksum = finish(sum(bytes, 0, bytes.length))
        bytes.set([checksum >> 8, checksum & 0xff], at)
        expect(fold(sum(bytes, 0, bytes.length))).toBe(0xffff)
      }),
    )
  })
})

describe('[RFC1071 §2] properties', () => {
  test('[RFC1071 §2(A)] the order of words does not matter', () => {
    fc.assert(
      fc.property(fc.array(partial, { maxLength: 200 }), fc.infiniteStream(fc.nat()), (words, keys) => {
        const shuffled = words
          .map((word) => ({ word, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map((entry) => entry.word)
        expect(fold(sum(wire(shuffled), 0, words.length * 2))).toBe(
          fold(sum(wire(words), 0, words.length * 2)),
        )
      }),
    )
  })

  test('[RFC1071 §2(B)] swapped bytes give the swapped sum', () => {
    fc.assert(
      fc.property(fc.array(partial, { maxLength: 200 }), (words) => {
        const straight = fold(sum(wire(words), 0, words.length * 2))
        const swapped = fold(sum(wire(words.map(swap)), 0, words.length * 2))
        expect(swapped).toBe(swap(straight))
      }),
    )
  })

  test('[RFC1071 §2(A)] a range may be summed in parts, each of which begins at an even position', () => {
    fc.assert(
      fc.property(bytesUpTo(600), fc.nat(), (bytes, n) => {
        const first = (n % (bytes.length + 1)) & ~1
        const total = sum(bytes, first, bytes.length - first, sum(bytes, 0, first))
        expect(fold(total)).toBe(reference(bytes))
      }),
    )
  })

  test('fold brings any 32 bits to 16, and finish complements', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (n) => {
        expect(fold(n)).toBe(n === 0 ? 0 : ((n - 1) % 0xffff) + 1)
        expect(finish(n)).toBe(0xffff - fold(n))
      }),
    )
  })
})

describe('[RFC1624 §3] incremental update', () => {
  test('equals the computation from scratch', () => {
    // RFC 1624 speaks of headers that are not all zero; like it, a header here has one word that is not.
    const words = fc.array(partial, { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(words, fc.nat(), partial, (rest, n, value) => {
        const before = [0x4500, ...rest]
        const at = 1 + (n % rest.length)
        const checksum = finish(sum(wire(before), 0, before.length * 2))
        const after = before.with(at, value)
        const expected = finish(sum(wire(after), 0, after.length * 2))
        expect(update(checksum, before[at]!, value)).toBe(expected)
      }),
    )
  })

  test('[RFC1624 §4] the example: 0x5555 becomes 0x3285, the checksum 0xdd2f becomes 0, not 0xffff', () => {
    expect(update(0xdd2f, 0x5555, 0x3285)).toBe(0x0000)
  })

  test('[RFC1624 §3] a change back restores the checksum, 0 and 0xffff included', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 0xfffe, 0x1234), partial, partial, (checksum, a, b) => {
        expect(update(update(checksum, a, b), b, a)).toBe(checksum)
      }),
    )
  })
})

describe('[RFC9293 §3.1] the pseudo-header', () => {
  test('sums addresses, protocol and length as 12 bytes', () => {
    const port = fc.integer({ min: 0, max: 0xffff })
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.constantFrom(6, 17), port, (from, to, protocol, length) => {
        const bytes = new Uint8Array(12)
        const view = new DataView(bytes.buffer)
        view.setInt32(0, from)
        view.setInt32(4, to)
        view.setUint16(8, protocol)
        view.setUint16(10, length)
        expect(fold(pseudoHeader(from, to, protocol, length))).toBe(reference(bytes))
      }),
    )
  })
})

const swap = (word: number): number => ((word & 0xff) << 8) | (word >>> 8)

const wire = (words: number[]): Uint8Array => Uint8Array.from(words.flatMap((w) => [w >>> 8, w & 0xff]))
