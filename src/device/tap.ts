// hot path: between the stack and its device.
import { Column, PacketTable } from '../base/packet-table.ts'
import { type Duration, type Instant, MILLISECOND, NEVER } from '../base/time.ts'
import type { CaptureWriter } from './capture.ts'
import type { Device } from './device.ts'
import type { PolledDevice } from './driver.ts'
import { ForwardingDevice } from './forwarding-device.ts'

/** How long a packet may wait to be handed over. */
const PATIENCE: Duration = 200 * MILLISECOND

/** A device whose packets, in both directions, are shown to a writer of captures. */
export class TappedDevice extends ForwardingDevice {
  readonly #writer: CaptureWriter
  /** The packet being pushed, as a row. */
  readonly #pushed: PacketTable
  #now: Instant = 0
  /** When what the writer has must be handed over. */
  #flushAt: Instant = NEVER

  constructor(device: Device & Partial<PolledDevice>, writer: CaptureWriter) {
    super(device)
    this.#writer = writer
    this.#pushed = new PacketTable(device.memory, 1)
  }

  get input(): PacketTable {
    return this.device.input
  }

  override advance(now: Instant): void {
    this.#now = now
    super.advance(now)
    if (now < this.#flushAt) return
    this.#writer.flush()
    this.#flushAt = NEVER
  }

  override nextDeadline(): Instant {
    return Math.min(this.#flushAt, super.nextDeadline())
  }

  readBatch(): number {
    const count = this.device.readBatch()
    for (let row = 0; row < count; row++) this.#writer.packet(this.device.input, row, true, this.#now)
    if (count > 0) this.#flushSoon()
    return count
  }

  override room(): number {
    const head = super.room()
    this.#pushed.set(0, Column.Head, head)
    return head
  }

  override push(
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
    super.push(
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

  #flushSoon(): void {
    if (this.#flushAt === NEVER && this.#writer.isPending) this.#flushAt = this.#now + PATIENCE
  }
}
