// hot path: each packet that is sent passes through.
import type { PacketTable } from '../base/packet-table.ts'
import { type Instant, NEVER } from '../base/time.ts'
import type { Device } from './device.ts'
import type { PolledDevice } from './driver.ts'

/** A device in front of another, which does all that this one does not do itself. */
export abstract class ForwardingDevice implements PolledDevice {
  readonly memory: Uint8Array
  abstract readonly input: PacketTable
  /** The one behind. A device that does not poll is never served, and holds nothing back. */
  protected readonly device: Device & Partial<PolledDevice>

  constructor(device: Device & Partial<PolledDevice>) {
    this.memory = device.memory
    this.device = device
  }

  get name(): string {
    return this.device.name
  }

  get mtu(): number {
    return this.device.mtu
  }

  get segmentationOffload(): boolean {
    return this.device.segmentationOffload
  }

  get isDrained(): boolean {
    return this.device.isDrained ?? true
  }

  serve(onReadable: (() => void) | undefined): void {
    this.device.serve?.(onReadable)
  }

  advance(now: Instant): void {
    this.device.advance?.(now)
  }

  nextDeadline(): Instant {
    return this.device.nextDeadline?.() ?? NEVER
  }

  abstract readBatch(): number

  room(): number {
    return this.device.room()
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
    this.device.push(
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
    this.device.flush()
  }
}
