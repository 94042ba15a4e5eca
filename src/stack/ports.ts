import type { Random } from '../base/random.ts'
import { SipHash } from '../base/siphash.ts'

/** The `net.ipv4.*` tunables of port selection; names and defaults are Linux's. */
export class PortSysctls {
  /** First and last ephemeral port. */
  ip_local_port_range = [32768, 60999]
}

/** Counters of RFC 6056's algorithm 4: destinations share them by a keyed hash. */
const COUNTERS = 256

/** Chooses ephemeral ports so that strangers cannot guess the next one (RFC 6056). */
export class EphemeralPorts {
  readonly #sysctl: PortSysctls
  readonly #random: Random
  readonly #offsetHash: SipHash
  readonly #counterHash: SipHash
  /** Filled in when first needed: many stacks, of tests above all, never connect. */
  #counters: Int32Array | undefined

  constructor(sysctl: PortSysctls, random: Random) {
    this.#sysctl = sysctl
    this.#random = random
    this.#offsetHash = new SipHash(random.bytes(16))
    this.#counterHash = new SipHash(random.bytes(16))
  }

  /** A free port, or 0 when there is none: from a random one upwards (RFC 6056 §3.3.1, algorithm 1). */
  choose(isFree: (port: number) => boolean): number {
    return this.#search(this.#random.below(this.#count), isFree)
  }

  /**
   * A port that is free towards this destination, or 0: double hash (RFC 6056 §3.3.4, algorithm 4). One destination sees ports in
   * sequence, so that none comes back soon and meets a connection in TIME-WAIT; what another sees tells nothing about them.
   */
  chooseFor(local: number, remote: number, remotePort: number, isFree: (port: number) => boolean): number {
    const offset = this.#offsetHash.words(local, remote, remotePort, 0) >>> 0
    const slot = this.#counterHash.words(local, remote, remotePort, 0) & (COUNTERS - 1)
    this.#counters ??= this.#randomCounters()
    const counters = this.#counters
    const port = this.#search(offset + counters[slot]!, isFree)
    const count = this.#count
    const distance = port - this.#first - (offset % count)
    if (port !== 0) counters[slot] = (distance + 1 + count) % count
    return port
  }

  #randomCounters(): Int32Array {
    const counters = new Int32Array(COUNTERS)
    for (let i = 0; i < COUNTERS; i++) counters[i] = this.#random.word() & 0x7fff
    return counters
  }

  get #first(): number {
    return this.#sysctl.ip_local_port_range[0]!
  }

  get #count(): number {
    return this.#sysctl.ip_local_port_range[1]! - this.#first + 1
  }

  #search(start: number, isFree: (port: number) => boolean): number {
    const first = this.#first
    const count = this.#count
    for (let i = 0; i < count; i++) {
      const port = first + ((start + i) % count)
      if (isFree(port)) return port
    }
    return 0
  }
}
