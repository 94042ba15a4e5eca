import type { SharedPort } from '../tcp/settings.ts'
import type { Tcp } from '../tcp/tcp.ts'

/** A TCP socket's claim to a local port. */
export interface Claim extends SharedPort {
  /** 0: any address. */
  readonly localAddress: number
  readonly localPort: number
  readonly isListening: boolean
  /** Taken by connect(), which may share it with connections to elsewhere. */
  readonly isForConnection: boolean
}

/** Shares with nobody. */
const ALONE: SharedPort = { reusesAddress: false, reusesPort: false }

/** Which TCP socket has which local port. Connections without a socket and those in TIME-WAIT count too. */
export class Bindings {
  readonly #tcp: Tcp
  /** By port: a listener and what it has accepted may be very many. */
  readonly #claims = new Map<number, Set<Claim>>()

  constructor(tcp: Tcp) {
    this.#tcp = tcp
  }

  add(claim: Claim): void {
    const others = this.#claims.get(claim.localPort)
    if (others === undefined) this.#claims.set(claim.localPort, new Set([claim]))
    else others.add(claim)
  }

  remove(claim: Claim): void {
    const others = this.#claims.get(claim.localPort)
    others?.delete(claim)
    if (others?.size === 0) this.#claims.delete(claim.localPort)
  }

  /** May a socket bind to `port` at `address`? */
  isFree(address: number, port: number, shared: SharedPort = ALONE): boolean {
    for (const other of this.#claims.get(port) ?? []) {
      if (overlaps(address, other.localAddress) && !mayShare(shared, other, other.isListening)) return false
    }
    return !this.#isInUse(address, port, shared)
  }

  /** May `claim` begin to listen? */
  mayListen(claim: Claim): boolean {
    for (const other of this.#claims.get(claim.localPort) ?? []) {
      if (other === claim || !overlaps(claim.localAddress, other.localAddress)) continue
      if (!mayShare(claim, other, other.isListening)) return false
    }
    return true
  }

  /** True when nobody has bound the port: connect() may take it for a pair of ends that is not in use. */
  isUnbound(port: number): boolean {
    for (const claim of this.#claims.get(port) ?? []) if (!claim.isForConnection) return false
    return true
  }

  /** A connection, or one in TIME-WAIT, uses the port and does not share it. */
  #isInUse(address: number, port: number, shared: SharedPort): boolean {
    for (const c of this.#tcp.table.all()) {
      if (c.localPort === port && overlaps(address, c.local) && !mayShare(shared, c.settings, false))
        return true
    }
    let found = false
    this.#tcp.timeWait.forEach((local, _remote, ports, _until, other) => {
      found ||= (ports & 0xffff) === port && overlaps(address, local) && !mayShare(shared, other, false)
    })
    return found
  }
}

const overlaps = (a: number, b: number): boolean => a === b || a === 0 || b === 0

/** As Linux: both say SO_REUSEADDR and the other does not listen, or both say SO_REUSEPORT. */
const mayShare = (one: SharedPort, other: SharedPort, isListening: boolean): boolean =>
  (one.reusesAddress && other.reusesAddress && !isListening) || (one.reusesPort && other.reusesPort)
