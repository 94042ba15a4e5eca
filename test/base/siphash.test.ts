import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SipHash } from '../../src/base/siphash.ts'

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i)

/** Results for the inputs 00, 00 01, 00 01 02 … of length 0 to 15 under KEY (Aumasson and Bernstein 2012, reference vectors). */
const VECTORS = [
  '726fdb47dd0e0e31',
  '74f839c593dc67fd',
  '0d6c8009d9a94f5a',
  '85676696d7fb7e2d',
  'cf2794e0277187b7',
  '18765564cd99a68d',
  'cbc9466e58fee3ce',
  'ab0200f58b01d137',
  '93f5f5799a932462',
  '9e0082df0ba9e4b0',
  '7a5dbbc594ddb9f3',
  'f4b32f46226bada7',
  '751e8fbc860ee5fb',
  '14ea5627c0843d90',
  'f723ca908e7af2ee',
  'a129ca6149be45e5',
]

const result = (hash: SipHash): bigint => (BigInt(hash.high >>> 0) << 32n) | BigInt(hash.low >>> 0)

describe('[RFC6528 §3] SipHash-2-4, the keyed hash behind initial sequence numbers', () => {
  test.each(VECTORS.map((vector, length) => ({ vector, length })))(
    'the published vector of $length bytes',
    ({ vector, length }) => {
      const hash = new SipHash(KEY)
      const low = hash.bytes(KEY.subarray(0, length))
      expect(result(hash).toString(16).padStart(16, '0')).toBe(vector)
      expect(low).toBe(hash.low)
    },
  )

  test('equals a computation in 64-bit integers, for any key and input', () => {
    const key = fc.uint8Array({ minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(key, fc.uint8Array({ maxLength: 80 }), (k, input) => {
        const hash = new SipHash(k)
        hash.bytes(input)
        expect(result(hash)).toBe(reference(k, input))
      }),
    )
  })

  test('four words hash as the 16 bytes that they stand for', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.integer(), fc.integer(), (a, b, c, d) => {
        const input = new Uint8Array(16)
        const view = new DataView(input.buffer)
        for (const [i, word] of [a, b, c, d].entries()) view.setInt32(4 * i, word, true)
        const hash = new SipHash(KEY)
        expect(hash.words(a, b, c, d)).toBe(hash.low)
        expect(result(hash)).toBe(reference(KEY, input))
      }),
    )
  })

  test('a hash leaves no trace in the next', () => {
    const hash = new SipHash(KEY)
    hash.words(1, 2, 3, 4)
    hash.bytes(KEY.subarray(0, 15))
    expect(result(hash).toString(16)).toBe(VECTORS[15])
  })

  test('the key may be part of a larger buffer; fewer than 16 bytes are refused', () => {
    const around = new Uint8Array(40).fill(9)
    around.set(KEY, 3)
    const hash = new SipHash(around.subarray(3, 19))
    hash.bytes(new Uint8Array(0))
    expect(result(hash).toString(16)).toBe(VECTORS[0])
    expect(() => new SipHash(new Uint8Array(15))).toThrow(RangeError)
  })
})

const MASK = (1n << 64n) - 1n
const rotate = (x: bigint, bits: bigint): bigint => ((x << bits) | (x >> (64n - bits))) & MASK

function little(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

/** The paper's description in BigInt. */
function reference(key: Uint8Array, input: Uint8Array): bigint {
  const k0 = little(key.subarray(0, 8))
  const k1 = little(key.subarray(8))
  let v0 = k0 ^ 0x736f6d6570736575n
  let v1 = k1 ^ 0x646f72616e646f6dn
  let v2 = k0 ^ 0x6c7967656e657261n
  let v3 = k1 ^ 0x7465646279746573n
  const round = (): void => {
    v0 = (v0 + v1) & MASK
    v2 = (v2 + v3) & MASK
    v1 = rotate(v1, 13n) ^ v0
    v3 = rotate(v3, 16n) ^ v2
    v0 = rotate(v0, 32n)
    v2 = (v2 + v1) & MASK
    v0 = (v0 + v3) & MASK
    v1 = rotate(v1, 17n) ^ v2
    v3 = rotate(v3, 21n) ^ v0
    v2 = rotate(v2, 32n)
  }
  for (let at = 0; at <= input.length; at += 8) {
    let word = little(input.subarray(at, at + 8))
    if (at + 8 > input.length) word |= BigInt(input.length & 0xff) << 56n
    v3 ^= word
    round()
    round()
    v0 ^= word
  }
  v2 ^= 0xffn
  for (let i = 0; i < 4; i++) round()
  return v0 ^ v1 ^ v2 ^ v3
}
