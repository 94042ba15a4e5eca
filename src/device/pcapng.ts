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

const Block = { SectionHeader: 0x0a0d0d0a, InterfaceDescription: 1, EnhancedPacket: 6 } as const
const Option = { End: 0, UserApplication: 4, InterfaceName: 2, Resolution: 9, PacketFlags: 2 } as const
const BYTE_ORDER = 0x1a2b3c4d

/** Direction bits of epb_flags. */
const INBOUND = 1
const OUTBOUND = 2

/** Of an Enhanced Packet Block: what comes before the packet, and after it. */
const PACKET_HEAD = 28
const PACKET_TAIL = 16

const BLOCK_HEADER = 8
/** Room for a block of the file's head. */
const HEAD_BLOCK = 256
const LONGEST_NAME = 128

export interface PcapngOptions extends CaptureOptions {
  /** Of the device, as ASCII. */
  interfaceName: string
}

/** A file in the format of pcapng (draft-ietf-opsawg-pcapng), version 1.0: one section, one interface, packets with their direction. */
export class PcapngWriter implements CaptureWriter {
  readonly #buffer: CaptureBuffer
  readonly #epoch: number
  readonly #isNano: boolean
  readonly #snapLength: number

  /** The section's header waits for the first flush. */
  constructor(take: TakeBytes, options: PcapngOptions) {
    this.#buffer = new CaptureBuffer(take, options.bufferSize)
    this.#epoch = options.epoch
    this.#isNano = options.nanoseconds === true
    this.#snapLength = options.snapLength ?? SNAP_LENGTH
    if (options.continues === true) return
    this.#writeSection()
    this.#writeInterface(options.interfaceName)
  }

  get dropped(): number {
    return this.#buffer.dropped
  }

  get isPending(): boolean {
    return this.#buffer.isPending
  }

  packet(table: Rows, row: number, isInbound: boolean, now: Instant): void {
    const buffer = this.#buffer
    const length = lengthOf(table, row)
    const kept = Math.min(length, this.#snapLength)
    const padded = pad(kept)
    // The whole packet is copied, since its checksum covers it, and cut behind.
    const at = buffer.reserve(PACKET_HEAD + pad(length) + PACKET_TAIL)
    const size = PACKET_HEAD + padded + PACKET_TAIL
    buffer.put32(at, Block.EnhancedPacket)
    buffer.put32(at + 4, size)
    buffer.put32(at + 8, 0)
    this.#putTime(at + 12, now)
    buffer.put32(at + 20, kept)
    buffer.put32(at + 24, length)
    const data = at + PACKET_HEAD
    gather(table, row, buffer.bytes, data)
    completeChecksum(table, row, buffer.bytes, data, length)
    buffer.bytes.fill(0, data + kept, data + padded)
    const tail = data + padded
    buffer.put16(tail, Option.PacketFlags)
    buffer.put16(tail + 2, 4)
    buffer.put32(tail + 4, isInbound ? INBOUND : OUTBOUND)
    buffer.put32(tail + 8, Option.End)
    buffer.put32(tail + 12, size)
    buffer.commit(size)
  }

  flush(): void {
    this.#buffer.flush()
  }

  /** 64 bits, the upper half first. A number of nanoseconds since 1970 has more than a double holds: it is put together from halves. */
  #putTime(at: number, now: Instant): void {
    const time = this.#epoch + now
    const seconds = Math.floor(time / SECOND)
    const fraction = time - seconds * SECOND
    const units = this.#isNano ? 1e9 : 1e6
    const upper = Math.floor(seconds / 0x10000) * units
    const lower = (seconds % 0x10000) * units + Math.floor(this.#isNano ? fraction * 1000 : fraction)
    const low = (upper % 0x10000) * 0x10000 + lower
    this.#buffer.put32(at, Math.floor(upper / 0x10000) + Math.floor(low / 0x1_0000_0000))
    this.#buffer.put32(at + 4, low % 0x1_0000_0000)
  }

  #writeSection(): void {
    const buffer = this.#buffer
    const at = buffer.reserve(HEAD_BLOCK)
    const body = at + BLOCK_HEADER
    buffer.put32(body, BYTE_ORDER)
    buffer.put16(body + 4, 1)
    buffer.put16(body + 6, 0)
    // The section's length: not known.
    buffer.put32(body + 8, 0xffffffff)
    buffer.put32(body + 12, 0xffffffff)
    this.#close(at, Block.SectionHeader, this.#putText(body + 16, Option.UserApplication, 'tunstack'))
  }

  #writeInterface(name: string): void {
    const buffer = this.#buffer
    const at = buffer.reserve(HEAD_BLOCK)
    const body = at + BLOCK_HEADER
    buffer.put16(body, LINKTYPE_RAW)
    buffer.put16(body + 2, 0)
    buffer.put32(body + 4, this.#snapLength)
    const option = this.#putText(body + 8, Option.InterfaceName, name.slice(0, LONGEST_NAME))
    buffer.put16(option, Option.Resolution)
    buffer.put16(option + 2, 1)
    buffer.put32(option + 4, this.#isNano ? 9 : 6)
    this.#close(at, Block.InterfaceDescription, option + 8)
  }

  /** An option of ASCII; returns where the next one goes. */
  #putText(at: number, option: number, text: string): number {
    const buffer = this.#buffer
    const end = at + 4 + pad(text.length)
    buffer.put16(at, option)
    buffer.put16(at + 2, text.length)
    buffer.bytes.fill(0, at + 4, end)
    for (let i = 0; i < text.length; i++) buffer.bytes[at + 4 + i] = text.charCodeAt(i)
    return end
  }

  /** Ends the options at `end`, and gives the block that began at `at` its type and, at both ends, its length. */
  #close(at: number, type: number, end: number): void {
    const size = end + 8 - at
    this.#buffer.put32(end, Option.End)
    this.#buffer.put32(end + 4, size)
    this.#buffer.put32(at, type)
    this.#buffer.put32(at + 4, size)
    this.#buffer.commit(size, 0)
  }
}

const pad = (length: number): number => (length + 3) & ~3
