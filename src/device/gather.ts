// hot path: packets are copied from ranges, without a view where both ends lie in one buffer.
import { Column, PacketFlag, ROW } from '../base/packet-table.ts'
import { put16 } from '../wire/bytes.ts'
import { finish, sum } from '../wire/checksum.ts'
import { UDP_CHECKSUM_OFFSET } from '../wire/udp.ts'

/** What of a PacketTable is needed to read a row's bytes. */
export interface Rows {
  readonly memory: Uint8Array
  readonly rows: Int32Array
}

/** Up to this length a loop is faster than a view. */
const LOOP_PAYS = 64

/** Bytes of the packet in the row, all pieces together. */
export function lengthOf(table: Rows, row: number): number {
  const { rows } = table
  const r = row * ROW
  return rows[r + Column.HeadLength]! + rows[r + Column.FirstLength]! + rows[r + Column.SecondLength]!
}

/** Copies the row's pieces to one place; returns the packet's length. */
export function gather(table: Rows, row: number, to: Uint8Array, at: number): number {
  const { memory, rows } = table
  const r = row * ROW
  const headLength = rows[r + Column.HeadLength]!
  const firstLength = rows[r + Column.FirstLength]!
  const secondLength = rows[r + Column.SecondLength]!
  move(memory, rows[r + Column.Head]!, headLength, to, at)
  move(memory, rows[r + Column.First]!, firstLength, to, at + headLength)
  move(memory, rows[r + Column.Second]!, secondLength, to, at + headLength + firstLength)
  return headLength + firstLength + secondLength
}

/** The row's flags once the transport checksum (RFC 9293 MUST-2) of its copy at `at` has been filled in, if that was left to do. */
export function completeChecksum(
  table: Rows,
  row: number,
  copy: Uint8Array,
  at: number,
  length: number,
): number {
  const r = row * ROW
  const flags = table.rows[r + Column.Flags]!
  if ((flags & PacketFlag.NeedsChecksum) === 0) return flags
  const start = table.rows[r + Column.ChecksumStart]!
  const offset = table.rows[r + Column.ChecksumOffset]!
  const checksum = finish(sum(copy, at + start, length - start))
  // Zero means "none" in UDP, and all ones are the same number (RFC 768).
  put16(copy, at + start + offset, checksum === 0 && offset === UDP_CHECKSUM_OFFSET ? 0xffff : checksum)
  return flags & ~PacketFlag.NeedsChecksum
}

function move(from: Uint8Array, offset: number, length: number, to: Uint8Array, at: number): void {
  if (length === 0) return
  if (from === to) to.copyWithin(at, offset, offset + length)
  else if (length <= LOOP_PAYS) for (let i = 0; i < length; i++) to[at + i] = from[offset + i]!
  else to.set(from.subarray(offset, offset + length), at)
}
