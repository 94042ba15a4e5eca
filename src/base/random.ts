import { SipHash } from './siphash.ts'

/** Where the core takes its random numbers from: repeatable from a seed, unpredictable without it. */
export interface Random {
  /** 32 random bits, as int32. */
  word(): number
  /** An integer from 0 to `bound - 1`; `bound` up to 2^31. */
  below(bound: number): number
  /** A number from 0 (included) to 1 (excluded). */
  fraction(): number
  /** `length` random bytes. */
  bytes(length: number): Uint8Array
}

/** A counter enciphered by SipHash (RFC 6528 §4 asks for what RFC 4086 describes): who sees outputs learns neither the seed nor other outputs. */
export class SeededRandom implements Random {
  readonly #hash: SipHash
  #counter = 0
  #counterHigh = 0

  /** `seed`: 16 bytes from a source of randomness, or for a repeatable run any number. */
  constructor(seed: Uint8Array | number) {
    this.#hash = new SipHash(typeof seed === 'number' ? seedBytes(seed) : seed)
  }

  word(): number {
    this.#counter = (this.#counter + 1) | 0
    if (this.#counter === 0) this.#counterHigh++
    return this.#hash.words(this.#counter, this.#counterHigh, 0, 0)
  }

  below(bound: number): number {
    return Math.floor(this.fraction() * bound)
  }

  fraction(): number {
    return (this.word() >>> 0) / 0x1_0000_0000
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length)
    for (let i = 0; i < length; i++) out[i] = this.word()
    return out
  }
}

function seedBytes(seed: number): Uint8Array {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setFloat64(0, seed, true)
  return bytes
}
