// hot path: asked once for every packet where several stacks share an address.
import { FlowTable } from '../base/flow-table.ts'
import { i32, u8, u16 } from '../wire/bytes.ts'
import { ICMP_HEADER, isIcmpError } from '../wire/icmp.ts'
import { IPV4_HEADER, MORE_FRAGMENTS, Protocol } from '../wire/ipv4.ts'
import type { PortSysctls } from './ports.ts'

/** Places in an IPv4 header. */
const FRAGMENT = 6
const PROTOCOL = 9
const SOURCE = 12
const DESTINATION = 16

/** The bits that only a fragment has. */
const IS_FRAGMENT = MORE_FRAGMENTS | 0x1fff

/**
 * Which of several stacks, that serve one address together, a packet belongs to.
 *
 * A pure function of the packet and of a key that they share, so that whoever reads a packet knows where it belongs. A TCP connection is its
 * four-tuple's, from the first SYN on; a fragment, its datagram's; an ICMP error, of what it quotes. UDP goes by the four-tuple too, since every
 * stack has the same servers; but an ephemeral port is one stack's alone, as the socket that chose it may hear from anybody. All else
 * (echo requests, what is malformed) is whose it comes to.
 */
export class Owners {
  readonly count: number
  /** The stack that asks. */
  readonly self: number
  readonly #table: FlowTable
  readonly #ports: PortSysctls

  /** `key0`, `key1`: random words, the same for all stacks. */
  constructor(key0: number, key1: number, count: number, self: number, ports: PortSysctls) {
    this.count = count
    this.self = self
    this.#table = new FlowTable(key0, key1, 2)
    this.#ports = ports
  }

  /** Of a TCP connection; `ports` is remote << 16 | local. */
  ofFlow(local: number, remote: number, ports: number): number {
    return (this.#table.hash(local, remote, ports) >>> 1) % this.count
  }

  /** Of an ephemeral port of UDP. */
  ofPort(port: number): number {
    return this.ofFlow(0, 0, port)
  }

  /** Of the packet in `start` … `start + length - 1`, as it was received: unchecked bytes. */
  ofPacket(packet: Uint8Array, start: number, length: number): number {
    const payload = payloadOf(packet, start, length)
    if (payload === -1) return this.self
    const protocol = u8(packet, start + PROTOCOL)
    const source = i32(packet, start + SOURCE)
    const destination = i32(packet, start + DESTINATION)
    if ((u16(packet, start + FRAGMENT) & IS_FRAGMENT) !== 0) {
      return this.ofFlow(destination, source, (protocol << 16) | u16(packet, start + 4))
    }
    if (protocol === Protocol.Icmp) return this.#ofIcmp(packet, payload, start + length - payload)
    if (start + length < payload + 4) return this.self
    return this.#ofTransport(protocol, destination, source, i32(packet, payload))
  }

  #ofTransport(protocol: number, local: number, remote: number, ports: number): number {
    if (protocol === Protocol.Tcp) return this.ofFlow(local, remote, ports)
    if (protocol !== Protocol.Udp) return this.self
    const port = ports & 0xffff
    return this.#isEphemeral(port) ? this.ofPort(port) : this.ofFlow(local, remote, ports)
  }

  /** RFC 792: an error quotes the header and eight bytes of what we have sent, ours being the source. */
  #ofIcmp(packet: Uint8Array, at: number, length: number): number {
    if (length < ICMP_HEADER || !isIcmpError(u8(packet, at))) return this.self
    const quote = at + ICMP_HEADER
    const payload = payloadOf(packet, quote, length - ICMP_HEADER)
    if (payload === -1 || payload + 4 > at + length) return this.self
    if ((u16(packet, quote + FRAGMENT) & 0x1fff) !== 0) return this.self
    const ports = i32(packet, payload)
    return this.#ofTransport(
      u8(packet, quote + PROTOCOL),
      i32(packet, quote + SOURCE),
      i32(packet, quote + DESTINATION),
      (ports << 16) | (ports >>> 16),
    )
  }

  #isEphemeral(port: number): boolean {
    const [first, last] = this.#ports.ip_local_port_range
    return port >= first! && port <= last!
  }
}

/** Where the payload of an IPv4 packet begins, or -1. */
function payloadOf(packet: Uint8Array, start: number, length: number): number {
  if (length < IPV4_HEADER) return -1
  const first = u8(packet, start)
  const headerLength = (first & 15) << 2
  if (first >> 4 !== 4 || headerLength < IPV4_HEADER || headerLength > length) return -1
  return start + headerLength
}
