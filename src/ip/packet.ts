import { Ipv4Header } from '../wire/ipv4.ts'

/** Whom a destination address means. */
export const Cast = {
  /** Us alone. */
  Unicast: 'unicast',
  /** Everyone on the network: the directed or the limited broadcast address. */
  Broadcast: 'broadcast',
  /** A group that we have joined. */
  Multicast: 'multicast',
  /** Somebody else, or nobody. */
  Other: 'other',
} as const
export type Cast = (typeof Cast)[keyof typeof Cast]

const NOTHING = new Uint8Array(0)

/** A received packet: one record, refilled for each. */
export class Packet {
  readonly header = new Ipv4Header()
  memory: Uint8Array = NOTHING
  /** Where the IP header begins. */
  start = 0
  /** Where what it carries begins. */
  payload = 0
  /** Behind the packet's last byte. */
  end = 0
  /** PacketFlag bits. */
  flags = 0
  /** Payload of each segment when this is a super-segment, else 0. */
  gsoSize = 0
  cast: Cast = Cast.Other
  /** Sent by this stack to itself. */
  isLooped = false

  /** False for what went to broadcast or multicast, which is never answered with an error. */
  get isUnicast(): boolean {
    return this.cast === Cast.Unicast
  }
}
