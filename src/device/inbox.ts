// hot path: rows are copied, bytes stay where they are.
import type { Arena } from '../base/arena.ts'
import { Column, PacketTable, ROW } from '../base/packet-table.ts'
import type { Instant } from '../base/time.ts'
import type { Path } from './path.ts'

/** What a device has read from paths: a batch of packets whose blocks are given back before the next one. */
export class Inbox {
  readonly table: PacketTable
  readonly #arena: Arena

  constructor(arena: Arena, capacity: number) {
    this.#arena = arena
    this.table = new PacketTable(arena.bytes, capacity)
  }

  /** Gives the batch's bytes back. */
  clear(): void {
    const { table } = this
    for (let row = 0; row < table.count; row++) {
      this.#arena.give(table.get(row, Column.Head), table.get(row, Column.HeadLength))
    }
    table.count = 0
  }

  /** Adds what has arrived by the path, as far as there is room. */
  fill(path: Path, now: Instant): void {
    const { table } = this
    while (table.count < table.capacity) {
      const row = path.take(now)
      if (row === -1) return
      const from = row * ROW
      const to = table.count++ * ROW
      for (let column = 0; column < ROW; column++) table.rows[to + column] = path.table.rows[from + column]!
    }
  }
}
