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
    const [k0 = 0, k1 = 0, k2 = 0, k3 = 0] = this.#key
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
    this.#round()
    this.#round()
    v[0]! ^= low
    v[1]! ^= high
  }

  #end(): number {
    const v = this.#v
    v[4]! ^= 0xff
    for (let i = 0; i < 4; i++) this.#round()
    this.low = v[0]! ^ v[2]! ^ v[4]! ^ v[6]!
    this.high = v[1]! ^ v[3]! ^ v[5]! ^ v[7]!
    return this.low
  }

  #round(): void {
    const v = this.#v
    add(v, 0, 2)
    add(v, 4, 6)
    rotateAndMix(v, 2, 13, 0)
    rotateAndMix(v, 6, 16, 4)
    swap(v, 0)
    add(v, 4, 2)
    add(v, 0, 6)
    rotateAndMix(v, 2, 17, 4)
    rotateAndMix(v, 6, 21, 0)
    swap(v, 4)
  }
}

/** v[to] += v[from], 64 bits. */
function add(v: Int32Array, to: number, from: number): void {
  const low = (v[to]! >>> 0) + (v[from]! >>> 0)
  v[to] = low
  v[to + 1] = v[to + 1]! + v[from + 1]! + (low > 0xffffffff ? 1 : 0)
}

/** v[at] = rotateLeft(v[at], bits) ^ v[mix], 0 < bits < 32. */
function rotateAndMix(v: Int32Array, at: number, bits: number, mix: number): void {
  const low = v[at]!
  const high = v[at + 1]!
  v[at] = ((low << bits) | (high >>> (32 - bits))) ^ v[mix]!
  v[at + 1] = ((high << bits) | (low >>> (32 - bits))) ^ v[mix + 1]!
}

/** Rotates v[at] by 32 bits. */
function swap(v: Int32Array, at: number): void {
  const low = v[at]!
  v[at] = v[at + 1]!
  v[at + 1] = low
}

function little32(input: Uint8Array, at: number): number {
  return (
    byte(input, at) | (byte(input, at + 1) << 8) | (byte(input, at + 2) << 16) | (byte(input, at + 3) << 24)
  )
}

const byte = (input: Uint8Array, at: number): number => input[at] ?? 0
