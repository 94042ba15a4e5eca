// hot path: one record is refilled for each packet.
import { i32, put32 } from './bytes.ts'
import { finish, fold, sum } from './checksum.ts'
import { Drop } from './drop.ts'

/** Bytes of a header without options. */
export const IPV4_HEADER = 20

export const Protocol = { Icmp: 1, Tcp: 6, Udp: 17 } as const

/** Bits of the field that flags and fragment offset share (RFC 791 §3.1). */
export const DONT_FRAGMENT = 0x4000
export const MORE_FRAGMENTS = 0x2000
const FRAGMENT_OFFSET = 0x1fff

/** Where the header's words begin (RFC 791 §3.1): identification and fragment; TTL, protocol and checksum; the addresses. */
const SECOND = 4
const THIRD = 8
const SOURCE = 12
const DESTINATION = 16

/** An IPv4 header as it was read. */
export class Ipv4Header {
  /** Bytes, options included. */
  headerLength = 0
  /** Bytes, header included. */
  totalLength = 0
  tos = 0
  id = 0
  dontFragment = false
  moreFragments = false
  /** Bytes. */
  fragmentOffset = 0
  ttl = 0
  protocol = 0
  /** int32. */
  source = 0
  /** int32. */
  destination = 0
  /** The partial sum (RFC 1071) of the first 20 bytes. */
  fixedSum = 0
}

/**
 * Reads and checks the header of the packet in `offset` … `end - 1` (RFC 1122 §3.2.1.1 and §3.2.1.2); bytes beyond its total length are no
 * part of it. `out` is meaningful only with Drop.None.
 */
export function readIpv4(out: Ipv4Header, bytes: Uint8Array, offset: number, end: number): Drop {
  const drop = readQuotedIpv4(out, bytes, offset, end)
  if (drop !== Drop.None) return drop
  if (out.totalLength < out.headerLength || out.totalLength > end - offset) return Drop.BadTotalLength
  const length = out.headerLength
  const options = length === IPV4_HEADER ? 0 : sum(bytes, offset + IPV4_HEADER, length - IPV4_HEADER)
  return fold(out.fixedSum + options) === 0xffff ? Drop.None : Drop.BadChecksum
}

/**
 * Reads a header that an ICMP error quotes: the packet behind it is cut short, and routers have changed fields without
 * correcting the checksum, so neither is checked.
 */
export function readQuotedIpv4(out: Ipv4Header, bytes: Uint8Array, offset: number, end: number): Drop {
  if (end - offset < IPV4_HEADER) return Drop.TooShort
  const first = i32(bytes, offset)
  if (first >>> 28 !== 4) return Drop.BadVersion
  const headerLength = (first >>> 22) & 60
  if (headerLength < IPV4_HEADER || headerLength > end - offset) return Drop.BadHeaderLength
  const second = i32(bytes, offset + SECOND)
  const third = i32(bytes, offset + THIRD)
  const source = i32(bytes, offset + SOURCE)
  const destination = i32(bytes, offset + DESTINATION)
  out.headerLength = headerLength
  out.totalLength = first & 0xffff
  out.tos = (first >>> 16) & 0xff
  out.id = second >>> 16
  out.dontFragment = (second & DONT_FRAGMENT) !== 0
  out.moreFragments = (second & MORE_FRAGMENTS) !== 0
  out.fragmentOffset = (second & FRAGMENT_OFFSET) << 3
  out.ttl = third >>> 24
  out.protocol = (third >>> 16) & 0xff
  out.source = source
  out.destination = destination
  out.fixedSum = sumWords(first, second, third, source, destination)
  return Drop.None
}

/** Writes 20 bytes with their checksum. `fragmentBits` is the raw field: flags, and the offset in units of 8 bytes. */
export function writeIpv4(
  bytes: Uint8Array,
  offset: number,
  totalLength: number,
  tos: number,
  id: number,
  fragmentBits: number,
  ttl: number,
  protocol: number,
  source: number,
  destination: number,
): void {
  const first = (0x45 << 24) | (tos << 16) | (totalLength & 0xffff)
  const second = (id << 16) | fragmentBits
  const third = (ttl << 24) | (protocol << 16)
  put32(bytes, offset, first)
  put32(bytes, offset + SECOND, second)
  put32(bytes, offset + THIRD, third | finish(sumWords(first, second, third, source, destination)))
  put32(bytes, offset + SOURCE, source)
  put32(bytes, offset + DESTINATION, destination)
}

/** The partial sum of the words of a header without options. */
function sumWords(a: number, b: number, c: number, d: number, e: number): number {
  const high = (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16) + (e >>> 16)
  return high + (a & 0xffff) + (b & 0xffff) + (c & 0xffff) + (d & 0xffff) + (e & 0xffff)
}
