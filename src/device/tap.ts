// hot path: between the stack and its device.
import { Column, PacketTable } from '../base/packet-table.ts'
import { type Duration, type Instant, MILLISECOND, NEVER } from '../base/time.ts'
import type { CaptureWriter } from './capture.ts'
import type { Device } from './device.ts'
import type { PolledDevice } from './driver.ts'

/** How long a packet may wait to be handed over. */
const PATIENCE: Duration = 200 * MILLISECOND

/** A device whose packets, in both directions, are shown to a writer of captures. */
export class TappedDevice implements PolledDevice {
  readonly memory: Uint8Array
  readonly #device: Device & Partial<PolledDevice>
  readonly #writer: CaptureWriter
  /** The packet being pushed, as a row. */
  readonly #pushed: PacketTable
  #now: Instant = 0
  /** When what the writer has must be handed over. */
  #flushAt: Instant = NEVER

  constructor(device: Device & Partial<PolledDevice>, writer: CaptureWriter) {
    this.#device = device
    this.#writer = writer
    this.memory = device.memory
    this.#pushed = new PacketTable(device.memory, 1)
  }

  get name(): string {
    return this.#device.name
  }

  get mtu(): number {
    return this.#device.mtu
  }

  get segmentationOffload(): boolean {
    return this.#device.segmentationOffload
  }

  get input(): PacketTable {
    return this.#device.input
  }

  get isDrained(): boolean {
    return this.#device.isDrained ?? true
  }

  serve(onReadable: (() => void) | undefined): void {
    this.#device.serve?.(onReadable)
  }

  advance(now: Instant): void {
    this.#now = now
    this.#device.advance?.(now)
    if (now < this.#flushAt) return
    this.#writer.flush()
    this.#flushAt = NEVER
  }

  nextDeadline(): Instant {
    return Math.min(this.#flushAt, this.#device.nextDeadline?.() ?? NEVER)
  }

  readBatch(): number {
    const count = this.#device.readBatch()
    for (let row = 0; row < count; row++) this.#writer.packet(this.#device.input, row, true, this.#now)
    if (count > 0) this.#flushSoon()
    return count
  }

  room(): number {
    const head = this.#device.room()
    this.#pushed.set(0, Column.Head, head)
    return head
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
    const row = this.#pushed
    row.set(0, Column.HeadLength, headLength)
    row.set(0, Column.First, first)
    row.set(0, Column.FirstLength, firstLength)
    row.set(0, Column.Second, second)
    row.set(0, Column.SecondLength, secondLength)
    row.set(0, Column.Flags, flags)
    row.set(0, Column.ChecksumStart, checksumStart)
    row.set(0, Column.ChecksumOffset, checksumOffset)
    this.#writer.packet(row, 0, false, this.#now)
    this.#flushSoon()
    this.#device.push(
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
    this.#device.flush()
  }

  #flushSoon(): void {
    if (this.#flushAt === NEVER && this.#writer.isPending) this.#flushAt = this.#now + PATIENCE
  }
}
