import type { Arena } from '../base/arena.ts'
import type { Random } from '../base/random.ts'
import type { Instant } from '../base/time.ts'
import type { TcpCounters } from './counters.ts'
import type { TcpProfile } from './profile.ts'
import type { TcpSysctls } from './sysctls.ts'

/** Where TCP writes segments. The network layer puts its own header in front. */
export interface SegmentSink {
  /** The arena's bytes. */
  readonly memory: Uint8Array
  /** Takes super-segments of up to 65,535 bytes. */
  readonly segmentationOffload: boolean
  /** Offset of 60 free bytes for a TCP header, or -1 when there is no room now. */
  room(): number
  /**
   * Sends the segment whose header was written at `room()` (its checksum is filled in below TCP), with payload from up to two ranges
   * of `memory`. `gsoSize` is the payload size of each segment when this is a super-segment, else 0. `mayFragment`: without DF.
   */
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
    mayFragment?: boolean,
  ): void
}

/** How large packets may be on their way; what routers say of it is remembered for all connections. */
export interface Paths {
  /** Largest packet of our interface, bytes. */
  readonly interfaceMtu: number
  /** Grows with everything that is learnt. */
  readonly revision: number
  /** Largest packet to `remote`, bytes. */
  mtuTo(remote: number, now: Instant): number
  /** Packets to `remote` go without DF. */
  mayFragmentTo(remote: number, now: Instant): boolean
  /** When a larger size is to be tried again, or NEVER. */
  validUntil(remote: number, now: Instant): Instant
  /** A router says that packets to `remote` may have `mtu` bytes. */
  learn(remote: number, mtu: number, now: Instant): void
}

/** What TCP asks of the stack around it. */
export interface TcpHost {
  readonly arena: Arena
  readonly random: Random
  readonly sysctl: TcpSysctls
  /** What this stack chooses where RFCs leave a choice. */
  readonly profile: TcpProfile
  readonly counters: TcpCounters
  /** Before this moment nothing is sent and nothing taken: segments of connections before a restart may be on their way (RFC 9293 §3.4.3). */
  readonly quietTime: Instant
  /** Answers without a connection, written while input is processed and sent with the turn's output; bounded. */
  readonly replies: SegmentSink
  /** The local address from which `remote` is reached, or 0 when there is no route. */
  sourceFor(remote: number): number
  /** True for an address of this stack. */
  isLocal(address: number): boolean
  /** True for an address that one host can have: not broadcast, multicast, zero or class E. */
  isUnicast(address: number): boolean
  readonly paths: Paths
  /** Something is to be said: outside a turn, asks for one. */
  wake(): void
  /** A fault in the stack itself was caught; the connection it hit has been given up. */
  onFault(error: unknown): void
  /** Largest IP packet that can be received, bytes (the smallest MTU of the interfaces). */
  readonly receiveMtu: number
}

/** An ICMP error about a segment of ours, as the network layer hands it up: what the quoted header says. */
export interface IcmpError {
  type: number
  code: number
  /** Next-hop MTU of "fragmentation needed", or 0. */
  mtu: number
  /** The quoted packet's source (us) and destination. */
  source: number
  destination: number
  sourcePort: number
  destinationPort: number
  /** The quoted sequence number, int32. */
  seq: number
}
