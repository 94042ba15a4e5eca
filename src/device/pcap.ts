// hot path: while packets are captured.
import { type Instant, SECOND } from '../base/time.ts'
import {
  CaptureBuffer,
  type CaptureOptions,
  type CaptureWriter,
  LINKTYPE_RAW,
  SNAP_LENGTH,
  type TakeBytes,
} from './capture.ts'
import { completeChecksum, gather, lengthOf, type Rows } from './gather.ts'

const MAGIC_MICROSECONDS = 0xa1b2c3d4
const MAGIC_NANOSECONDS = 0xa1b23c4d
const FILE_HEADER = 24
const RECORD_HEADER = 16

/** A file in the format of libpcap (draft-ietf-opsawg-pcap), version 2.4. */
export class PcapWriter implements CaptureWriter {
  readonly #buffer: CaptureBuffer
  readonly #epoch: number
  /** Units of the fraction in a microsecond. */
  readonly #resolution: number
  readonly #snapLength: number

  /** The file's header waits for the first flush. */
  constructor(take: TakeBytes, options: CaptureOptions) {
    this.#buffer = new CaptureBuffer(take, options.bufferSize)
    this.#epoch = options.epoch
    this.#resolution = options.nanoseconds === true ? 1000 : 1
    this.#snapLength = options.snapLength ?? SNAP_LENGTH
    if (options.continues !== true) this.#writeFileHeader()
  }

  get dropped(): number {
    return this.#buffer.dropped
  }

  get isPending(): boolean {
    return this.#buffer.isPending
  }

  packet(table: Rows, row: number, _isInbound: boolean, now: Instant): void {
    const buffer = this.#buffer
    const length = lengthOf(table, row)
    const kept = Math.min(length, this.#snapLength)
    // The whole packet is copied, since its checksum covers it, and cut behind.
    const at = buffer.reserve(RECORD_HEADER + length)
    const time = this.#epoch + now
    const seconds = Math.floor(time / SECOND)
    buffer.put32(at, seconds)
    buffer.put32(at + 4, Math.floor((time - seconds * SECOND) * this.#resolution))
    buffer.put32(at + 8, kept)
    buffer.put32(at + 12, length)
    gather(table, row, buffer.bytes, at + RECORD_HEADER)
    completeChecksum(table, row, buffer.bytes, at + RECORD_HEADER, length)
    buffer.commit(RECORD_HEADER + kept)
  }

  flush(): void {
    this.#buffer.flush()
  }

  #writeFileHeader(): void {
    const buffer = this.#buffer
    const at = buffer.reserve(FILE_HEADER)
    buffer.put32(at, this.#resolution === 1 ? MAGIC_MICROSECONDS : MAGIC_NANOSECONDS)
    buffer.put16(at + 4, 2)
    buffer.put16(at + 6, 4)
    buffer.put32(at + 8, 0)
    buffer.put32(at + 12, 0)
    buffer.put32(at + 16, this.#snapLength)
    buffer.put32(at + 20, LINKTYPE_RAW)
    buffer.commit(FILE_HEADER, 0)
  }
}
