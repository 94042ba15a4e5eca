import {
  broadcastOf,
  contains,
  isClassE,
  isLimitedBroadcast,
  isLoopback,
  isMulticast,
  isZeroNet,
  type Subnet,
} from '../wire/address.ts'
import { Cast } from './packet.ts'

/** 224.0.0.1, the group that every host is in (RFC 1112 §4). */
const ALL_HOSTS = 0xe0000001 | 0

const EVERYWHERE: readonly Subnet[] = [{ address: 0, prefix: 0 }]

/**
 * Which addresses are ours, and which can be reached.
 *
 * There is one interface and behind it one neighbour, the host's end of the device: a route is a yes or no.
 */
export class Routes {
  readonly address: number
  readonly subnet: Subnet
  readonly broadcast: number
  /** Largest packet of the interface, bytes. */
  readonly mtu: number
  readonly #beyond: readonly Subnet[]

  /** `beyond`: networks reached through the host's end besides the connected one; everything when left out. */
  constructor(subnet: Subnet, mtu: number, beyond: readonly Subnet[] = EVERYWHERE) {
    this.address = subnet.address | 0
    this.subnet = subnet
    this.broadcast = broadcastOf(subnet)
    this.mtu = mtu
    this.#beyond = beyond
  }

  isLocal(address: number): boolean {
    return (address | 0) === this.address
  }

  /** True for an address that one host can have (RFC 1122 §3.2.1.3): not broadcast, multicast, class E, zero or loopback. */
  isUnicast(address: number): boolean {
    return (
      (address | 0) !== this.broadcast &&
      !isMulticast(address) &&
      !isClassE(address) &&
      !isZeroNet(address) &&
      !isLoopback(address)
    )
  }

  /** Whom a received packet's destination means. */
  castOf(destination: number): Cast {
    if (this.isLocal(destination)) return Cast.Unicast
    if (isLimitedBroadcast(destination) || (destination | 0) === this.broadcast) return Cast.Broadcast
    return (destination | 0) === ALL_HOSTS ? Cast.Multicast : Cast.Other
  }

  /** The address from which `remote` is reached, or 0 when it cannot be. */
  sourceFor(remote: number): number {
    if (!this.isUnicast(remote)) return 0
    if (contains(this.subnet, remote)) return this.address
    for (const network of this.#beyond) if (contains(network, remote)) return this.address
    return 0
  }
}
