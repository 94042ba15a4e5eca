// hot path: every packet that leaves passes here once.
import { Column, ROW } from '../base/packet-table.ts'
import type { IpCounters } from '../ip/counters.ts'
import { sendFragments } from '../ip/fragment.ts'
import type { Routes } from '../ip/routes.ts'
import { i32 } from '../wire/bytes.ts'
import type { StackCounters } from './counters.ts'
import type { Loopback } from './loopback.ts'
import type { PacketSink } from './packet-sink.ts'
import type { ReplyRing } from './reply-ring.ts'

/** Where the destination lies in an IP header. */
const DESTINATION = 16

/**
 * The way out: what is addressed to ourselves turns round, what is too large is fragmented, the rest goes to the device. As a sink it stands
 * between TCP and the device; `drain` sends what rings have collected.
 */
export class Exit implements PacketSink {
  readonly memory: Uint8Array
  readonly #routes: Routes
  readonly #loopback: Loopback
  readonly #ip: IpCounters
  readonly #counters: StackCounters
  #device: PacketSink
  #head = 0

  /** `idle` stands for the device until `aim` has named one. */
  constructor(routes: Routes, loopback: Loopback, ip: IpCounters, counters: StackCounters, idle: PacketSink) {
    this.#routes = routes
    this.#loopback = loopback
    this.#ip = ip
    this.#counters = counters
    this.#device = idle
    this.memory = idle.memory
  }

  aim(device: PacketSink): void {
    this.#device = device
  }

  get mtu(): number {
    return this.#device.mtu
  }

  get segmentationOffload(): boolean {
    return this.#device.segmentationOffload
  }

  room(): number {
    this.#head = this.#device.room()
    if (this.#head === -1) this.#drop()
    return this.#head
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
    const head = this.#head
    if (this.#routes.isLocal(i32(this.memory, head + DESTINATION))) {
      this.#turnRound(head, headLength, first, firstLength, second, secondLength, flags, gsoSize)
    } else if (gsoSize === 0 && headLength + firstLength + secondLength > this.#device.mtu) {
      // A segment must not be larger than the path (its DF says so), and TCP has been told its size.
      this.#ip.FragFails++
    } else {
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
  }

  /** Sends all packets of the ring, and empties it. */
  drain(ring: ReplyRing): void {
    const { rows, count } = ring.table
    ring.clear()
    for (let row = 0; row < count; row++) this.#sendRow(rows, row * ROW)
  }

  #sendRow(rows: Int32Array, at: number): void {
    const head = rows[at + Column.Head]!
    const headLength = rows[at + Column.HeadLength]!
    const first = rows[at + Column.First]!
    const firstLength = rows[at + Column.FirstLength]!
    const second = rows[at + Column.Second]!
    const secondLength = rows[at + Column.SecondLength]!
    const flags = rows[at + Column.Flags]!
    if (this.#routes.isLocal(i32(this.memory, head + DESTINATION))) {
      this.#turnRound(head, headLength, first, firstLength, second, secondLength, flags, 0)
      return
    }
    if (headLength + firstLength + secondLength > this.#device.mtu) {
      this.#countFragments(
        sendFragments(this.#device, head, headLength, first, firstLength, second, secondLength),
      )
      return
    }
    const room = this.#device.room()
    if (room === -1) {
      this.#drop()
      return
    }
    this.memory.copyWithin(room, head, head + headLength)
    this.#device.push(
      headLength,
      first,
      firstLength,
      second,
      secondLength,
      flags,
      0,
      rows[at + Column.ChecksumStart]!,
      rows[at + Column.ChecksumOffset]!,
    )
  }

  #turnRound(
    head: number,
    headLength: number,
    first: number,
    firstLength: number,
    second: number,
    secondLength: number,
    flags: number,
    gsoSize: number,
  ): void {
    const loopback = this.#loopback
    const isTaken = loopback.push(head, headLength, first, firstLength, second, secondLength, flags, gsoSize)
    if (!isTaken) this.#counters.LoopbackDropped++
  }

  #countFragments(count: number): void {
    if (count > 0) {
      this.#ip.FragOKs++
      this.#ip.FragCreates += count
    } else {
      this.#ip.FragFails++
      if (count === -1) this.#drop()
    }
  }

  #drop(): void {
    this.#counters.DeviceDropped++
    this.#ip.OutDiscards++
  }
}
