// hot path: one copy a packet, from the sender's ranges into the receiver's arena.
import type { Arena } from '../base/arena.ts'
import { Column, PacketFlag, type PacketTable, ROW } from '../base/packet-table.ts'
import type { Random } from '../base/random.ts'
import { type Instant, MILLISECOND, SECOND } from '../base/time.ts'
import { put8, u8 } from '../wire/bytes.ts'
import { Backlog } from './backlog.ts'
import { completeChecksum, gather, lengthOf, type Rows } from './gather.ts'
import { HeldPackets } from './held-packets.ts'
import type { Impairments, QueueLimit } from './impairments.ts'

/** Packets on their way at once, when nothing else is said. */
const CAPACITY = 4096

/** How long a packet is held back to be overtaken where there is no delay to be spared. */
const HELD_BACK = MILLISECOND

export class PathCounters {
  /** What was given to the path, and what came out of it. */
  Sent = 0
  Delivered = 0
  Lost = 0
  Duplicated = 0
  Corrupted = 0
  Reordered = 0
  /** Dropped at the queue's tail. */
  QueueDropped = 0
  /** Dropped since the path holds as many packets as it can, or the arena is full. */
  NoRoom = 0
}

export interface PathOptions {
  impairments: Impairments
  queue?: QueueLimit | undefined
  /** Packets that may be on their way at once. */
  capacity?: number | undefined
  /** Leaves partial checksums and super-segments as they are, for a receiver that takes both. */
  keepsPartial?: boolean | undefined
}

/**
 * One direction of a way between two places: packets are lost, doubled and harmed by chance, wait for their turn at the rate, and arrive
 * after the delay.
 *
 * The order of fates is that of Linux's netem: duplication, loss, corruption, queue, reordering.
 */
export class Path {
  readonly counters = new PathCounters()
  readonly impairments: Impairments
  readonly #arena: Arena
  readonly #random: Random
  readonly #held: HeldPackets
  readonly #backlog = new Backlog()
  readonly #maxPackets: number
  readonly #maxBytes: number
  readonly #keepsPartial: boolean
  /** When the last bit of what was sent so far leaves. */
  #freeAt: Instant = 0

  /** `arena` is the receiver's: packets on their way lie in it. */
  constructor(arena: Arena, random: Random, options: PathOptions) {
    this.#arena = arena
    this.#random = random
    this.impairments = options.impairments
    this.#held = new HeldPackets(arena, options.capacity ?? CAPACITY)
    this.#maxPackets = options.queue?.packets ?? Number.POSITIVE_INFINITY
    this.#maxBytes = options.queue?.bytes ?? Number.POSITIVE_INFINITY
    this.#keepsPartial = options.keepsPartial ?? false
  }

  /** Where rows that `take` returns are found: each as a received packet. */
  get table(): PacketTable {
    return this.#held.table
  }

  /** Packets on their way. */
  get count(): number {
    return this.#held.count
  }

  /** When the next packet arrives, or NEVER. */
  get nextDue(): Instant {
    return this.#held.nextDue
  }

  /** Packets and bytes in the queue. */
  backlog(now: Instant): Readonly<Backlog> {
    this.#backlog.settle(now)
    return this.#backlog
  }

  /** Sends a copy of the packet in the row. */
  send(table: Rows, row: number, now: Instant): void {
    const { duplicate, loss } = this.impairments
    this.counters.Sent++
    let copies = 1
    if (this.#chance(duplicate)) {
      copies++
      this.counters.Duplicated++
    }
    if (this.#chance(loss)) {
      copies--
      this.counters.Lost++
    }
    for (; copies > 0; copies--) this.#enter(table, row, now)
  }

  /** A row of `table` that has arrived, or -1. Its block of the arena (Head, taken with HeadLength) belongs to the caller. */
  take(now: Instant): number {
    const row = this.#held.take(now)
    if (row !== -1) this.counters.Delivered++
    return row
  }

  /** Forgets all that is on its way. */
  clear(): void {
    this.#held.clear()
  }

  #enter(table: Rows, row: number, now: Instant): void {
    const length = lengthOf(table, row)
    this.#backlog.settle(now)
    if (this.#backlog.packets >= this.#maxPackets || this.#backlog.bytes + length > this.#maxBytes) {
      this.counters.QueueDropped++
      return
    }
    const block = this.#held.isFull ? -1 : this.#arena.take(length)
    if (block === -1) {
      this.counters.NoRoom++
      return
    }
    const { rows } = table
    const flags = this.#copy(table, row, block, length)
    const due = Math.ceil(this.#depart(length, now) + this.#delay())
    const at = row * ROW
    this.#held.hold(
      due,
      block,
      length,
      flags,
      rows[at + Column.GsoSize]!,
      rows[at + Column.ChecksumStart]!,
      rows[at + Column.ChecksumOffset]!,
    )
  }

  /** Copies the packet, harms it when chance has it so, and returns its flags. */
  #copy(table: Rows, row: number, block: number, length: number): number {
    const { bytes } = this.#arena
    gather(table, row, bytes, block)
    if (this.#keepsPartial) return table.rows[row * ROW + Column.Flags]!
    const flags = completeChecksum(table, row, bytes, block, length)
    if (!this.#chance(this.impairments.corrupt)) return flags
    this.counters.Corrupted++
    const at = block + this.#random.below(length)
    put8(bytes, at, u8(bytes, at) ^ (1 << this.#random.below(8)))
    return flags & ~PacketFlag.ChecksumValid
  }

  /** When the packet's last bit is sent. */
  #depart(length: number, now: Instant): Instant {
    const { rate } = this.impairments
    if (rate === 0) return now
    this.#freeAt = Math.max(now, this.#freeAt) + (length * 8 * SECOND) / rate
    this.#backlog.add(this.#freeAt, length)
    return this.#freeAt
  }

  #delay(): number {
    const { delay, reorder } = this.impairments
    if (!this.#chance(reorder)) return delay
    this.counters.Reordered++
    return delay > 0 ? 0 : HELD_BACK
  }

  #chance(probability: number): boolean {
    return probability > 0 && this.#random.fraction() < probability
  }
}
