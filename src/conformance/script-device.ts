import type { Arena } from '../base/arena.ts'
import { Column, PacketFlag, PacketTable } from '../base/packet-table.ts'
import type { Instant } from '../base/time.ts'
import type { Device } from '../device/device.ts'
import { completeChecksum, gather } from '../device/gather.ts'
import { Outbox } from '../device/outbox.ts'
import { splitSegment } from './split-segment.ts'

const OUTPUT_ROWS = 256

/** Largest IP packet. */
const LARGEST_PACKET = 65_535

export interface ScriptDeviceOptions {
  mtu: number
  /** Takes super-segments, and splits them as a kernel does. */
  segmentationOffload: boolean
}

/** A packet that the stack has sent. */
export interface Emitted {
  /** On the stack's clock. */
  readonly time: Instant
  readonly bytes: Uint8Array
}

/** A device whose other end is a script: packets are put in one at a time, and what the stack sends waits to be looked at. */
export class ScriptDevice implements Device {
  readonly name = 'script0'
  readonly memory: Uint8Array
  readonly input: PacketTable
  readonly mtu: number
  readonly segmentationOffload: boolean
  /** What the stack sent and nobody has taken, oldest first. */
  readonly sent: Emitted[] = []
  /** Drops all that is sent, as an interface whose queue holds nothing. */
  isDown = false
  /** Told of each packet that is sent. */
  onSent: ((packet: Emitted) => void) | undefined
  readonly #outbox: Outbox
  readonly #slab: number
  #isWaiting = false
  #now: Instant = 0

  /** Throws a RangeError when the arena is too small. */
  constructor(arena: Arena, options: ScriptDeviceOptions) {
    this.memory = arena.bytes
    this.mtu = options.mtu
    this.segmentationOffload = options.segmentationOffload
    this.input = new PacketTable(arena.bytes, 1)
    this.#outbox = new Outbox(arena, OUTPUT_ROWS)
    this.#slab = arena.take(LARGEST_PACKET)
    if (this.#slab === -1) throw new RangeError('the arena is too small for a device')
  }

  /** The packet is what the next `readBatch` reads. `gsoSize`: payload of each segment that it stands for, or 0. */
  inject(packet: Uint8Array, gsoSize: number): void {
    const { input } = this
    this.memory.set(packet, this.#slab)
    input.set(0, Column.Head, this.#slab)
    input.set(0, Column.HeadLength, packet.length)
    input.set(0, Column.Flags, gsoSize > 0 ? PacketFlag.Gso : 0)
    input.set(0, Column.GsoSize, gsoSize)
    this.#isWaiting = true
  }

  advance(now: Instant): void {
    this.#now = now
  }

  readBatch(): number {
    this.input.count = this.#isWaiting ? 1 : 0
    this.#isWaiting = false
    return this.input.count
  }

  room(): number {
    if (this.#outbox.isFull) this.flush()
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

  flush(): void {
    const { table } = this.#outbox
    for (let row = 0; row < table.count && !this.isDown; row++) this.#send(table, row)
    table.count = 0
  }

  #send(table: PacketTable, row: number): void {
    const length = table.length(row)
    const packet = new Uint8Array(length)
    gather(table, row, packet, 0)
    completeChecksum(table, row, packet, 0, length)
    const gsoSize = table.get(row, Column.GsoSize)
    const packets = gsoSize > 0 ? splitSegment(packet, gsoSize) : [packet]
    for (const bytes of packets) {
      const emitted = { time: this.#now, bytes }
      this.sent.push(emitted)
      this.onSent?.(emitted)
    }
  }
}
