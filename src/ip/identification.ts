import type { Random } from '../base/random.ts'
import { SipHash } from '../base/siphash.ts'

const BUCKETS = 2048
/** Round keys of a bucket. */
const ROUNDS = 4
/** Odd multipliers that spread low bits over all 32. */
const SPREAD = 0x9e3779b1
const SPREAD_AGAIN = 0x85ebca6b

/**
 * Identifications of datagrams that may be fragmented (RFC 6864 §4.3: not repeated for source, destination and protocol).
 *
 * Destination and protocol choose a bucket by a keyed hash, and the bucket's counter goes through the bucket's own secret permutation of
 * 16 bits. So no value returns before 65,535 others of the bucket; and what one destination sees tells nothing of how much is sent to
 * others or of the values there.
 */
export class Identification {
  readonly #counters = new Uint16Array(BUCKETS)
  readonly #keys = new Int32Array(BUCKETS * ROUNDS)
  readonly #hash: SipHash

  constructor(random: Random) {
    this.#hash = new SipHash(random.bytes(16))
  }

  /** The next value towards `destination`, 0 to 65535. */
  next(destination: number, protocol: number): number {
    const bucket = this.#hash.words(destination, protocol, 0, 0) & (BUCKETS - 1)
    const count = this.#counters[bucket]!
    if (count === 0) this.#makeKeys(bucket)
    this.#counters[bucket] = count + 1
    return this.#permute(count, bucket * ROUNDS)
  }

  /** Deferred to a bucket's first use: most are never used. */
  #makeKeys(bucket: number): void {
    for (let round = 0; round < ROUNDS; round++) {
      this.#keys[bucket * ROUNDS + round] = this.#hash.words(bucket, round, 0, 1)
    }
  }

  /** A Feistel network: whatever the round function, it maps 65,536 counts to 65,536 values. */
  #permute(count: number, key: number): number {
    let left = count >>> 8
    let right = count & 0xff
    for (let round = 0; round < ROUNDS; round++) {
      const spread = Math.imul(right + this.#keys[key + round]!, SPREAD)
      const mixed = left ^ (Math.imul(spread ^ (spread >>> 15), SPREAD_AGAIN) >>> 24)
      left = right
      right = mixed
    }
    return (left << 8) | right
  }
}
