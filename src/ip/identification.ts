import type { Random } from '../base/random.ts'
import { SipHash } from '../base/siphash.ts'

const BUCKETS = 2048
const ROUNDS = 4

/**
 * Identifications of datagrams that may be fragmented (RFC 6864 §4.3: not repeated for source, destination and protocol).
 *
 * Destination and protocol choose a bucket, the bucket's counter goes through a keyed permutation of 16 bits. So no value
 * returns before 65,535 others of the bucket, and who sees some of them can neither tell the next one nor how much is sent to others.
 */
export class Identification {
  readonly #counters = new Uint16Array(BUCKETS)
  readonly #hash: SipHash

  constructor(random: Random) {
    this.#hash = new SipHash(random.bytes(16))
  }

  /** The next value towards `destination`, 0 to 65535. */
  next(destination: number, protocol: number): number {
    const bucket = this.#hash.words(destination, protocol, 0, 0) & (BUCKETS - 1)
    const count = this.#counters[bucket]!
    this.#counters[bucket] = count + 1
    return this.#permute(count, bucket)
  }

  /** A Feistel network: whatever the round function, it maps 65,536 counts to 65,536 values. */
  #permute(count: number, bucket: number): number {
    let left = count >>> 8
    let right = count & 0xff
    for (let round = 1; round <= ROUNDS; round++) {
      const mixed = left ^ (this.#hash.words(right, bucket, round, 0) & 0xff)
      left = right
      right = mixed
    }
    return (left << 8) | right
  }
}
