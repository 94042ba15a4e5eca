// hot path: one Packet record is refilled for each packet.
import type { Instant } from '../base/time.ts'
import { u8, u16 } from '../wire/bytes.ts'
import { Drop } from '../wire/drop.ts'
import { IPV4_HEADER, type Ipv4Header, readIpv4 } from '../wire/ipv4.ts'
import type { IpCounters } from './counters.ts'
import { hasSourceRoute } from './options.ts'
import { Cast, Packet } from './packet.ts'
import { Reassembly, type ReassemblyHost } from './reassembly.ts'
import type { Routes } from './routes.ts'

/** What the network layer asks of the stack around it. */
export interface IpHost extends ReassemblyHost {
  readonly routes: Routes
  /** Sees a datagram that was put together from fragments first; true when it is not ours to deliver. */
  handOver(packet: Packet): boolean
  /** Takes a whole datagram for us. The record and its bytes are valid during the call, the bytes until the turn's end. */
  deliver(packet: Packet, now: Instant): void
  /** Fragment zero came and the rest did not: Time Exceeded, code 1, may be due (RFC 792 Time Exceeded; RFC 1122 §3.3.2). */
  reassemblyTimedOut(packet: Packet, now: Instant): void
}

/** The network layer's input: what a packet must be to reach a protocol. Its TTL is no matter (RFC 1122 §3.2.1.7). */
export class Ip {
  readonly reassembly: Reassembly
  readonly #host: IpHost
  readonly #counters: IpCounters
  readonly #packet = new Packet()

  constructor(host: IpHost) {
    this.#host = host
    this.#counters = host.counters
    this.reassembly = new Reassembly(host)
  }

  /** Takes the packet in `start` … `start + length - 1`. `isLooped`: it comes from ourselves. */
  receive(
    memory: Uint8Array,
    start: number,
    length: number,
    flags: number,
    gsoSize: number,
    isLooped: boolean,
    now: Instant,
  ): void {
    const packet = this.#packet
    const header = packet.header
    const drop = readIpv4(header, memory, start, start + length)
    if (drop !== Drop.None) {
      this.#countDrop(drop, memory, start, length)
      return
    }
    packet.memory = memory
    packet.start = start
    packet.payload = start + header.headerLength
    packet.end = start + header.totalLength
    packet.flags = flags
    packet.gsoSize = gsoSize
    packet.isLooped = isLooped
    packet.cast = this.#host.routes.castOf(header.destination)
    this.#countReceived(packet)
    if (!this.#isForUs(packet)) return
    if (header.moreFragments || header.fragmentOffset !== 0) {
      if (!this.reassembly.add(packet, now)) return
      if (this.#host.handOver(packet)) return
    }
    this.#host.deliver(packet, now)
  }

  /** Gives up the datagrams whose time is over. */
  advance(now: Instant): void {
    const packet = this.#packet
    while (this.reassembly.nextDeadline() <= now) {
      if (this.reassembly.expire(packet, now)) this.#host.reassemblyTimedOut(packet, now)
    }
  }

  nextDeadline(): Instant {
    return this.reassembly.nextDeadline()
  }

  #isForUs(packet: Packet): boolean {
    const counters = this.#counters
    const { header, cast } = packet
    if (!this.#isValidSource(header.source, packet.isLooped)) return false
    if (cast === Cast.Other) {
      this.#countMisdirected(header.destination)
      return false
    }
    if (
      header.headerLength > IPV4_HEADER &&
      hasSourceRoute(packet.memory, packet.start + IPV4_HEADER, packet.payload)
    ) {
      counters.InSourceRouted++
      return false
    }
    return true
  }

  /** RFC 1122 §3.2.1.3, RFC 9293 MUST-63: a source is one host, and from outside it is not us. */
  #isValidSource(source: number, isLooped: boolean): boolean {
    const routes = this.#host.routes
    if (!routes.isUnicast(source)) {
      this.#counters.InMartianSrc++
      return false
    }
    if (!isLooped && routes.isLocal(source)) {
      this.#counters.InOwnSrc++
      return false
    }
    return true
  }

  #countMisdirected(destination: number): void {
    const counters = this.#counters
    if (this.#host.routes.isUnicast(destination)) counters.InAddrErrors++
    else if (destination >>> 28 === 14) counters.InMcastNotJoined++
    else counters.InMartianDst++
  }

  #countReceived(packet: Packet): void {
    const counters = this.#counters
    const { header, cast } = packet
    counters.InReceives++
    counters.InOctets += header.totalLength
    countEcn(counters, header)
    if (cast === Cast.Broadcast) {
      counters.InBcastPkts++
      counters.InBcastOctets += header.totalLength
    } else if (header.destination >>> 28 === 14) {
      counters.InMcastPkts++
      counters.InMcastOctets += header.totalLength
    }
  }

  #countDrop(drop: Drop, memory: Uint8Array, start: number, length: number): void {
    const counters = this.#counters
    if (drop === Drop.BadVersion && u8(memory, start) >>> 4 === 6) {
      counters.InVersion6++
      return
    }
    counters.InReceives++
    counters.InOctets += length
    if (drop === Drop.BadVersion) counters.InBadVersion++
    else if (drop === Drop.TooShort || (drop === Drop.BadTotalLength && u16(memory, start + 2) > length)) {
      counters.InTruncatedPkts++
    } else {
      counters.InHdrErrors++
      if (drop === Drop.BadChecksum) counters.InCsumErrors++
    }
  }
}

function countEcn(counters: IpCounters, header: Ipv4Header): void {
  switch (header.tos & 3) {
    case 0:
      counters.InNoECTPkts++
      break
    case 1:
      counters.InECT1Pkts++
      break
    case 2:
      counters.InECT0Pkts++
      break
    default:
      counters.InCEPkts++
  }
}
