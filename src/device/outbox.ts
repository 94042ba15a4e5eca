// hot path: `room` and `push` fill a row.
import type { Arena } from '../base/arena.ts'
import { Column, PacketTable, ROW } from '../base/packet-table.ts'
import { HEAD_ROOM } from '../stack/packet-sink.ts'

/** What was pushed to a device and waits for the flush: rows, and a block of the arena in which the heads are written. */
export class Outbox {
  readonly table: PacketTable
  readonly #arena: Arena
  readonly #heads: number

  /** Throws a RangeError when the arena has no room for the heads. */
  constructor(arena: Arena, capacity: number) {
    this.#arena = arena
    this.table = new PacketTable(arena.bytes, capacity)
    this.#heads = arena.take(capacity * HEAD_ROOM)
    if (this.#heads === -1) throw new RangeError('the arena is too small for a device')
  }

  get isFull(): boolean {
    return this.table.count === this.table.capacity
  }

  /** Where the next packet's head goes. There must be room. */
  get head(): number {
    return this.#heads + this.table.count * HEAD_ROOM
  }

  push(
    headLength: number,
    first: number,
    firstLength: number,
    second: number,
    secondLength: number,
    flags: number,
    gsoSize: number,
    checksumStart: number,
    checksumOffset: number,
  ): void {
    const { rows } = this.table
    const at = this.table.count * ROW
    rows[at + Column.Head] = this.head
    rows[at + Column.HeadLength] = headLength
    rows[at + Column.First] = first
    rows[at + Column.FirstLength] = firstLength
    rows[at + Column.Second] = second
    rows[at + Column.SecondLength] = secondLength
    rows[at + Column.Flags] = flags
    rows[at + Column.GsoSize] = gsoSize
    rows[at + Column.ChecksumStart] = checksumStart
    rows[at + Column.ChecksumOffset] = checksumOffset
    this.table.count++
  }

  /** Gives the block of the heads back: the end. */
  release(): void {
    this.#arena.give(this.#heads, this.table.capacity * HEAD_ROOM)
  }
}
