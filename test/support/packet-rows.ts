import type { Arena } from '../../src/base/arena.ts'
import { Column, PacketTable } from '../../src/base/packet-table.ts'
import type { Path } from '../../src/device/path.ts'

/** A table with one packet in one piece in each row, with PacketFlag bits. */
export function rowsOf(packets: readonly Uint8Array[], flags = 0): PacketTable {
  const memory = new Uint8Array(packets.reduce((total, packet) => total + packet.length, 0))
  const table = new PacketTable(memory, Math.max(1, packets.length))
  let at = 0
  packets.forEach((packet, row) => {
    memory.set(packet, at)
    table.set(row, Column.Head, at)
    table.set(row, Column.HeadLength, packet.length)
    table.set(row, Column.Flags, flags)
    at += packet.length
  })
  table.count = packets.length
  return table
}

/** A copy of the packet in the row, its pieces together. */
export function packetOf(table: PacketTable, row: number): Uint8Array {
  const pieces = [Column.Head, Column.First, Column.Second].map((column) => {
    const start = table.get(row, column)
    return table.memory.subarray(start, start + table.get(row, column + 1))
  })
  return new Uint8Array(Buffer.concat(pieces))
}

/** What has arrived by the path, whose memory is given back. */
export function arrivals(path: Path, arena: Arena, now: number): Uint8Array[] {
  const packets: Uint8Array[] = []
  for (let row = path.take(now); row !== -1; row = path.take(now)) {
    packets.push(packetOf(path.table, row))
    arena.give(path.table.get(row, Column.Head), path.table.get(row, Column.HeadLength))
  }
  return packets
}
