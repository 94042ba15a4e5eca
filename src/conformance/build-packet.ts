import { put16, put32 } from '../wire/bytes.ts'
import { finish, pseudoHeader, sum } from '../wire/checksum.ts'
import { ICMP_HEADER, isIcmpError, writeIcmp } from '../wire/icmp.ts'
import { IPV4_HEADER, Protocol, writeIpv4 } from '../wire/ipv4.ts'
import { type Seq, toSeq } from '../wire/seq.ts'
import { TCP_CHECKSUM_OFFSET, TCP_HEADER, writeTcpHeader } from '../wire/tcp.ts'
import { fail, type Place } from './script-error.ts'
import { type IcmpPacket, type IpInfo, optionLength, TcpFlag, type TcpPacket } from './script-packet.ts'
import type { Flow, Session } from './session.ts'
import { writeTcpOptions } from './write-tcp-options.ts'

const INBOUND_TTL = 255
const LARGEST_PACKET = 65_535

/** What of the settings a packet depends on. */
export interface BuildOptions {
  /** A timestamp's echo may lie between those that the stack has sent. */
  readonly scalesEcr: boolean
}

/** The bytes of an inbound segment, from the IP header's first one; payload is zeros. Throws ScriptError at `place`. */
export function buildTcp(
  packet: TcpPacket,
  session: Session,
  flow: Flow,
  options: BuildOptions,
  place: Place,
): Uint8Array {
  if (packet.udp)
    fail(place, 'TCP that is not carried in UDP', `/udp(${packet.udp.source} > ${packet.udp.destination})`)
  const optionsLength = (packet.options ?? []).reduce((sum, option) => sum + optionLength(option), 0)
  const headerLength = TCP_HEADER + optionsLength
  const length = headerLength + packet.sequence.length
  const bytes = allocate(length, place)
  const isSyn = (packet.flags & TcpFlag.Syn) !== 0
  writeHeader(packet, session, flow, bytes, headerLength)
  const { space, timestamps } = session
  const numbers = {
    edge: (number: number) => space.inboundAck(number, isSyn),
    ecr: ({ ecr = 0, ecrAbsolute }: { ecr: number | undefined; ecrAbsolute: boolean }) =>
      ecrAbsolute || (packet.flags & TcpFlag.Ack) === 0 ? ecr | 0 : timestamps.toWire(ecr, options.scalesEcr),
  }
  writeTcpOptions(packet.options ?? [], bytes, IPV4_HEADER + TCP_HEADER, numbers, place)
  const pseudo = pseudoHeader(flow.remote, flow.local, Protocol.Tcp, length)
  put16(bytes, IPV4_HEADER + TCP_CHECKSUM_OFFSET, finish(sum(bytes, IPV4_HEADER, length, pseudo)))
  writeIp(bytes, packet.ip, Protocol.Tcp, flow.remote, flow.local)
  return bytes
}

function writeHeader(
  packet: TcpPacket,
  session: Session,
  flow: Flow,
  bytes: Uint8Array,
  headerLength: number,
): void {
  const isSyn = (packet.flags & TcpFlag.Syn) !== 0
  const { sequence, ports } = packet
  writeTcpHeader(
    bytes,
    IPV4_HEADER,
    ports?.source ?? flow.remotePort,
    ports?.destination ?? flow.localPort,
    sequence.form === 'absolute' ? toSeq(sequence.first) : session.space.inboundSeq(sequence.first, isSyn),
    (packet.flags & TcpFlag.Ack) === 0 ? toSeq(packet.ack) : session.space.inboundAck(packet.ack, isSyn),
    headerLength,
    packet.flags,
    packet.window ?? 0,
    packet.urgent,
  )
}

/** Bytes of a transport header that an ICMP error quotes. */
const QUOTED = 8

/** The bytes of an inbound ICMP message; an error quotes a segment of ours. Throws ScriptError at `place`. */
export function buildIcmp(packet: IcmpPacket, session: Session, flow: Flow, place: Place): Uint8Array {
  const isError = isIcmpError(packet.type)
  const bytes = allocate(ICMP_HEADER + (isError ? IPV4_HEADER + QUOTED : 0), place)
  const at = IPV4_HEADER + ICMP_HEADER
  if (isError) writeQuote(packet, session, flow, bytes, at, place)
  const rest = packet.mtu ?? (packet.id === undefined ? 0 : packet.id << 16)
  writeIcmp(bytes, IPV4_HEADER, packet.type, packet.code, rest, sum(bytes, at, bytes.length - at))
  writeIp(bytes, packet.ip, Protocol.Icmp, flow.remote, flow.local)
  return bytes
}

function writeQuote(
  packet: IcmpPacket,
  session: Session,
  flow: Flow,
  bytes: Uint8Array,
  at: number,
  place: Place,
): void {
  const { quote } = packet
  if (quote !== undefined && quote.protocol !== 'tcp')
    fail(place, 'a quoted TCP sequence number', `\`${quote.protocol}\``)
  const length = IPV4_HEADER + TCP_HEADER + (quote?.sequence.length ?? 0)
  writeIpv4(bytes, at, length, 0, 0, 0, INBOUND_TTL, Protocol.Tcp, flow.local, flow.remote)
  put16(bytes, at + IPV4_HEADER, flow.localPort)
  put16(bytes, at + IPV4_HEADER + 2, flow.remotePort)
  put32(bytes, at + IPV4_HEADER + 4, quotedSeq(packet, session))
}

function quotedSeq({ quote }: IcmpPacket, { space }: Session): Seq {
  if (quote?.protocol !== 'tcp') return space.inboundAck(0, false)
  const { form, first } = quote.sequence
  return form === 'absolute' ? toSeq(first) : space.inboundAck(first, false)
}

function allocate(length: number, place: Place): Uint8Array {
  if (IPV4_HEADER + length > LARGEST_PACKET)
    fail(place, `a packet of at most ${LARGEST_PACKET} bytes`, `${length}`)
  return new Uint8Array(IPV4_HEADER + length)
}

function writeIp(
  bytes: Uint8Array,
  info: IpInfo,
  protocol: number,
  source: number,
  destination: number,
): void {
  writeIpv4(bytes, 0, bytes.length, tosOf(info), 0, 0, info.ttl ?? INBOUND_TTL, protocol, source, destination)
}

const ECN_BITS = { noecn: 0, ect1: 1, ect0: 2, ce: 3, ect01: 2 } as const

/** The TOS byte that the script gives: whole, or by its parts. */
export const tosOf = ({ tos = 0, dscp, ecn }: IpInfo): number =>
  (dscp === undefined ? tos & 0xfc : dscp << 2) | (ecn === undefined ? tos & 3 : ECN_BITS[ecn])
