// hot path: a packet is copied once, from the sender's arena into the receiver's.
import type { Arena } from '../base/arena.ts'
import type { PacketTable } from '../base/packet-table.ts'
import { type Instant, NEVER } from '../base/time.ts'
import type { Device } from '../device/device.ts'
import { Inbox } from '../device/inbox.ts'
import { Outbox } from '../device/outbox.ts'
import type { Path } from '../device/path.ts'
import { i32 } from '../wire/bytes.ts'

/** Packets read at once, and pushed before the device flushes by itself: as the TUN device has them. */
const BATCH = 64
const OUTPUT_ROWS = 256

/** Where the destination lies in an IP header. */
const DESTINATION = 16

export interface MemoryDeviceOptions {
  name?: string | undefined
  /** Bytes; 1500 when left out. */
  mtu?: number | undefined
  /** Takes and delivers super-segments and partial checksums. */
  segmentationOffload?: boolean | undefined
}

/** A device without a machine behind it: paths lead from it and to it. */
export class MemoryDevice implements Device {
  readonly name: string
  readonly arena: Arena
  readonly memory: Uint8Array
  readonly mtu: number
  readonly segmentationOffload: boolean
  /** Packets that no path led away. */
  unsent = 0
  /** Packets read and written so far. */
  handled = 0
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #incoming: Path[] = []
  readonly #outgoing = new Map<number, Path>()
  #onlyPath: Path | undefined
  #now: Instant = 0

  constructor(arena: Arena, options: MemoryDeviceOptions = {}) {
    this.name = options.name ?? 'mem0'
    this.arena = arena
    this.memory = arena.bytes
    this.mtu = options.mtu ?? 1500
    this.segmentationOffload = options.segmentationOffload ?? false
    this.#inbox = new Inbox(arena, BATCH)
    this.#outbox = new Outbox(arena, OUTPUT_ROWS)
  }

  get isDrained(): boolean {
    return this.#inbox.table.count < BATCH
  }

  get input(): PacketTable {
    return this.#inbox.table
  }

  /** Packets come by this path, which lies in this device's arena. */
  receiveFrom(path: Path): void {
    this.#incoming.push(path)
  }

  /** Packets to `address` leave by this path. The only path takes all others too. */
  sendTo(address: number, path: Path): void {
    this.#outgoing.set(address, path)
    this.#onlyPath = this.#outgoing.size === 1 ? path : undefined
  }

  advance(now: Instant): void {
    this.#now = now
  }

  nextDeadline(): Instant {
    let next = NEVER
    for (let i = 0; i < this.#incoming.length; i++) next = Math.min(next, this.#incoming[i]!.nextDue)
    return next
  }

  readBatch(): number {
    this.#inbox.clear()
    for (let i = 0; i < this.#incoming.length; i++) this.#inbox.fill(this.#incoming[i]!, this.#now)
    this.handled += this.#inbox.table.count
    return this.#inbox.table.count
  }

  room(): number {
    if (this.#outbox.isFull) this.#send()
    return this.#outbox.head
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
    this.#outbox.push(
      headLength,
      first,
      firstLength,
      second,
      secondLength,
      flags,
      gsoSize,
      checksumStart,
      checksumOffset,
    )
  }

  /** Also gives back what `readBatch` read: the turn that could answer with it is over. */
  flush(): void {
    this.#send()
    this.#inbox.clear()
  }

  #send(): void {
    const { table } = this.#outbox
    this.handled += table.count
    for (let row = 0; row < table.count; row++) {
      const path = this.#onlyPath ?? this.#outgoing.get(i32(this.memory, table.get(row, 0) + DESTINATION))
      if (path === undefined) this.unsent++
      else path.send(table, row, this.#now)
    }
    table.count = 0
  }
}
