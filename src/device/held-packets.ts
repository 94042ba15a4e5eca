// hot path: a packet is held as a row and a block of the arena; a binary heap orders the rows.
import type { Arena } from '../base/arena.ts'
import { Column, PacketTable, ROW } from '../base/packet-table.ts'
import { type Instant, NEVER } from '../base/time.ts'

/** Packets in one piece each, that wait for their moment; those of the same moment leave in the order in which they came. */
export class HeldPackets {
  /** Each packet held, as a received one. */
  readonly table: PacketTable
  count = 0
  readonly #arena: Arena
  readonly #due: Float64Array
  readonly #arrival: Float64Array
  readonly #heap: Int32Array
  readonly #free: Int32Array
  #arrivals = 0

  constructor(arena: Arena, capacity: number) {
    this.#arena = arena
    this.table = new PacketTable(arena.bytes, capacity)
    this.#due = new Float64Array(capacity)
    this.#arrival = new Float64Array(capacity)
    this.#heap = new Int32Array(capacity)
    this.#free = Int32Array.from({ length: capacity }, (_, i) => capacity - 1 - i)
  }

  get isFull(): boolean {
    return this.count === this.table.capacity
  }

  /** Holds the packet at `offset`, a block of the arena that was taken with `length`, until `due`. There must be room. */
  hold(
    due: Instant,
    offset: number,
    length: number,
    flags: number,
    gsoSize: number,
    checksumStart: number,
    checksumOffset: number,
  ): void {
    const row = this.#free[this.table.capacity - 1 - this.count]!
    const { rows } = this.table
    const at = row * ROW
    rows[at + Column.Head] = offset
    rows[at + Column.HeadLength] = length
    rows[at + Column.Flags] = flags
    rows[at + Column.GsoSize] = gsoSize
    rows[at + Column.ChecksumStart] = checksumStart
    rows[at + Column.ChecksumOffset] = checksumOffset
    this.#due[row] = due
    this.#arrival[row] = this.#arrivals++
    this.#rise(this.count++, row)
  }

  /** When the next packet leaves, or NEVER. */
  get nextDue(): Instant {
    return this.count === 0 ? NEVER : this.#due[this.#heap[0]!]!
  }

  /** The row of a packet whose moment has come, or -1. It is no longer held, and its block belongs to the caller. */
  take(now: Instant): number {
    if (this.count === 0 || this.nextDue > now) return -1
    const row = this.#heap[0]!
    this.count--
    this.#free[this.table.capacity - 1 - this.count] = row
    if (this.count > 0) this.#sink(this.#heap[this.count]!)
    return row
  }

  /** Forgets all packets and gives their blocks back. */
  clear(): void {
    for (let row = this.take(NEVER); row !== -1; row = this.take(NEVER)) {
      this.#arena.give(this.table.get(row, Column.Head), this.table.get(row, Column.HeadLength))
    }
  }

  #isBefore(a: number, b: number): boolean {
    const difference = this.#due[a]! - this.#due[b]!
    return difference < 0 || (difference === 0 && this.#arrival[a]! < this.#arrival[b]!)
  }

  #rise(start: number, row: number): void {
    const heap = this.#heap
    let i = start
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!this.#isBefore(row, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = row
  }

  /** Lets `row` take the root's place. */
  #sink(row: number): void {
    const heap = this.#heap
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= this.count) break
      if (child + 1 < this.count && this.#isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!this.#isBefore(heap[child]!, row)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = row
  }
}
