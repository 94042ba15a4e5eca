// hot path: while packets are captured, each is copied into the buffer of its writer.
import type { Instant } from '../base/time.ts'
import type { Rows } from './gather.ts'

/** Writes packets in the format of a capture file. */
export interface CaptureWriter {
  /** Packets that were not written, because whoever takes the bytes did not. */
  readonly dropped: number
  /** Bytes are waiting for `flush`. */
  readonly isPending: boolean
  /** Appends the packet in the row, seen at `now` on its way in or out; a partial checksum is completed in the copy. */
  packet(table: Rows, row: number, isInbound: boolean, now: Instant): void
  /** Hands over what was written so far. */
  flush(): void
}

/** Takes bytes of a file, in order; they are valid during the call only. False: they could not be taken, and are lost. Must not throw. */
export type TakeBytes = (bytes: Uint8Array) => boolean

export interface CaptureOptions {
  /** Microseconds since 1970 at the Instant 0. */
  epoch: number
  /** The file has its header already: only packets are written. */
  continues?: boolean
  /** Timestamps of nanoseconds; microseconds when left out. */
  nanoseconds?: boolean
  /** Most bytes of a packet that are kept; all when left out. */
  snapLength?: number
  /** Most bytes that wait for a flush; 256 KB when left out. Holds at least one packet. */
  bufferSize?: number
}

/** Largest packet, and what tools take as "all of it". */
export const SNAP_LENGTH = 262_144
const BUFFER = 256 * 1024
/** Room for the largest packet (65,535 bytes, and a header that a super-segment may have on top) and its record's frame. */
const LARGEST_RECORD = 66_560

/** LINKTYPE_RAW: a packet begins with its IP header. */
export const LINKTYPE_RAW = 101

/** The bytes of a file on their way to it: bounded, handed over when full or asked to. */
export class CaptureBuffer {
  readonly bytes: Uint8Array
  readonly #view: DataView
  readonly #take: TakeBytes
  dropped = 0
  #length = 0
  /** Packets in the buffer. */
  #packets = 0

  constructor(take: TakeBytes, size = BUFFER) {
    this.bytes = new Uint8Array(Math.max(size, LARGEST_RECORD))
    this.#view = new DataView(this.bytes.buffer)
    this.#take = take
  }

  get isPending(): boolean {
    return this.#length > 0
  }

  /** Makes room for `size` more bytes; returns where they begin. */
  reserve(size: number): number {
    if (this.#length + size > this.bytes.length) this.flush()
    return this.#length
  }

  /** `size` bytes were written at what `reserve` returned. */
  commit(size: number, packets = 1): void {
    this.#length += size
    this.#packets += packets
  }

  flush(): void {
    if (this.#length === 0) return
    if (!this.#take(this.bytes.subarray(0, this.#length))) this.dropped += this.#packets
    this.#length = 0
    this.#packets = 0
  }

  /** Little-endian, as most machines that will read it. */
  put16(at: number, value: number): void {
    this.#view.setUint16(at, value, true)
  }

  put32(at: number, value: number): void {
    this.#view.setUint32(at, value, true)
  }
}
