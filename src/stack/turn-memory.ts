// hot path: datagrams that were queued in blocks give them back every turn.
import type { Arena } from '../base/arena.ts'

/** Blocks of the arena that this turn's output still reads: given back once it has been flushed. */
export class TurnMemory {
  readonly #arena: Arena
  readonly #offsets: number[] = []
  readonly #lengths: number[] = []
  #count = 0
  /** How many of them belong to output that the device has. */
  #flushed = 0

  constructor(arena: Arena) {
    this.#arena = arena
  }

  /** Takes the block (taken with `length`) back after the next flush. */
  giveLater(offset: number, length: number): void {
    this.#offsets[this.#count] = offset
    this.#lengths[this.#count++] = length
  }

  /** The device has been given all output so far, and flushes it before the stack is called again. */
  handedOver(): void {
    this.#flushed = this.#count
  }

  /** The flush is over. */
  release(): void {
    if (this.#flushed === 0) return
    for (let i = 0; i < this.#flushed; i++) this.#arena.give(this.#offsets[i]!, this.#lengths[i]!)
    for (let i = this.#flushed; i < this.#count; i++) {
      this.#offsets[i - this.#flushed] = this.#offsets[i]!
      this.#lengths[i - this.#flushed] = this.#lengths[i]!
    }
    this.#count -= this.#flushed
    this.#flushed = 0
  }
}
