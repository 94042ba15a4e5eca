// hot path: one copy in, one copy out, no lock.
import { Column, type PacketTable, ROW } from '../base/packet-table.ts'
import { gather, lengthOf, type Rows } from './gather.ts'

/** Bytes of packets that wait, unless said otherwise: some thirty super-segments. */
const RING = 1 << 21

/** Words of the control block, in cache lines of their own: what the writer has written, what the reader has read, in bytes. */
const TAIL = 0
const HEAD = 16
const CONTROL = 32

/** Words in front of each packet: its length and four columns of its row. */
const LENGTH = 0
const FLAGS = 1
const GSO_SIZE = 2
const CHECKSUM_START = 3
const CHECKSUM_OFFSET = 4
const RECORD = 5

/** Instead of a length: the next packet is at the ring's beginning. */
const SKIP = -1

/**
 * Packets on their way from one thread to another: one writes, one reads, nobody waits.
 *
 * A copy between two memories makes two small views; only what came to the wrong queue pays for that.
 *
 * Both positions lie in the shared memory, and each is moved only when the bytes behind it are as they should be. So a thread that dies leaves
 * a sound ring behind, and whoever takes its place goes on where it stopped.
 */
export class PacketRing {
  readonly #control: Int32Array
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #mask: number
  /** The packet being read. */
  readonly #record: Rows

  /** Memory for a ring; `size` in bytes, a power of two. */
  static memory(size = RING): SharedArrayBuffer {
    return new SharedArrayBuffer(CONTROL * 4 + size)
  }

  /** One end of the ring in this memory. */
  constructor(memory: SharedArrayBuffer) {
    this.#control = new Int32Array(memory, 0, CONTROL)
    this.#words = new Int32Array(memory, CONTROL * 4)
    this.#bytes = new Uint8Array(memory, CONTROL * 4)
    this.#mask = this.#bytes.length - 1
    this.#record = { memory: this.#bytes, rows: new Int32Array(ROW) }
  }

  get isEmpty(): boolean {
    return Atomics.load(this.#control, TAIL) === Atomics.load(this.#control, HEAD)
  }

  /** Writes a copy of the packet in the row. False when there is no room. */
  push(table: Rows, row: number): boolean {
    const length = lengthOf(table, row)
    const size = sizeOf(length)
    const tail = this.#control[TAIL]!
    const capacity = this.#mask + 1
    const offset = tail & this.#mask
    const skipped = offset + size > capacity ? capacity - offset : 0
    const used = (tail - Atomics.load(this.#control, HEAD)) | 0
    if (used + skipped + size > capacity) return false
    if (skipped > 0) this.#words[offset >> 2] = SKIP
    this.#write(table, row, length, skipped > 0 ? 0 : offset)
    Atomics.store(this.#control, TAIL, (tail + skipped + size) | 0)
    return true
  }

  /** Reads the next packet to `at` of the table's memory, as a row more. Returns its length, or -1 when there is none. */
  take(table: PacketTable, at: number): number {
    let head = this.#control[HEAD]!
    if (head === Atomics.load(this.#control, TAIL)) return -1
    let offset = head & this.#mask
    if (this.#words[offset >> 2] === SKIP) {
      head += this.#mask + 1 - offset
      offset = 0
    }
    const length = this.#read(offset, table, at)
    Atomics.store(this.#control, HEAD, (head + sizeOf(length)) | 0)
    return length
  }

  #write(table: Rows, row: number, length: number, offset: number): void {
    const words = this.#words
    const from = row * ROW
    const to = offset >> 2
    words[to + LENGTH] = length
    words[to + FLAGS] = table.rows[from + Column.Flags]!
    words[to + GSO_SIZE] = table.rows[from + Column.GsoSize]!
    words[to + CHECKSUM_START] = table.rows[from + Column.ChecksumStart]!
    words[to + CHECKSUM_OFFSET] = table.rows[from + Column.ChecksumOffset]!
    gather(table, row, this.#bytes, offset + RECORD * 4)
  }

  #read(offset: number, table: PacketTable, at: number): number {
    const words = this.#words
    const from = offset >> 2
    const length = words[from + LENGTH]!
    this.#record.rows[Column.Head] = offset + RECORD * 4
    this.#record.rows[Column.HeadLength] = length
    gather(this.#record, 0, table.memory, at)
    const row = table.count++
    table.set(row, Column.Head, at)
    table.set(row, Column.HeadLength, length)
    table.set(row, Column.Flags, words[from + FLAGS]!)
    table.set(row, Column.GsoSize, words[from + GSO_SIZE]!)
    table.set(row, Column.ChecksumStart, words[from + CHECKSUM_START]!)
    table.set(row, Column.ChecksumOffset, words[from + CHECKSUM_OFFSET]!)
    return length
  }
}

/** Bytes of a packet's record: whole words. */
const sizeOf = (length: number): number => RECORD * 4 + ((length + 3) & ~3)
