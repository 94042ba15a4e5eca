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
    this.#insert(0, this.#orders - 1)
  }

  /** Takes everything back: for another owner, once nobody uses a block any more. */
  reset(): void {
    this.used = 0
    this.#heads.fill(-1)
    this.#freeOrder.fill(-1)
    this.#insert(0, this.#orders - 1)
  }

  /** The size of the block that `take(length)` would give. */
  static blockSize(length: number): number {
    return MIN_BLOCK << orderOf(length)
  }

  /** The offset of a free block of at least `length` bytes, or -1 when there is none. Its content is undefined. */
  take(length: number): number {
    const wanted = orderOf(length)
    let order = wanted
    while (order < this.#orders && this.#heads[order] === -1) order++
    if (order >= this.#orders) return -1
    const block = this.#heads[order]!
    this.#remove(block)
    while (order > wanted) {
      order--
      this.#insert(block + (1 << order), order)
    }
    this.used += MIN_BLOCK << wanted
    return block * MIN_BLOCK
  }

  /** Gives back the block at `offset` that was taken with `length`. */
  give(offset: number, length: number): void {
    let order = orderOf(length)
    let block = offset / MIN_BLOCK
    this.used -= MIN_BLOCK << order
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

/** Smallest block handed out, bytes. */
export const MIN_BLOCK = 2048

const orderOf = (length: number): number =>
  length <= MIN_BLOCK ? 0 : 32 - Math.clz32((length - 1) / MIN_BLOCK)
