// hot path: the IP header goes in front of what a transport has written, in place.
import { PacketFlag } from '../base/packet-table.ts'
import type { IpCounters } from '../ip/counters.ts'
import type { Identification } from '../ip/identification.ts'
import type { IpSysctls } from '../ip/sysctls.ts'
import type { SegmentSink } from '../tcp/host.ts'
import { LIMITED_BROADCAST } from '../wire/address.ts'
import { put16 } from '../wire/bytes.ts'
import { pseudoHeader } from '../wire/checksum.ts'
import { DONT_FRAGMENT, IPV4_HEADER, Protocol, writeIpv4 } from '../wire/ipv4.ts'
import { TCP_CHECKSUM_OFFSET } from '../wire/tcp.ts'
import type { PacketSink } from './packet-sink.ts'

/** What all outlets of one stack share. */
export interface OutletContext {
  readonly sysctl: IpSysctls
  readonly counters: IpCounters
  readonly identification: Identification
  /** Our network's broadcast address. */
  readonly broadcast: number
}

/**
 * Where transports write: puts an IPv4 header in front and hands the packet to a sink. Serves TCP's segments, whose checksum stays
 * partial for the device to complete, and the datagrams of ICMP and UDP.
 */
export class Outlet implements SegmentSink {
  readonly memory: Uint8Array
  readonly #context: OutletContext
  #sink: PacketSink
  /** Where the IP header of the packet being written goes. */
  #head = 0

  constructor(context: OutletContext, sink: PacketSink) {
    this.#context = context
    this.#sink = sink
    this.memory = sink.memory
  }

  /** Writes to another sink from now on. */
  aim(sink: PacketSink): void {
    this.#sink = sink
  }

  /** Super-segments whose parts could not be told apart by an identification need DF. */
  get segmentationOffload(): boolean {
    return this.#sink.segmentationOffload && this.#context.sysctl.ip_no_pmtu_disc === 0
  }

  room(): number {
    this.#head = this.#sink.room()
    return this.#head === -1 ? -1 : this.#head + IPV4_HEADER
  }

  send(
    source: number,
    destination: number,
    tos: number,
    ttl: number,
    headerLength: number,
    first: number,
    firstLength: number,
    second: number,
    secondLength: number,
    gsoSize: number,
    mayFragment = false,
  ): void {
    const length = headerLength + firstLength + secondLength
    const dontFragment = this.#context.sysctl.ip_no_pmtu_disc === 0 && !mayFragment
    this.#writeHeader(source, destination, Protocol.Tcp, tos, ttl, length, dontFragment)
    put16(
      this.memory,
      this.#head + IPV4_HEADER + TCP_CHECKSUM_OFFSET,
      pseudoHeader(source, destination, Protocol.Tcp, length),
    )
    const flags = gsoSize > 0 ? PacketFlag.NeedsChecksum | PacketFlag.Gso : PacketFlag.NeedsChecksum
    this.#sink.push(
      IPV4_HEADER + headerLength,
      first,
      firstLength,
      second,
      secondLength,
      flags,
      gsoSize,
      IPV4_HEADER,
      TCP_CHECKSUM_OFFSET,
    )
  }

  /** Sends a datagram of ICMP or UDP, complete with its checksum. */
  sendDatagram(
    source: number,
    destination: number,
    protocol: number,
    tos: number,
    ttl: number,
    headerLength: number,
    data: number,
    dataLength: number,
    dontFragment: boolean,
  ): void {
    this.#writeHeader(source, destination, protocol, tos, ttl, headerLength + dataLength, dontFragment)
    this.#sink.push(IPV4_HEADER + headerLength, data, dataLength, 0, 0, 0, 0, 0, 0)
  }

  #writeHeader(
    source: number,
    destination: number,
    protocol: number,
    tos: number,
    ttl: number,
    length: number,
    dontFragment: boolean,
  ): void {
    const { sysctl, counters, identification, broadcast } = this.#context
    const totalLength = IPV4_HEADER + length
    counters.OutRequests++
    counters.OutOctets += totalLength
    if (destination === broadcast || destination === LIMITED_BROADCAST) counters.OutBcastPkts++
    // RFC 6864 §4.1: what cannot be fragmented needs no identification.
    const id = dontFragment ? 0 : identification.next(destination, protocol)
    const bits = dontFragment ? DONT_FRAGMENT : 0
    // Never 0, and a transport's own or the stack's (RFC 1122 §3.2.1.7); so an ICMP message has a new one (RFC 1812 §4.3.2.2).
    const timeToLive = ttl === 0 ? sysctl.ip_default_ttl : ttl
    writeIpv4(this.memory, this.#head, totalLength, tos, id, bits, timeToLive, protocol, source, destination)
  }
}
