// hot path: a packet is a row; heads lie in one block, payload stays where it is.
import type { Arena } from '../base/arena.ts'
import { Column, PacketTable, ROW } from '../base/packet-table.ts'
import { HEAD_ROOM, type PacketSink } from './packet-sink.ts'

/** Packets that wait for the turn's transmission: bounded, so that a flood of questions is not a flood of answers. */
export class ReplyRing implements PacketSink {
  readonly memory: Uint8Array
  readonly mtu: number
  readonly segmentationOffload = false
  readonly table: PacketTable
  readonly #heads: number
  readonly #onFull: () => void

  /** `onFull` is called for each packet that finds no room. Throws when the arena has no room for the heads. */
  constructor(arena: Arena, capacity: number, mtu: number, onFull: () => void) {
    this.memory = arena.bytes
    this.mtu = mtu
    this.table = new PacketTable(arena.bytes, capacity)
    this.#heads = arena.take(capacity * HEAD_ROOM)
    if (this.#heads === -1) throw new RangeError('the arena is too small for a ring of replies')
    this.#onFull = onFull
  }

  get isFull(): boolean {
    return this.table.count === this.table.capacity
  }

  room(): number {
    if (!this.isFull) return this.#heads + this.table.count * HEAD_ROOM
    this.#onFull()
    return -1
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
    const { rows, count } = this.table
    const at = count * ROW
    rows[at + Column.Head] = this.#heads + count * HEAD_ROOM
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

  clear(): void {
    this.table.count = 0
  }
}
