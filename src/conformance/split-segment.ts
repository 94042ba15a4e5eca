import { put16, put32, u8, u16, u32 } from '../wire/bytes.ts'
import { finish, pseudoHeader, sum } from '../wire/checksum.ts'
import { Ipv4Header, Protocol, readIpv4 } from '../wire/ipv4.ts'
import { Flag, TCP_CHECKSUM_OFFSET } from '../wire/tcp.ts'

/** Offsets in an IPv4 and in a TCP header. */
const TOTAL_LENGTH = 2
const ID = 4
const IP_CHECKSUM = 10
const SEQUENCE = 4
const DATA_OFFSET = 12
const FLAGS = 13

/** Only the last segment has these, and only the first has CWR. */
const AT_THE_END = Flag.Fin | Flag.Psh

/**
 * The segments that a super-segment stands for, as the kernel cuts them (RFC 9293 has no say in it; Linux's tcp_gso_segment): the
 * sequence number and the IP identification move on, FIN and PSH are the last one's, CWR the first one's, checksums are new.
 *
 * `packet`: from the IP header's first byte. `size`: payload bytes of each segment but the last.
 */
export function splitSegment(packet: Uint8Array, size: number): Uint8Array[] {
  const header = new Ipv4Header()
  readIpv4(header, packet, 0, packet.length)
  const tcp = header.headerLength
  const payload = tcp + ((u8(packet, tcp + DATA_OFFSET) >>> 4) << 2)
  const segments: Uint8Array[] = []
  for (let from = payload; from < packet.length; from += size) {
    const to = Math.min(from + size, packet.length)
    const segment = new Uint8Array(payload + to - from)
    segment.set(packet.subarray(0, payload))
    segment.set(packet.subarray(from, to), payload)
    put16(segment, ID, (header.id + segments.length) & 0xffff)
    put32(segment, tcp + SEQUENCE, u32(packet, tcp + SEQUENCE) + from - payload)
    let flags = u8(packet, tcp + FLAGS)
    if (to < packet.length) flags &= ~AT_THE_END
    if (from > payload) flags &= ~Flag.Cwr
    segment[tcp + FLAGS] = flags
    put16(segment, TOTAL_LENGTH, segment.length)
    resum(segment, header)
    segments.push(segment)
  }
  return segments
}

function resum(packet: Uint8Array, { headerLength, source, destination }: Ipv4Header): void {
  put16(packet, IP_CHECKSUM, 0)
  put16(packet, IP_CHECKSUM, finish(sum(packet, 0, headerLength)))
  const length = u16(packet, TOTAL_LENGTH) - headerLength
  const pseudo = pseudoHeader(source, destination, Protocol.Tcp, length)
  put16(packet, headerLength + TCP_CHECKSUM_OFFSET, 0)
  put16(packet, headerLength + TCP_CHECKSUM_OFFSET, finish(sum(packet, headerLength, length, pseudo)))
}
