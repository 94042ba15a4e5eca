import type { Arena } from '../../src/base/arena.ts'
import { PacketFlag } from '../../src/base/packet-table.ts'
import { HEAD_ROOM, type PacketSink } from '../../src/stack/packet-sink.ts'
import { put16, u16 } from '../../src/wire/bytes.ts'
import { finish, sum } from '../../src/wire/checksum.ts'

/** A packet as it left: its bytes in one piece, checksum completed as a device without offload would. */
export interface Sent {
  bytes: Uint8Array
  flags: number
  gsoSize: number
}

/** A sink that keeps what was pushed. */
export class RecordingSink implements PacketSink {
  readonly memory: Uint8Array
  mtu: number
  segmentationOffload = false
  /** How many packets it takes before `room` says -1. */
  capacity = Number.POSITIVE_INFINITY
  readonly sent: Sent[] = []
  readonly #head: number

  constructor(arena: Arena, mtu = 1500) {
    this.memory = arena.bytes
    this.mtu = mtu
    this.#head = arena.take(HEAD_ROOM)
  }

  room(): number {
    return this.sent.length < this.capacity ? this.#head : -1
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
    const bytes = new Uint8Array(headLength + firstLength + secondLength)
    bytes.set(this.memory.subarray(this.#head, this.#head + headLength))
    bytes.set(this.memory.subarray(first, first + firstLength), headLength)
    bytes.set(this.memory.subarray(second, second + secondLength), headLength + firstLength)
    if ((flags & PacketFlag.NeedsChecksum) !== 0) {
      const total = sum(bytes, checksumStart, bytes.length - checksumStart)
      put16(bytes, checksumStart + checksumOffset, finish(total))
    }
    this.sent.push({ bytes, flags, gsoSize })
  }

  /** The packets sent since the last call. */
  take(): Sent[] {
    return this.sent.splice(0)
  }
}

/** The bytes behind the IP header. */
export const transportOf = (packet: Uint8Array): Uint8Array => packet.subarray((packet[0]! & 15) * 4)

/** True when the Internet checksum over the range comes out right. */
export const sumsUp = (bytes: Uint8Array, initial = 0): boolean =>
  finish(sum(bytes, 0, bytes.length, initial)) === 0

export const wordAt = (bytes: Uint8Array, offset: number): number => u16(bytes, offset)
