import type { Arena } from '../base/arena.ts'
import { Column, PacketTable, ROW } from '../base/packet-table.ts'
import { IPV4_HEADER } from '../wire/ipv4.ts'
import type { TurnMemory } from './turn-memory.ts'

/** Packets and bytes that may wait. */
const MAX_PACKETS = 1024
const MAX_BYTES = 8 * 1024 * 1024
/** Room for a packet of 65,535 bytes of payload and its header. */
const MAX_LENGTH = 65_535 + IPV4_HEADER

/**
 * Packets that this stack sends to itself. Copied when they are sent, since their payload may be gone a turn later, and received at the next
 * turn; bounded, and dropped beyond that as a network would.
 */
export class Loopback {
  readonly table: PacketTable
  readonly #arena: Arena
  readonly #turnMemory: TurnMemory
  #bytes = 0

  constructor(arena: Arena, turnMemory: TurnMemory) {
    this.#arena = arena
    this.#turnMemory = turnMemory
    this.table = new PacketTable(arena.bytes, MAX_PACKETS)
  }

  /** Queues the packet that lies in three pieces. False when there is no room. */
  push(
    head: number,
    headLength: number,
    first: number,
    firstLength: number,
    second: number,
    secondLength: number,
    flags: number,
    gsoSize: number,
  ): boolean {
    const { rows, count, memory } = this.table
    const length = headLength + firstLength + secondLength
    if (count === MAX_PACKETS || this.#bytes + length > MAX_BYTES || length > MAX_LENGTH) return false
    const block = this.#arena.take(length)
    if (block === -1) return false
    memory.copyWithin(block, head, head + headLength)
    memory.copyWithin(block + headLength, first, first + firstLength)
    memory.copyWithin(block + headLength + firstLength, second, second + secondLength)
    const at = count * ROW
    rows[at + Column.Head] = block
    rows[at + Column.HeadLength] = length
    rows[at + Column.Flags] = flags
    rows[at + Column.GsoSize] = gsoSize
    this.table.count++
    this.#bytes += length
    return true
  }

  /** Forgets all packets; their bytes stay valid until the turn's output has been flushed. */
  clear(): void {
    const table = this.table
    for (let row = 0; row < table.count; row++) {
      this.#turnMemory.giveLater(table.get(row, Column.Head), table.get(row, Column.HeadLength))
    }
    table.count = 0
    this.#bytes = 0
  }
}
