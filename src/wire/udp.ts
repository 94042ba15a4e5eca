// hot path: one record is refilled for each datagram.
import { put16, u16 } from './bytes.ts'
import { finish, fold, pseudoHeader, sum } from './checksum.ts'
import { Drop } from './drop.ts'
import { Protocol } from './ipv4.ts'

export const UDP_HEADER = 8
export const UDP_CHECKSUM_OFFSET = 6

/** A UDP header as it was read. */
export class UdpHeader {
  sourcePort = 0
  destinationPort = 0
  /** Bytes, header included. */
  length = 0
  /** As on the wire; 0: the sender computed none. */
  checksum = 0
  /** Where the payload begins, and its length in bytes. */
  payload = 0
  payloadLength = 0
}

/**
 * Reads the datagram in `offset` … `end - 1`; bytes beyond its own length are no part of it. The checksum is left to `verifyUdp`.
 * `out` is meaningful only with Drop.None.
 */
export function readUdp(out: UdpHeader, bytes: Uint8Array, offset: number, end: number): Drop {
  if (end - offset < UDP_HEADER) return Drop.TooShort
  const length = u16(bytes, offset + 4)
  if (length < UDP_HEADER || length > end - offset) return Drop.BadLength
  out.sourcePort = u16(bytes, offset)
  out.destinationPort = u16(bytes, offset + 2)
  out.length = length
  out.checksum = u16(bytes, offset + UDP_CHECKSUM_OFFSET)
  out.payload = offset + UDP_HEADER
  out.payloadLength = length - UDP_HEADER
  return Drop.None
}

/** True when the checksum of the datagram in `offset` … `offset + length - 1` is right, or was not computed (RFC 1122 §4.1.3.4). */
export function verifyUdp(
  bytes: Uint8Array,
  offset: number,
  length: number,
  source: number,
  destination: number,
): boolean {
  if (u16(bytes, offset + UDP_CHECKSUM_OFFSET) === 0) return true
  return fold(sum(bytes, offset, length, pseudoHeader(source, destination, Protocol.Udp, length))) === 0xffff
}

/** Writes 8 bytes with their checksum. `payloadSum` is the partial sum (checksum.ts) of the payload that will follow. */
export function writeUdp(
  bytes: Uint8Array,
  offset: number,
  source: number,
  destination: number,
  sourcePort: number,
  destinationPort: number,
  payloadLength: number,
  payloadSum: number,
): void {
  const length = UDP_HEADER + payloadLength
  put16(bytes, offset, sourcePort)
  put16(bytes, offset + 2, destinationPort)
  put16(bytes, offset + 4, length)
  put16(bytes, offset + UDP_CHECKSUM_OFFSET, 0)
  const total =
    sum(bytes, offset, UDP_HEADER, payloadSum) + pseudoHeader(source, destination, Protocol.Udp, length)
  // Zero would say that no checksum was computed (RFC 768).
  put16(bytes, offset + UDP_CHECKSUM_OFFSET, finish(total) || 0xffff)
}
