// hot path: a lookup touches one cache line in the usual case and allocates nothing.

/** Nothing is known of this flow. */
export const NO_FLOW = -1

const STRIDE = 4
const EMPTY = -1

/**
 * Four-tuple to handle (a non-negative integer), by open addressing with a keyed hash.
 *
 * Keyed, so that a stranger cannot choose four-tuples that share a slot. Deletion shifts the following entries back, so that there
 * are no tombstones and a lookup's cost does not grow with the table's age.
 */
export class FlowTable {
  #slots: Int32Array
  #mask: number
  #size = 0
  readonly #key0: number
  readonly #key1: number

  /** `key0` and `key1`: random words. `capacity`: slots to begin with, a power of two, at least 2. */
  constructor(key0: number, key1: number, capacity = 64) {
    this.#key0 = key0
    this.#key1 = key1
    this.#mask = capacity - 1
    this.#slots = new Int32Array(capacity * STRIDE).fill(EMPTY)
  }

  get size(): number {
    return this.#size
  }

  /** The handle, or NO_FLOW. `ports` is remote << 16 | local. */
  find(local: number, remote: number, ports: number): number {
    const slots = this.#slots
    for (let i = this.hash(local, remote, ports) & this.#mask; ; i = (i + 1) & this.#mask) {
      const at = i * STRIDE
      const handle = slots[at + 3]!
      if (handle === EMPTY) return NO_FLOW
      if (slots[at] === local && slots[at + 1] === remote && slots[at + 2] === ports) return handle
    }
  }

  /** Adds the flow, or gives it another handle. */
  set(local: number, remote: number, ports: number, handle: number): void {
    if (this.#size * 2 > this.#mask) this.#grow()
    const slots = this.#slots
    for (let i = this.hash(local, remote, ports) & this.#mask; ; i = (i + 1) & this.#mask) {
      const at = i * STRIDE
      const isFree = slots[at + 3] === EMPTY
      if (!isFree && (slots[at] !== local || slots[at + 1] !== remote || slots[at + 2] !== ports)) continue
      if (isFree) this.#size++
      slots[at] = local
      slots[at + 1] = remote
      slots[at + 2] = ports
      slots[at + 3] = handle
      return
    }
  }

  /** Removes the flow. False when it was not there. */
  delete(local: number, remote: number, ports: number): boolean {
    const slots = this.#slots
    let hole = this.hash(local, remote, ports) & this.#mask
    for (; ; hole = (hole + 1) & this.#mask) {
      const at = hole * STRIDE
      if (slots[at + 3] === EMPTY) return false
      if (slots[at] === local && slots[at + 1] === remote && slots[at + 2] === ports) break
    }
    this.#size--
    for (let i = (hole + 1) & this.#mask; slots[i * STRIDE + 3] !== EMPTY; i = (i + 1) & this.#mask) {
      const at = i * STRIDE
      const home = this.hash(slots[at]!, slots[at + 1]!, slots[at + 2]!) & this.#mask
      // The entry may move back when its home does not lie (cyclically) between the hole and itself.
      if (((i - home) & this.#mask) >= ((i - hole) & this.#mask)) {
        slots.copyWithin(hole * STRIDE, at, at + STRIDE)
        hole = i
      }
    }
    slots[hole * STRIDE + 3] = EMPTY
    return true
  }

  #grow(): void {
    const old = this.#slots
    this.#mask = this.#mask * 2 + 1
    this.#slots = new Int32Array((this.#mask + 1) * STRIDE).fill(EMPTY)
    this.#size = 0
    for (let at = 0; at < old.length; at += STRIDE) {
      if (old[at + 3] !== EMPTY) this.set(old[at]!, old[at + 1]!, old[at + 2]!, old[at + 3]!)
    }
  }

  /** HalfSipHash-1-3 over the three words, int32: the key, not only the seed, decides which four-tuples meet. For tables beside this one, too. */
  hash(local: number, remote: number, ports: number): number {
    // `| 0` tells V8 that the loop is one of int32: it takes half the time then.
    let v0 = this.#key0 | 0
    let v1 = this.#key1 | 0
    let v2 = this.#key0 ^ 0x6c796765
    let v3 = this.#key1 ^ 0x74656462
    for (let round = 0; round < 7; round++) {
      const word =
        round === 0 ? local : round === 1 ? remote : round === 2 ? ports : round === 3 ? 12 << 24 : 0
      if (round === 4) v2 ^= 0xff
      v3 ^= word
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
      v0 ^= word
    }
    return v1 ^ v3
  }
}
