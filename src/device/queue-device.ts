// hot path: between the stack and its queue; a packet that came to the right place costs a hash.
import type { Arena } from '../base/arena.ts'
import { Column, PacketTable, ROW } from '../base/packet-table.ts'
import type { Instant } from '../base/time.ts'
import type { StackCounters } from '../stack/counters.ts'
import type { Owners } from '../stack/owners.ts'
import type { Device } from './device.ts'
import type { PolledDevice } from './driver.ts'
import { ForwardingDevice } from './forwarding-device.ts'
import type { PacketRing } from './packet-ring.ts'

/** Packets of one batch that come from the other queues, and those that come from our own. */
const TAKEN = 64
const READ = 64

const SLAB = 1 << 20
/** The largest packet, and a header that a super-segment may have on top. */
const LARGEST = 65_536 + 64

/** A moment that has passed. */
const AT_ONCE: Instant = 0

/** What joins a queue to the others; indices are those of the stacks that serve them. */
export interface Neighbours {
  /** From each other stack to us, and from us to each; our own place is empty. */
  readonly from: readonly (PacketRing | undefined)[]
  readonly to: readonly (PacketRing | undefined)[]
  /** Tells a stack that something came for it. */
  call(index: number): void
  /** Says that we are about to look, so that who writes from now on calls again. */
  listen(): void
}

/**
 * One queue of a device that has several, each served by a stack of its own: a packet that comes to the wrong one is handed to its owner.
 * What the stack sends goes to its own queue, from which the kernel learns where to deliver the answer.
 */
export class QueueDevice extends ForwardingDevice {
  readonly input: PacketTable
  readonly #owners: Owners
  readonly #neighbours: Neighbours
  readonly #counters: StackCounters
  readonly #slab: number
  /** Stacks that have something new of ours. */
  readonly #isOwed: Uint8Array
  /** A packet in one piece that is no row of the device's. */
  readonly #whole: PacketTable
  #owes = false
  #onReadable: (() => void) | undefined

  /** `arena` is that of the device. Throws a RangeError when it has no room for what others hand over. */
  constructor(
    device: Device & Partial<PolledDevice>,
    arena: Arena,
    owners: Owners,
    neighbours: Neighbours,
    counters: StackCounters,
  ) {
    super(device)
    this.#owners = owners
    this.#neighbours = neighbours
    this.#counters = counters
    this.input = new PacketTable(device.memory, TAKEN + READ)
    this.#whole = new PacketTable(device.memory, 1)
    this.#isOwed = new Uint8Array(owners.count)
    this.#slab = arena.take(SLAB)
    if (this.#slab === -1) throw new RangeError('the arena is too small for a queue')
  }

  override get isDrained(): boolean {
    return super.isDrained && !this.#isAwaited
  }

  override serve(onReadable: (() => void) | undefined): void {
    this.#onReadable = onReadable
    super.serve(onReadable)
  }

  /** Another stack has called. */
  called(): void {
    this.#onReadable?.()
  }

  /** At once, while others have more for us than a batch: they call only when they give. */
  override nextDeadline(): Instant {
    return this.#isAwaited ? AT_ONCE : super.nextDeadline()
  }

  readBatch(): number {
    this.input.count = 0
    this.#takeOver()
    this.#read()
    return this.input.count
  }

  /** Also calls the stacks that something was handed to: once a turn. */
  override flush(): void {
    super.flush()
    if (!this.#owes) return
    this.#owes = false
    for (let index = 0; index < this.#isOwed.length; index++) {
      if (this.#isOwed[index] === 0) continue
      this.#isOwed[index] = 0
      this.#neighbours.call(index)
    }
  }

  /** Hands a datagram that we have put together from fragments to its owner. False: it is ours. */
  handOver(start: number, length: number): boolean {
    const owner = this.#owners.ofPacket(this.memory, start, length)
    if (owner === this.#owners.self) return false
    this.#whole.set(0, Column.Head, start)
    this.#whole.set(0, Column.HeadLength, length)
    this.#give(this.#whole, 0, owner)
    return true
  }

  get #isAwaited(): boolean {
    for (const ring of this.#neighbours.from) if (ring !== undefined && !ring.isEmpty) return true
    return false
  }

  /** Every stack that hands over gets its part of the batch. */
  #takeOver(): void {
    const { from } = this.#neighbours
    this.#neighbours.listen()
    let at = this.#slab
    let isMore = true
    while (isMore && this.input.count < TAKEN) {
      isMore = false
      for (const ring of from) {
        if (ring === undefined || at + LARGEST > this.#slab + SLAB || this.input.count === TAKEN) continue
        const length = ring.take(this.input, at)
        if (length === -1) continue
        at += (length + 3) & ~3
        isMore = true
        this.#counters.TakenOver++
      }
    }
  }

  #read(): void {
    const { input } = this.device
    const { self } = this.#owners
    const count = this.device.readBatch()
    const { rows } = input
    for (let row = 0; row < count; row++) {
      const at = row * ROW
      const owner = this.#owners.ofPacket(this.memory, rows[at + Column.Head]!, rows[at + Column.HeadLength]!)
      if (owner === self) this.#keep(rows, at)
      else this.#give(input, row, owner)
    }
  }

  #keep(rows: Int32Array, from: number): void {
    const to = this.input.count++ * ROW
    for (let column = 0; column < ROW; column++) this.input.rows[to + column] = rows[from + column]!
  }

  #give(table: PacketTable, row: number, owner: number): void {
    if (this.#neighbours.to[owner]?.push(table, row) !== true) {
      this.#counters.HandOverDropped++
      return
    }
    this.#counters.HandedOver++
    this.#isOwed[owner] = 1
    this.#owes = true
  }
}
