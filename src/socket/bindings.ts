import type { Tcp } from '../tcp/tcp.ts'

/** A TCP socket's claim to a local port. */
export interface Claim {
  /** 0: any address. */
  readonly localAddress: number
  readonly localPort: number
  readonly reusesAddress: boolean
  readonly isListening: boolean
}

/** Which TCP socket has which local port. Connections and TIME-WAIT count too, unless the newcomer says SO_REUSEADDR. */
export class Bindings {
  readonly #tcp: Tcp
  readonly #claims = new Map<number, Claim[]>()

  constructor(tcp: Tcp) {
    this.#tcp = tcp
  }

  add(claim: Claim): void {
    const others = this.#claims.get(claim.localPort)
    if (others === undefined) this.#claims.set(claim.localPort, [claim])
    else others.push(claim)
  }

  remove(claim: Claim): void {
    const left = this.#claims.get(claim.localPort)?.filter((other) => other !== claim) ?? []
    if (left.length > 0) this.#claims.set(claim.localPort, left)
    else this.#claims.delete(claim.localPort)
  }

  /** May a socket bind to `port` at `address`? As Linux: two may share it when both reuse addresses and neither listens. */
  isFree(address: number, port: number, reusesAddress: boolean): boolean {
    for (const other of this.#claims.get(port) ?? []) {
      if (!overlaps(address, other.localAddress)) continue
      if (!(reusesAddress && other.reusesAddress) || other.isListening) return false
    }
    return reusesAddress || !this.#isInUse(address, port)
  }

  /** May `claim` begin to listen? */
  mayListen(claim: Claim): boolean {
    const others = this.#claims.get(claim.localPort) ?? []
    return !others.some((o) => o !== claim && o.isListening && overlaps(claim.localAddress, o.localAddress))
  }

  /** True when nobody has bound the port: an ephemeral one may be taken for a connection. */
  isUnclaimed(port: number): boolean {
    return !this.#claims.has(port)
  }

  /** A connection, or one in TIME-WAIT, uses the port. */
  #isInUse(address: number, port: number): boolean {
    for (const c of this.#tcp.connections()) {
      if (c.localPort === port && overlaps(address, c.local)) return true
    }
    let found = false
    this.#tcp.timeWait.forEach((local, _remote, ports) => {
      found ||= (ports & 0xffff) === port && overlaps(address, local)
    })
    return found
  }
}

const overlaps = (a: number, b: number): boolean => a === b || a === 0 || b === 0
