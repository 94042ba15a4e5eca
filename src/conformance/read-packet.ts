import { i32, u8, u16 } from '../wire/bytes.ts'
import { fold, sum } from '../wire/checksum.ts'
import { Drop, dropName } from '../wire/drop.ts'
import { Ipv4Header, Protocol, readIpv4 } from '../wire/ipv4.ts'
import { type Seq, toSeq } from '../wire/seq.ts'
import { TCP_HEADER, verifySegment } from '../wire/tcp.ts'
import { readTcpOptions } from './read-tcp-options.ts'
import type { EcnCodePoint, IcmpPacket, IpInfo, TcpPacket } from './script-packet.ts'
import { TcpFlag } from './script-packet.ts'
import type { Session } from './session.ts'

/** A packet that the stack has sent, as far as its headers can be read. */
export interface SeenPacket {
  readonly bytes: Uint8Array
  /** What is wrong with the IP header, if anything. */
  readonly ipFault: string | undefined
  readonly protocol: number
  /** int32. */
  readonly source: number
  readonly destination: number
  readonly sourcePort: number
  readonly destinationPort: number
  readonly tos: number
  readonly ttl: number
  /** Bytes of the IP header. */
  readonly headerLength: number
  /** Of a TCP segment. */
  readonly tcp: SeenSegment | undefined
  /** A set of TcpFlag; 0 when it is no TCP segment. */
  readonly flags: number
}

export interface SeenSegment {
  /** What is wrong with the header, if anything. */
  readonly fault: string | undefined
  readonly seq: Seq
  readonly ack: Seq
  readonly window: number
  readonly urgent: number
  /** Where options and payload begin in `bytes`, and how long the payload is. */
  readonly options: number
  readonly payload: number
  readonly length: number
}

const FLAG_BITS = 0xfff

/** Reads a packet that need not be right: what is wrong is told, nothing throws. */
export function seePacket(bytes: Uint8Array): SeenPacket {
  const ip = new Ipv4Header()
  const drop = readIpv4(ip, bytes, 0, bytes.length)
  const isWhole =
    drop === Drop.None && ip.protocol === Protocol.Tcp && bytes.length - ip.headerLength >= TCP_HEADER
  const at = ip.headerLength
  return {
    bytes,
    ipFault: ipFault(drop, ip, bytes),
    protocol: ip.protocol,
    source: ip.source,
    destination: ip.destination,
    sourcePort: isWhole ? u16(bytes, at) : 0,
    destinationPort: isWhole ? u16(bytes, at + 2) : 0,
    tos: ip.tos,
    ttl: ip.ttl,
    headerLength: at,
    tcp: isWhole ? seeSegment(bytes, ip) : undefined,
    flags: isWhole ? u16(bytes, at + 12) & FLAG_BITS : 0,
  }
}

function ipFault(drop: Drop, ip: Ipv4Header, bytes: Uint8Array): string | undefined {
  if (drop !== Drop.None) return `the IP header is wrong: ${dropName(drop)}`
  if (ip.headerLength !== 20) return `the IP header has options (${ip.headerLength} bytes)`
  if (ip.totalLength !== bytes.length)
    return `the IP header says ${ip.totalLength} bytes, there are ${bytes.length}`
  return undefined
}

function seeSegment(bytes: Uint8Array, ip: Ipv4Header): SeenSegment {
  const at = ip.headerLength
  const headerLength = (u8(bytes, at + 12) >>> 4) << 2
  const payload = Math.min(at + Math.max(headerLength, TCP_HEADER), bytes.length)
  let fault: string | undefined
  if (headerLength < TCP_HEADER || at + headerLength > bytes.length) {
    fault = `the data offset says ${headerLength} bytes`
  } else if (!verifySegment(bytes, at, bytes.length, ip.source, ip.destination)) {
    fault = 'the TCP checksum is wrong'
  }
  return {
    fault,
    seq: toSeq(i32(bytes, at + 4)),
    ack: toSeq(i32(bytes, at + 8)),
    window: u16(bytes, at + 14),
    urgent: u16(bytes, at + 18),
    options: at + TCP_HEADER,
    payload,
    length: bytes.length - payload,
  }
}

/** The segment as a script would write it, in the numbers of the session. */
export function toScriptPacket(seen: SeenPacket, segment: SeenSegment, session: Session): TcpPacket {
  const { flags } = seen
  const { space, timestamps } = session
  const isSyn = (flags & TcpFlag.Syn) !== 0
  const hasAck = (flags & TcpFlag.Ack) !== 0
  return {
    protocol: 'tcp',
    direction: 'outbound',
    ip: ipInfoOf(seen),
    ports: undefined,
    flags,
    ace: false,
    sequence: { form: 'relative', first: space.outboundSeq(segment.seq, isSyn), length: segment.length },
    ack: hasAck ? space.outboundAck(segment.ack, isSyn) : segment.ack >>> 0,
    window: segment.window,
    urgent: segment.urgent,
    options: readTcpOptions(seen.bytes, segment.options, segment.payload, {
      edge: (wire) => space.outboundAck(wire, isSyn),
      val: (wire) => timestamps.toScript(wire),
    }),
    udp: undefined,
  }
}

const ECN: readonly EcnCodePoint[] = ['noecn', 'ect1', 'ect0', 'ce']

/** What is not the default. */
function ipInfoOf({ tos }: SeenPacket): IpInfo {
  return {
    ecn: (tos & 3) === 0 ? undefined : ECN[tos & 3],
    dscp: undefined,
    tos: tos >>> 2 === 0 ? undefined : tos,
    ttl: undefined,
    flowLabel: undefined,
  }
}

/** An ICMP message as a script would write it; undefined for another packet. */
export function toIcmpPacket(seen: SeenPacket): IcmpPacket | undefined {
  const { bytes, headerLength } = seen
  if (seen.protocol !== Protocol.Icmp || bytes.length - headerLength < 8) return undefined
  return {
    protocol: 'icmp',
    direction: 'outbound',
    ip: ipInfoOf(seen),
    type: u8(bytes, headerLength),
    code: u8(bytes, headerLength + 1),
    mtu: undefined,
    id: undefined,
    quote: undefined,
  }
}

/** True when the checksum of an ICMP message holds. */
export const hasIcmpChecksum = ({ bytes, headerLength }: SeenPacket): boolean =>
  fold(sum(bytes, headerLength, bytes.length - headerLength)) === 0xffff
