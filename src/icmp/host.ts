import type { Random } from '../base/random.ts'
import type { Instant } from '../base/time.ts'
import type { Ipv4Header } from '../wire/ipv4.ts'
import type { IcmpCounters } from './counters.ts'
import type { QuotedError } from './quote.ts'
import type { IcmpSysctls } from './sysctls.ts'

/** A received packet, as far as ICMP looks at it. */
export interface IcmpPacket {
  readonly header: Ipv4Header
  readonly memory: Uint8Array
  /** Where the IP header begins, where what it carries, and the end of that. */
  readonly start: number
  readonly payload: number
  readonly end: number
  /** False for what went to broadcast or multicast. */
  readonly isUnicast: boolean
  /** Sent by this stack to itself. */
  readonly isLooped: boolean
}

/** Where ICMP writes messages. The network layer puts its own header in front. */
export interface IcmpSink {
  readonly memory: Uint8Array
  /** Offset of free bytes for an ICMP header, or -1 when there is no room: the message is then dropped. */
  room(): number
  /** Sends the message whose header was written at `room()`, and whose data is a range of `memory`. `ttl` 0: the default. */
  send(
    source: number,
    destination: number,
    protocol: number,
    tos: number,
    ttl: number,
    headerLength: number,
    data: number,
    dataLength: number,
  ): void
}

/** What ICMP asks of the stack around it. */
export interface IcmpHost {
  readonly sysctl: IcmpSysctls
  readonly counters: IcmpCounters
  readonly random: Random
  readonly output: IcmpSink
  /** Our address, from which requests to broadcast are answered. */
  readonly address: number
  isLocal(address: number): boolean
  /** True for an address that one host can have (RFC 1122 §3.2.1.3). */
  isUnicast(address: number): boolean
  /** Hands an error to the protocol whose packet it quotes. The record is valid during the call. */
  deliverError(error: QuotedError, now: Instant): void
}
