// hot path: a block that was given back lately is taken again as it is.
/**
 * All memory that carries bytes of packets and streams: one reservation, handed out in power-of-two blocks.
 *
 * One buffer for everything has three consequences that the rest of the stack is built on: a copy within it
 * (`copyWithin`) allocates nothing; a range is two integers, so the device can gather a packet from ranges with one base
 * address; and what strangers can make us hold is bounded by its size. The operating system commits pages as they are first
 * touched.
 */
export class Arena {
  readonly bytes: Uint8Array
  readonly size: number
  /** Bytes handed out, in whole blocks. */
  used = 0
  /** Head of the free list of each order, as a block number, or -1. */
  readonly #heads: Int32Array
  readonly #next: Int32Array
  readonly #previous: Int32Array
  /** Order of the free block that begins here, or -1. */
  readonly #freeOrder: Int8Array
  readonly #orders: number
  /** Blocks given back lately, SPARES of each order: kept from being merged, only to be split again a turn later. */
  readonly #spares: Int32Array
  readonly #spareCounts: Int32Array

  /** `size` in bytes, at most 1 GB (offsets are int32), rounded up to a power of two of at least MIN_BLOCK. */
  constructor(size: number) {
    this.#orders = orderOf(Math.max(size, MIN_BLOCK)) + 1
    this.size = MIN_BLOCK << (this.#orders - 1)
    this.bytes = new Uint8Array(this.size)
    const blocks = this.size / MIN_BLOCK
    this.#heads = new Int32Array(this.#orders).fill(-1)
    this.#next = new Int32Array(blocks)
    this.#previous = new Int32Array(blocks)
    this.#freeOrder = new Int8Array(blocks).fill(-1)
    this.#spares = new Int32Array(this.#orders * SPARES)
    this.#spareCounts = new Int32Array(this.#orders)
    this.#insert(0, this.#orders - 1)
  }

  /** Takes everything back: for another owner, once nobody uses a block any more. */
  reset(): void {
    this.used = 0
    this.#heads.fill(-1)
    this.#freeOrder.fill(-1)
    this.#spareCounts.fill(0)
    this.#insert(0, this.#orders - 1)
  }

  /** The size of the block that `take(length)` would give. */
  static blockSize(length: number): number {
    return MIN_BLOCK << orderOf(length)
  }

  /** The offset of a free block of at least `length` bytes, or -1 when there is none. Its content is undefined. */
  take(length: number): number {
    const order = orderOf(length)
    if (order >= this.#orders) return -1
    let block = this.#takeSpare(order)
    if (block === -1) block = this.#split(order)
    if (block === -1 && this.#mergeSpares()) block = this.#split(order)
    if (block === -1) return -1
    this.used += MIN_BLOCK << order
    return block << MIN_BLOCK_BITS
  }

  /** Gives back the block at `offset` that was taken with `length`. */
  give(offset: number, length: number): void {
    const order = orderOf(length)
    const block = offset >> MIN_BLOCK_BITS
    const count = this.#spareCounts[order]!
    this.used -= MIN_BLOCK << order
    if (count === SPARES) {
      this.#merge(block, order)
      return
    }
    this.#spares[order * SPARES + count] = block
    this.#spareCounts[order] = count + 1
  }

  #takeSpare(order: number): number {
    const count = this.#spareCounts[order]!
    if (count === 0) return -1
    this.#spareCounts[order] = count - 1
    return this.#spares[order * SPARES + count - 1]!
  }

  /** Lets the spare blocks become larger ones. False when there were none. */
  #mergeSpares(): boolean {
    let hadSome = false
    for (let order = 0; order < this.#orders; order++) {
      for (let block = this.#takeSpare(order); block !== -1; block = this.#takeSpare(order)) {
        this.#merge(block, order)
        hadSome = true
      }
    }
    return hadSome
  }

  /** A free block of the order, cut from a larger one if need be, or -1. */
  #split(wanted: number): number {
    let order = wanted
    while (order < this.#orders && this.#heads[order] === -1) order++
    if (order >= this.#orders) return -1
    const block = this.#heads[order]!
    this.#remove(block)
    while (order > wanted) {
      order--
      this.#insert(block + (1 << order), order)
    }
    return block
  }

  /** Makes the block free, as part of the largest one that it completes. */
  #merge(first: number, lowest: number): void {
    let block = first
    let order = lowest
    while (order < this.#orders - 1) {
      const buddy = block ^ (1 << order)
      if (this.#freeOrder[buddy] !== order) break
      this.#remove(buddy)
      block = Math.min(block, buddy)
      order++
    }
    this.#insert(block, order)
  }

  #insert(block: number, order: number): void {
    const head = this.#heads[order]!
    this.#freeOrder[block] = order
    this.#next[block] = head
    this.#previous[block] = -1
    if (head !== -1) this.#previous[head] = block
    this.#heads[order] = block
  }

  #remove(block: number): void {
    const order = this.#freeOrder[block]!
    const next = this.#next[block]!
    const previous = this.#previous[block]!
    if (previous === -1) this.#heads[order] = next
    else this.#next[previous] = next
    if (next !== -1) this.#previous[next] = previous
    this.#freeOrder[block] = -1
  }
}

const MIN_BLOCK_BITS = 11
/** Smallest block handed out, bytes. */
export const MIN_BLOCK = 1 << MIN_BLOCK_BITS

/** Blocks of one order that wait to be taken again. */
const SPARES = 16

const orderOf = (length: number): number =>
  length <= MIN_BLOCK ? 0 : 32 - Math.clz32((length - 1) >> MIN_BLOCK_BITS)
