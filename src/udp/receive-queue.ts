import type { Arena } from '../base/arena.ts'
import { ByteRing } from '../base/byte-ring.ts'
import { i32, put8, put16, put32, u8, u16 } from '../wire/bytes.ts'

/** What is kept in front of each payload: length, addresses, port, TOS and TTL. */
const RECORD = 16

/** A received datagram: filled in by `receive`. */
export class UdpMessage {
  /** int32. */
  source = 0
  sourcePort = 0
  /** The address it was sent to: ours, or a broadcast address. */
  destination = 0
  tos = 0
  ttl = 0
  /** Bytes of payload, also when fewer were copied. */
  length = 0
}

/** Datagrams that wait for their reader, one after another in a ring of bytes. */
export class ReceiveQueue {
  readonly #ring: ByteRing
  readonly #record = new Uint8Array(RECORD)
  /** Datagrams that wait. */
  count = 0

  constructor(arena: Arena) {
    this.#ring = new ByteRing(arena)
  }

  /** Bytes of the arena that are held. */
  get capacity(): number {
    return this.#ring.capacity
  }

  /** Bytes queued, records included. */
  get length(): number {
    return this.#ring.length
  }

  /** Makes room for a payload of `length` bytes. False when the arena has none. */
  reserve(length: number): boolean {
    return this.#ring.reserve(this.#ring.length + RECORD + length)
  }

  /** Bytes that a payload of `length` takes. */
  static sizeOf(length: number): number {
    return RECORD + length
  }

  /** Copies a datagram in; room must have been reserved. */
  push(message: UdpMessage, memory: Uint8Array, payload: number): void {
    const record = this.#record
    put32(record, 0, message.length)
    put32(record, 4, message.source)
    put32(record, 8, message.destination)
    put16(record, 12, message.sourcePort)
    put8(record, 14, message.tos)
    put8(record, 15, message.ttl)
    const ring = this.#ring
    ring.put(ring.length, record, 0, RECORD)
    ring.put(ring.length + RECORD, memory, payload, message.length)
    ring.length += RECORD + message.length
    this.count++
  }

  /** Reads what stands at the head into `out`; there must be something. */
  describe(out: UdpMessage): void {
    const record = this.#record
    this.#ring.get(0, record, 0, RECORD)
    out.length = i32(record, 0)
    out.source = i32(record, 4)
    out.destination = i32(record, 8)
    out.sourcePort = u16(record, 12)
    out.tos = u8(record, 14)
    out.ttl = u8(record, 15)
  }

  /** Copies the head's payload, as much as `length` allows; returns how much that was. */
  copy(message: UdpMessage, into: Uint8Array, offset: number, length: number): number {
    const copied = Math.min(message.length, length)
    if (copied > 0) this.#ring.get(RECORD, into, offset, copied)
    return copied
  }

  drop(message: UdpMessage): void {
    this.#ring.drop(RECORD + message.length)
    this.count--
  }

  clear(): void {
    this.#ring.clear()
    this.count = 0
  }
}
