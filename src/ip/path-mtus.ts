import { type Instant, NEVER, SECOND } from '../base/time.ts'
import type { RouteSysctls } from './sysctls.ts'

/** Destinations that are remembered; the one learnt of first makes room. */
const CAPACITY = 4096

interface PathMtu {
  mtu: number
  /** Routers said less than we believe: what is larger may be fragmented. */
  mayFragment: boolean
  until: Instant
}

/**
 * Which paths take only smaller packets than our interface, as routers have said (RFC 1191): kept for `mtu_expires`, after which a larger
 * size is tried again (§6.3).
 */
export class PathMtus {
  /** Grows with everything that is learnt. */
  revision = 0
  /** Largest packet of the interface, bytes. */
  readonly interfaceMtu: number
  readonly #sysctl: RouteSysctls
  readonly #paths = new Map<number, PathMtu>()

  constructor(interfaceMtu: number, sysctl: RouteSysctls) {
    this.interfaceMtu = interfaceMtu
    this.#sysctl = sysctl
  }

  get size(): number {
    return this.#paths.size
  }

  /** Largest packet to `remote`, bytes. */
  mtuTo(remote: number, now: Instant): number {
    return this.#find(remote, now)?.mtu ?? this.interfaceMtu
  }

  /** Packets to `remote` go without DF: some router wants them smaller than we let ourselves be told. */
  mayFragmentTo(remote: number, now: Instant): boolean {
    return this.#find(remote, now)?.mayFragment ?? false
  }

  /** When a larger size is to be tried again; NEVER where nothing was learnt. */
  validUntil(remote: number, now: Instant): Instant {
    return this.#find(remote, now)?.until ?? NEVER
  }

  /** A router on the way to `remote` takes packets of `mtu` bytes. Not below `min_pmtu`, lest a forged error make us send crumbs. */
  learn(remote: number, mtu: number, now: Instant): void {
    const { min_pmtu, mtu_expires } = this.#sysctl
    const least = Math.min(min_pmtu, this.interfaceMtu)
    if (mtu >= this.mtuTo(remote, now) || mtu_expires === 0) return
    const path = { mtu: Math.max(mtu, least), mayFragment: mtu < least, until: now + mtu_expires * SECOND }
    this.#paths.delete(remote)
    this.#paths.set(remote, path)
    if (this.#paths.size > CAPACITY) this.#forgetOldest()
    this.revision++
  }

  #find(remote: number, now: Instant): PathMtu | undefined {
    const path = this.#paths.get(remote)
    if (path === undefined || now < path.until) return path
    this.#paths.delete(remote)
    return undefined
  }

  #forgetOldest(): void {
    for (const remote of this.#paths.keys()) {
      this.#paths.delete(remote)
      return
    }
  }
}
