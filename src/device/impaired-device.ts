// hot path: each packet is copied once more, to wait in a block of its own.
import type { Arena } from '../base/arena.ts'
import { Column, type PacketTable } from '../base/packet-table.ts'
import type { Random } from '../base/random.ts'
import type { Instant } from '../base/time.ts'
import { HEAD_ROOM } from '../stack/packet-sink.ts'
import type { Device } from './device.ts'
import type { PolledDevice } from './driver.ts'
import { ForwardingDevice } from './forwarding-device.ts'
import type { Impairments } from './impairments.ts'
import { Inbox } from './inbox.ts'
import { Outbox } from './outbox.ts'
import { Path } from './path.ts'

const BATCH = 64
const OUTPUT_ROWS = 256

/** A device behind a bad way: what it delivers and what is sent by it is lost, doubled, harmed and delayed. */
export class ImpairedDevice extends ForwardingDevice {
  /** What comes from the device, and what goes to it. */
  readonly incoming: Path
  readonly outgoing: Path
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #leaving: Inbox
  #now: Instant = 0

  /** `arena` is that of the device. Throws a RangeError for a device that takes and delivers super-segments. */
  constructor(
    device: Device & Partial<PolledDevice>,
    arena: Arena,
    impairments: Impairments,
    random: Random,
  ) {
    super(device)
    if (device.segmentationOffload) throw new RangeError('super-segments cannot be impaired')
    this.incoming = new Path(arena, random, { impairments })
    this.outgoing = new Path(arena, random, { impairments })
    this.#inbox = new Inbox(arena, BATCH)
    this.#outbox = new Outbox(arena, OUTPUT_ROWS)
    this.#leaving = new Inbox(arena, BATCH)
  }

  get input(): PacketTable {
    return this.#inbox.table
  }

  override advance(now: Instant): void {
    this.#now = now
    super.advance(now)
  }

  override nextDeadline(): Instant {
    return Math.min(this.incoming.nextDue, this.outgoing.nextDue, super.nextDeadline())
  }

  readBatch(): number {
    const { device } = this
    this.#inbox.clear()
    const count = device.readBatch()
    for (let row = 0; row < count; row++) this.incoming.send(device.input, row, this.#now)
    this.#inbox.fill(this.incoming, this.#now)
    return this.#inbox.table.count
  }

  override room(): number {
    if (this.#outbox.isFull) this.#send()
    return this.#outbox.head
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
  override flush(): void {
    this.#send()
    while (this.outgoing.nextDue <= this.#now) this.#emit()
    super.flush()
    this.#inbox.clear()
  }

  /** Gives back all memory; the device itself stays open. */
  release(): void {
    this.incoming.clear()
    this.outgoing.clear()
    this.#inbox.clear()
    this.#outbox.release()
  }

  /** Puts what was pushed on its way. */
  #send(): void {
    const { table } = this.#outbox
    for (let row = 0; row < table.count; row++) this.outgoing.send(table, row, this.#now)
    table.count = 0
  }

  /** Hands a batch of what has come through to the device. */
  #emit(): void {
    const leaving = this.#leaving
    leaving.fill(this.outgoing, this.#now)
    for (let row = 0; row < leaving.table.count; row++) {
      this.#write(leaving.table.get(row, Column.Head), leaving.table.get(row, Column.HeadLength))
    }
    this.device.flush()
    leaving.clear()
  }

  #write(offset: number, length: number): void {
    const room = this.device.room()
    if (room === -1) return
    const headLength = Math.min(length, HEAD_ROOM)
    this.memory.copyWithin(room, offset, offset + headLength)
    this.device.push(headLength, offset + headLength, length - headLength, 0, 0, 0, 0, 0, 0)
  }
}
