// hot path: no views, no closures; bytes move by copyWithin inside the arena.
import { Arena } from './arena.ts'

/** Where a queue gets its memory: the arena, or a part of it that is accounted for. */
export interface Blocks {
  readonly bytes: Uint8Array
  /** The offset of a free block of at least `length` bytes, or -1. */
  take(length: number): number
  /** Gives back the block at `offset` that was taken with `length`. */
  give(offset: number, length: number): void
}

/**
 * A queue of bytes in a block of the arena that grows with use and is given back when the queue is empty.
 *
 * Positions are counted from the queue's head. Bytes may be placed beyond the end (data that arrived out of order);
 * `extent` is how far the queue must be kept, `length` how much of it is in order. The owner moves both.
 */
export class ByteRing {
  /** Bytes in order from the head. */
  length = 0
  /** Bytes from the head that hold content, gaps included; at least `length`. */
  extent = 0
  readonly #arena: Blocks
  readonly #mostUsual: number
  #block = -1
  #capacity = 0
  #head = 0
  /** The most that was reserved since the queue was empty, and what is taken at once when it fills again. */
  #most = 0
  #usual = 0

  /** `mostUsual`: an empty queue that fills again takes at once what it held before, up to so many bytes; 0: what is needed. */
  constructor(arena: Blocks, mostUsual = 0) {
    this.#arena = arena
    this.#mostUsual = mostUsual
  }

  /** Bytes of the arena that this queue holds. */
  get capacity(): number {
    return this.#capacity
  }

  /** Makes room for `size` bytes from the head. False when the arena has none. */
  reserve(size: number): boolean {
    if (size > this.#most) this.#most = size
    if (size <= this.#capacity) return true
    if (this.#block === -1 && size < this.#usual && this.#move(Arena.blockSize(this.#usual))) return true
    return this.#move(Arena.blockSize(size))
  }

  /** Gives up what the content does not need, where a smaller block can be had. */
  shrink(): void {
    if (this.extent === 0) this.#release()
    else if (Arena.blockSize(this.extent) < this.#capacity) this.#move(Arena.blockSize(this.extent))
  }

  /** Copies `length` bytes of `from` to position `at`; room must have been reserved. */
  put(at: number, from: Uint8Array, offset: number, length: number): void {
    const start = this.#place(at)
    const first = Math.min(length, this.#capacity - start)
    copy(this.#arena.bytes, this.#block + start, from, offset, first)
    if (first < length) copy(this.#arena.bytes, this.#block, from, offset + first, length - first)
    if (at + length > this.extent) this.extent = at + length
  }

  /** Copies `length` bytes from position `at` to `to`. */
  get(at: number, to: Uint8Array, offset: number, length: number): void {
    const start = this.#place(at)
    const first = Math.min(length, this.#capacity - start)
    copy(to, offset, this.#arena.bytes, this.#block + start, first)
    if (first < length) copy(to, offset + first, this.#arena.bytes, this.#block, length - first)
  }

  /** Removes `count` bytes from the head; an empty queue gives its block back. */
  drop(count: number): void {
    this.length -= count
    this.extent -= count
    if (this.extent === 0) this.#emptied()
    else this.#head = this.#place(count)
  }

  /** Forgets everything. */
  clear(): void {
    this.length = 0
    this.extent = 0
    this.#release()
  }

  /** Offset in the arena of the byte at position `at`. */
  rangeAt(at: number): number {
    return this.#block + this.#place(at)
  }

  /** How many of `length` bytes from position `at` lie in one piece; the rest begins at `wrapsTo`. */
  contiguous(at: number, length: number): number {
    return Math.min(length, this.#capacity - this.#place(at))
  }

  /** Offset in the arena where the queue's second piece begins. */
  get wrapsTo(): number {
    return this.#block
  }

  /** Takes a block of `capacity` bytes, at least `extent`. */
  #move(capacity: number): boolean {
    const block = this.#arena.take(capacity)
    if (block === -1) return false
    if (this.extent > 0) {
      const bytes = this.#arena.bytes
      const first = Math.min(this.extent, this.#capacity - this.#head)
      bytes.copyWithin(block, this.#block + this.#head, this.#block + this.#head + first)
      if (first < this.extent) {
        bytes.copyWithin(block + first, this.#block, this.#block + this.extent - first)
      }
    }
    this.#release()
    this.#block = block
    this.#capacity = capacity
    return true
  }

  /** What fills and empties again and again would else grow, and be moved, every time. */
  #emptied(): void {
    this.#usual = Math.min(this.#most, this.#mostUsual)
    this.#most = 0
    this.#release()
  }

  #place(at: number): number {
    return (this.#head + at) & (this.#capacity - 1)
  }

  #release(): void {
    if (this.#block !== -1) this.#arena.give(this.#block, this.#capacity)
    this.#block = -1
    this.#capacity = 0
    this.#head = 0
  }
}

/** Copies between buffers; within one buffer without a view, and so without allocation. */
function copy(to: Uint8Array, at: number, from: Uint8Array, offset: number, length: number): void {
  if (to === from) to.copyWithin(at, offset, offset + length)
  else if (offset === 0 && length === from.length) to.set(from, at)
  else to.set(from.subarray(offset, offset + length), at)
}
