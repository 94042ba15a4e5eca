/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of 64 bits that an outsider can neither compute nor invert.
 *
 * Behind initial sequence numbers (RFC 6528), SYN cookies, ephemeral ports (RFC 6056), timestamps' offsets and the seeded
 * random source. 64-bit words are pairs of int32, low half first.
 */
export class SipHash {
  readonly #key: Int32Array
  readonly #v = new Int32Array(8)
  /** Low and high half of the last result. */
  low = 0
  high = 0

  /** `key`: 16 bytes. */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, 16)
    this.#key = new Int32Array([
      view.getInt32(0, true),
      view.getInt32(4, true),
      view.getInt32(8, true),
      view.getInt32(12, true),
    ])
  }

  /** Hashes four 32-bit words, little-endian, as 16 bytes of input. Returns the low half as int32. */
  words(a: number, b: number, c: number, d: number): number {
    this.#begin()
    this.#word(a, b)
    this.#word(c, d)
    this.#word(0, 16 << 24)
    return this.#end()
  }

  /** Hashes any bytes. Returns the low half as int32. */
  bytes(input: Uint8Array): number {
    this.#begin()
    const whole = input.length & ~7
    for (let i = 0; i < whole; i += 8) this.#word(little32(input, i), little32(input, i + 4))
    this.#word(little32(input, whole), little32(input, whole + 4) | (input.length << 24))
    return this.#end()
  }

  #begin(): void {
    const v = this.#v
    const key = this.#key
    const k0 = key[0]!
    const k1 = key[1]!
    const k2 = key[2]!
    const k3 = key[3]!
    v[0] = k0 ^ 0x70736575
    v[1] = k1 ^ 0x736f6d65
    v[2] = k2 ^ 0x6e646f6d
    v[3] = k3 ^ 0x646f7261
    v[4] = k0 ^ 0x6e657261
    v[5] = k1 ^ 0x6c796765
    v[6] = k2 ^ 0x79746573
    v[7] = k3 ^ 0x74656462
  }

  #word(low: number, high: number): void {
    const v = this.#v
    v[6]! ^= low
    v[7]! ^= high
    this.#rounds(2)
    v[0]! ^= low
    v[1]! ^= high
  }

  #end(): number {
    const v = this.#v
    v[4]! ^= 0xff
    this.#rounds(4)
    this.low = v[0]! ^ v[2]! ^ v[4]! ^ v[6]!
    this.high = v[1]! ^ v[3]! ^ v[5]! ^ v[7]!
    return this.low
  }

  /**
   * SipRound, `count` times. A word of 64 bits is l and h; an addition is three lines, so is a rotation with the exclusive or behind it, and a
   * rotation by 32. Spelt out, since this is most of what a SYN cookie costs: calls on the array took twice as long.
   */
  #rounds(count: number): void {
    const v = this.#v
    let l0 = v[0]!
    let h0 = v[1]!
    let l1 = v[2]!
    let h1 = v[3]!
    let l2 = v[4]!
    let h2 = v[5]!
    let l3 = v[6]!
    let h3 = v[7]!
    let sum = 0
    let word = 0
    for (let i = 0; i < count; i++) {
      sum = (l0 + l1) | 0
      h0 = (h0 + h1 + (sum >>> 0 < l1 >>> 0 ? 1 : 0)) | 0
      l0 = sum
      sum = (l2 + l3) | 0
      h2 = (h2 + h3 + (sum >>> 0 < l3 >>> 0 ? 1 : 0)) | 0
      l2 = sum
      word = ((l1 << 13) | (h1 >>> 19)) ^ l0
      h1 = ((h1 << 13) | (l1 >>> 19)) ^ h0
      l1 = word
      word = ((l3 << 16) | (h3 >>> 16)) ^ l2
      h3 = ((h3 << 16) | (l3 >>> 16)) ^ h2
      l3 = word
      word = l0
      l0 = h0
      h0 = word
      sum = (l2 + l1) | 0
      h2 = (h2 + h1 + (sum >>> 0 < l1 >>> 0 ? 1 : 0)) | 0
      l2 = sum
      sum = (l0 + l3) | 0
      h0 = (h0 + h3 + (sum >>> 0 < l3 >>> 0 ? 1 : 0)) | 0
      l0 = sum
      word = ((l1 << 17) | (h1 >>> 15)) ^ l2
      h1 = ((h1 << 17) | (l1 >>> 15)) ^ h2
      l1 = word
      word = ((l3 << 21) | (h3 >>> 11)) ^ l0
      h3 = ((h3 << 21) | (l3 >>> 11)) ^ h0
      l3 = word
      word = l2
      l2 = h2
      h2 = word
    }
    v[0] = l0
    v[1] = h0
    v[2] = l1
    v[3] = h1
    v[4] = l2
    v[5] = h2
    v[6] = l3
    v[7] = h3
  }
}

function little32(input: Uint8Array, at: number): number {
  return (
    byte(input, at) | (byte(input, at + 1) << 8) | (byte(input, at + 2) << 16) | (byte(input, at + 3) << 24)
  )
}

const byte = (input: Uint8Array, at: number): number => input[at] ?? 0
