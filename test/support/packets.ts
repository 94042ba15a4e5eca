import { parseAddress } from '../../src/wire/address.ts'
import { put16 } from '../../src/wire/bytes.ts'
import { finish, pseudoHeader, sum } from '../../src/wire/checksum.ts'
import { ICMP_HEADER, IcmpType, writeIcmp } from '../../src/wire/icmp.ts'
import { IPV4_HEADER, MORE_FRAGMENTS, Protocol, writeIpv4 } from '../../src/wire/ipv4.ts'
import { toSeq } from '../../src/wire/seq.ts'
import { TCP_CHECKSUM_OFFSET, TCP_HEADER, writeTcpHeader } from '../../src/wire/tcp.ts'
import { UDP_HEADER, writeUdp } from '../../src/wire/udp.ts'

/** An address literal as int32; throws for what is none. */
export function ip(text: string): number {
  const address = parseAddress(text)
  if (address === undefined) throw new Error(`not an address: ${text}`)
  return address
}

export const US = ip('10.9.0.2')
export const PEER = ip('10.9.0.1')

/** `length` bytes that tell their place. */
export const pattern = (length: number, seed = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) + seed) & 0xff)

export interface IpFields {
  source?: number
  destination?: number
  protocol?: number
  tos?: number
  id?: number
  ttl?: number
  /** Raw flags and offset field. */
  fragmentBits?: number
  /** IP options, a multiple of four bytes. */
  options?: Uint8Array
}

/** An IPv4 packet from PEER to US around the payload. */
export function ipPacket(payload: Uint8Array, fields: IpFields = {}): Uint8Array {
  const {
    source = PEER,
    destination = US,
    protocol = 253,
    tos = 0,
    id = 7,
    ttl = 64,
    fragmentBits = 0,
  } = fields
  const options = fields.options ?? new Uint8Array(0)
  const header = IPV4_HEADER + options.length
  const bytes = new Uint8Array(header + payload.length)
  writeIpv4(bytes, 0, bytes.length, tos, id, fragmentBits, ttl, protocol, source, destination)
  bytes.set(options, IPV4_HEADER)
  bytes.set(payload, header)
  if (options.length > 0) {
    bytes[0] = 0x40 | (header / 4)
    resum(bytes)
  }
  return bytes
}

/** Corrects the IP header's checksum after a change. */
export function resum(packet: Uint8Array): Uint8Array {
  put16(packet, 10, 0)
  put16(packet, 10, finish(sum(packet, 0, (packet[0]! & 15) * 4)))
  return packet
}

/** An ICMP message. `rest`: bytes 4 to 7. */
export function icmpMessage(type: number, code: number, rest: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(ICMP_HEADER + data.length)
  bytes.set(data, ICMP_HEADER)
  writeIcmp(bytes, 0, type, code, rest, sum(bytes, ICMP_HEADER, data.length))
  return bytes
}

export const icmpPacket = (
  type: number,
  code: number,
  rest: number,
  data: Uint8Array,
  fields: IpFields = {},
): Uint8Array => ipPacket(icmpMessage(type, code, rest, data), { protocol: Protocol.Icmp, ...fields })

export const echoRequest = (data: Uint8Array, fields: IpFields = {}): Uint8Array =>
  icmpPacket(IcmpType.Echo, 0, 0x12340001, data, fields)

export interface PortFields extends IpFields {
  sourcePort?: number
  destinationPort?: number
  /** Sent without a checksum. */
  hasNoChecksum?: boolean
}

export function udpPacket(data: Uint8Array, fields: PortFields = {}): Uint8Array {
  const { source = PEER, destination = US, sourcePort = 4000, destinationPort = 7 } = fields
  const bytes = new Uint8Array(UDP_HEADER + data.length)
  bytes.set(data, UDP_HEADER)
  const dataSum = sum(bytes, UDP_HEADER, data.length)
  writeUdp(bytes, 0, source, destination, sourcePort, destinationPort, data.length, dataSum)
  if (fields.hasNoChecksum === true) put16(bytes, 6, 0)
  return ipPacket(bytes, { protocol: Protocol.Udp, ...fields })
}

export interface TcpFields extends PortFields {
  seq?: number
  ack?: number
  flags: number
  window?: number
  /** A multiple of four bytes. */
  tcpOptions?: Uint8Array
}

export function tcpPacket(data: Uint8Array, fields: TcpFields): Uint8Array {
  const { source = PEER, destination = US, sourcePort = 4000, destinationPort = 7, flags } = fields
  const { seq = 0, ack = 0, window = 65535, tcpOptions = new Uint8Array(0) } = fields
  const header = TCP_HEADER + tcpOptions.length
  const bytes = new Uint8Array(header + data.length)
  writeTcpHeader(bytes, 0, sourcePort, destinationPort, toSeq(seq), toSeq(ack), header, flags, window, 0)
  bytes.set(tcpOptions, TCP_HEADER)
  bytes.set(data, header)
  const pseudo = pseudoHeader(source, destination, Protocol.Tcp, bytes.length)
  put16(bytes, TCP_CHECKSUM_OFFSET, finish(sum(bytes, 0, bytes.length, pseudo)))
  return ipPacket(bytes, { protocol: Protocol.Tcp, ...fields })
}

/** Cuts a packet without options into fragments of at most `size` payload bytes (a multiple of eight). */
export function fragmentsOf(packet: Uint8Array, size: number): Uint8Array[] {
  const fragments: Uint8Array[] = []
  const payload = packet.subarray(IPV4_HEADER)
  for (let from = 0; from < payload.length; from += size) {
    const piece = payload.subarray(from, from + size)
    const bytes = new Uint8Array(IPV4_HEADER + piece.length)
    bytes.set(packet.subarray(0, IPV4_HEADER))
    bytes.set(piece, IPV4_HEADER)
    put16(bytes, 2, bytes.length)
    put16(bytes, 6, (from >>> 3) | (from + size < payload.length ? MORE_FRAGMENTS : 0))
    fragments.push(resum(bytes))
  }
  return fragments
}
