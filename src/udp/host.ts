import type { Arena } from '../base/arena.ts'
import type { Ipv4Header } from '../wire/ipv4.ts'
import type { UdpCounters } from './counters.ts'
import type { CoreSysctls, UdpSysctls } from './sysctls.ts'

/** A received packet, as far as UDP looks at it. */
export interface UdpPacket {
  readonly header: Ipv4Header
  readonly memory: Uint8Array
  /** Where the UDP header begins, and the packet's end. */
  readonly payload: number
  readonly end: number
  /** PacketFlag bits. */
  readonly flags: number
  /** Payload of each datagram within when the device has handed over several in one, else 0. */
  readonly gsoSize: number
  /** False for what went to broadcast or multicast. */
  readonly isUnicast: boolean
}

/** Where UDP writes datagrams. The network layer puts its own header in front, and fragments what does not fit. */
export interface UdpSink {
  readonly memory: Uint8Array
  /** True when `room()` would find none. */
  readonly isFull: boolean
  /** Offset of free bytes for a UDP header, or -1 when there is no room in this turn. */
  room(): number
  /** Sends the datagram whose header was written at `room()`, and whose payload is a range of `memory`. `ttl` 0: the default. */
  send(
    source: number,
    destination: number,
    protocol: number,
    tos: number,
    ttl: number,
    headerLength: number,
    data: number,
    dataLength: number,
    dontFragment: boolean,
  ): void
}

/** An ICMP error about a datagram of ours. */
export interface UdpError {
  type: number
  code: number
  /** Next-hop MTU of "fragmentation needed", or 0. */
  mtu: number
  /** The quoted packet's source (us) and destination. */
  source: number
  destination: number
  sourcePort: number
  destinationPort: number
}

/** Who is run when something became ready. */
export interface Ready {
  isQueued: boolean
  run(): void
}

/** What UDP asks of the stack around it. */
export interface UdpHost {
  readonly arena: Arena
  readonly sysctl: UdpSysctls
  readonly core: CoreSysctls
  readonly counters: UdpCounters
  readonly output: UdpSink
  /** The local address from which `remote` is reached, or 0 when there is no route. */
  sourceFor(remote: number): number
  isLocal(address: number): boolean
  /** Our address, from which broadcasts are sent. */
  readonly address: number
  /** True for the broadcast addresses, of our network and of all. */
  isBroadcast(address: number): boolean
  /** Largest IP packet towards `remote`, bytes. */
  mtuTo(remote: number): number
  /** True when the path's MTU is to be found out (`ip_no_pmtu_disc` 0). */
  readonly discoversPathMtu: boolean
  /** An ephemeral port that `isFree`, or 0. */
  choosePort(isFree: (port: number) => boolean): number
  /** Takes a block of the arena back when this turn's output has been flushed. */
  giveLater(offset: number, length: number): void
  /** Runs `owner` in the application phase; outside a turn, asks for one. */
  ready(owner: Ready): void
  /** Something was sent outside a turn. */
  wake(): void
}
