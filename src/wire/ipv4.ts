// hot path: one record is refilled for each packet.
import { i32, put8, put16, put32, u8, u16 } from './bytes.ts'
import { finish, fold, sum } from './checksum.ts'
import { Drop } from './drop.ts'

/** Bytes of a header without options. */
export const IPV4_HEADER = 20

export const Protocol = { Icmp: 1, Tcp: 6, Udp: 17 } as const

/** Bits of the field that flags and fragment offset share (RFC 791 §3.1). */
export const DONT_FRAGMENT = 0x4000
export const MORE_FRAGMENTS = 0x2000
const FRAGMENT_OFFSET = 0x1fff

const TOTAL_LENGTH = 2
const ID = 4
const FRAGMENT = 6
const TTL = 8
const PROTOCOL = 9
const CHECKSUM = 10
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
}

/**
 * Reads and checks the header of the packet in `offset` … `end - 1` (RFC 1122 §3.2.1.1 and .2); bytes beyond its total length are no
 * part of it. `out` is meaningful only with Drop.None.
 */
export function readIpv4(out: Ipv4Header, bytes: Uint8Array, offset: number, end: number): Drop {
  const drop = readQuotedIpv4(out, bytes, offset, end)
  if (drop !== Drop.None) return drop
  if (out.totalLength < out.headerLength || out.totalLength > end - offset) return Drop.BadTotalLength
  return fold(sum(bytes, offset, out.headerLength)) === 0xffff ? Drop.None : Drop.BadChecksum
}

/**
 * Reads a header that an ICMP error quotes: the packet behind it is cut short, and routers have changed fields without
 * correcting the checksum, so neither is checked.
 */
export function readQuotedIpv4(out: Ipv4Header, bytes: Uint8Array, offset: number, end: number): Drop {
  if (end - offset < IPV4_HEADER) return Drop.TooShort
  const first = u8(bytes, offset)
  if (first >>> 4 !== 4) return Drop.BadVersion
  const headerLength = (first & 15) << 2
  if (headerLength < IPV4_HEADER || headerLength > end - offset) return Drop.BadHeaderLength
  const fragment = u16(bytes, offset + FRAGMENT)
  out.headerLength = headerLength
  out.totalLength = u16(bytes, offset + TOTAL_LENGTH)
  out.tos = u8(bytes, offset + 1)
  out.id = u16(bytes, offset + ID)
  out.dontFragment = (fragment & DONT_FRAGMENT) !== 0
  out.moreFragments = (fragment & MORE_FRAGMENTS) !== 0
  out.fragmentOffset = (fragment & FRAGMENT_OFFSET) << 3
  out.ttl = u8(bytes, offset + TTL)
  out.protocol = u8(bytes, offset + PROTOCOL)
  out.source = i32(bytes, offset + SOURCE)
  out.destination = i32(bytes, offset + DESTINATION)
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
  put8(bytes, offset, 0x45)
  put8(bytes, offset + 1, tos)
  put16(bytes, offset + TOTAL_LENGTH, totalLength)
  put16(bytes, offset + ID, id)
  put16(bytes, offset + FRAGMENT, fragmentBits)
  put8(bytes, offset + TTL, ttl)
  put8(bytes, offset + PROTOCOL, protocol)
  put16(bytes, offset + CHECKSUM, 0)
  put32(bytes, offset + SOURCE, source)
  put32(bytes, offset + DESTINATION, destination)
  put16(bytes, offset + CHECKSUM, finish(sum(bytes, offset, IPV4_HEADER)))
}
