// hot path: one Segment is refilled for each packet.
import { i32, put32, u16 } from './bytes.ts'
import { fold, pseudoHeader, sum } from './checksum.ts'
import { Drop } from './drop.ts'
import { Protocol } from './ipv4.ts'
import { type Seq, toSeq } from './seq.ts'
import { readOptions } from './tcp-options.ts'

/** Bytes of a header without options. */
export const TCP_HEADER = 20
/** Where the checksum lies in the header. */
export const TCP_CHECKSUM_OFFSET = 16

const SEQUENCE = 4
const ACKNOWLEDGMENT = 8
/** The word of data offset, control bits and window. */
const CONTROL = 12
const URGENT = 18

export const Flag = { Fin: 1, Syn: 2, Rst: 4, Psh: 8, Ack: 16, Urg: 32, Ece: 64, Cwr: 128 } as const

/** SACK blocks that a segment can carry (RFC 2018 §3). */
export const SACK_BLOCKS = 4

const NOTHING = new Uint8Array(0)

/** A TCP segment as it was read (RFC 9293 §3.1), with what the layers below know of it. */
export class Segment {
  /** Where the segment lies. */
  memory: Uint8Array = NOTHING
  /** Addresses, int32, and the IP header's TOS: the caller's to fill; `readSegment` leaves them. */
  source = 0
  destination = 0
  tos = 0
  sourcePort = 0
  destinationPort = 0
  seq: Seq = toSeq(0)
  /** Meaningful only with Flag.Ack. */
  ack: Seq = toSeq(0)
  /** Bits of `Flag`. */
  flags = 0
  /** The raw 16 bits, unscaled and unsigned (MUST-1). */
  window = 0
  urgent = 0
  /** Bytes, options included. */
  headerLength = 0
  /** Offset of the payload in `memory`, and its length in bytes. */
  payload = 0
  payloadLength = 0
  /** SEG.LEN: what the segment occupies in sequence space, SYN and FIN included. */
  length = 0

  /** Maximum segment size option; 0: absent. */
  mss = 0
  /** Window scale option as sent; -1: absent. RFC 7323 §2.3 has values above 14 taken for 14: the reader of this field does that. */
  windowScale = -1
  sackPermitted = false
  hasTimestamps = false
  /** int32. */
  tsVal = 0
  /** int32. */
  tsEcr = 0
  /** Blocks in `sackEdges`, 0 to 4. */
  sackCount = 0
  /** Left and right edge of each block. */
  readonly sackEdges = new Int32Array(2 * SACK_BLOCKS)
  /** Bytes of the Fast Open cookie, 0 when one is asked for; -1: absent. */
  fastOpenLength = -1
  /** Its offset in `memory`, and whether it came as an experimental option: meaningful when there is one. */
  fastOpenAt = 0
  isFastOpenExperimental = false
  /** An option had an illegal length; the other fields hold what could be read. */
  hasBadOption = false

  /** Payload bytes of each segment that this super-segment stands for; 0: it is a single one. The caller's to fill. */
  gsoSize = 0

  /** How many segments came as this one. */
  get segments(): number {
    return this.gsoSize === 0 ? 1 : Math.max(1, Math.ceil(this.payloadLength / this.gsoSize))
  }

  /** True when any of the flags is set. */
  has(flag: number): boolean {
    return (this.flags & flag) !== 0
  }

  /** The sequence number after the segment's last: SEG.SEQ + SEG.LEN. */
  get end(): Seq {
    return ((this.seq + this.length) | 0) as Seq
  }
}

/**
 * Reads the segment in `offset` … `end - 1`. A malformed option list ends the reading of options, not of the segment (MUST-7).
 * The checksum is left to `verifySegment`. `out` is meaningful only with Drop.None.
 */
export function readSegment(out: Segment, bytes: Uint8Array, offset: number, end: number): Drop {
  if (end - offset < TCP_HEADER) return Drop.TooShort
  const control = i32(bytes, offset + CONTROL)
  const headerLength = (control >>> 26) & 60
  if (headerLength < TCP_HEADER || headerLength > end - offset) return Drop.BadHeaderLength
  const flags = (control >>> 16) & 0xff
  const ports = i32(bytes, offset)
  out.memory = bytes
  out.sourcePort = ports >>> 16
  out.destinationPort = ports & 0xffff
  out.seq = toSeq(i32(bytes, offset + SEQUENCE))
  out.ack = toSeq(i32(bytes, offset + ACKNOWLEDGMENT))
  out.flags = flags
  out.window = control & 0xffff
  out.urgent = u16(bytes, offset + URGENT)
  out.headerLength = headerLength
  out.payload = offset + headerLength
  out.payloadLength = end - out.payload
  out.length = out.payloadLength + ((flags >>> 1) & 1) + (flags & 1)
  out.hasBadOption = readOptions(out, bytes, offset + TCP_HEADER, out.payload) !== Drop.None
  return Drop.None
}

/** True when the checksum of the segment in `offset` … `end - 1` is right (RFC 9293 §3.1, MUST-3). */
export function verifySegment(
  bytes: Uint8Array,
  offset: number,
  end: number,
  source: number,
  destination: number,
): boolean {
  const length = end - offset
  return fold(sum(bytes, offset, length, pseudoHeader(source, destination, Protocol.Tcp, length))) === 0xffff
}

/** Writes the first 20 bytes; the checksum is left 0 for the device (MUST-2). `headerLength` in bytes, options included, a multiple of 4. */
export function writeTcpHeader(
  bytes: Uint8Array,
  offset: number,
  sourcePort: number,
  destinationPort: number,
  seq: Seq,
  ack: Seq,
  headerLength: number,
  flags: number,
  window: number,
  urgent: number,
): void {
  put32(bytes, offset, (sourcePort << 16) | destinationPort)
  put32(bytes, offset + SEQUENCE, seq)
  put32(bytes, offset + ACKNOWLEDGMENT, ack)
  put32(bytes, offset + CONTROL, (headerLength << 26) | (flags << 16) | window)
  put32(bytes, offset + TCP_CHECKSUM_OFFSET, urgent)
}
