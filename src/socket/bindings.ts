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

  /** May a socket bind to `port` at `address`? */
  isFree(address: number, port: number, shared: SharedPort = ALONE): boolean {
    for (const other of this.#claims.get(port) ?? []) {
      if (overlaps(address, other.localAddress) && !mayShare(shared, other, other.isListening)) return false
    }
    return !this.#isInUse(address, port, shared)
  }

  /** May `claim` begin to listen? */
  mayListen(claim: Claim): boolean {
    const others = this.#claims.get(claim.localPort) ?? []
    return !others.some(
      (other) =>
        other !== claim &&
        overlaps(claim.localAddress, other.localAddress) &&
        !mayShare(claim, other, other.isListening),
    )
  }

  /** True when nobody has bound the port: connect() may take it for a pair of ends that is not in use. */
  isUnbound(port: number): boolean {
    const claims = this.#claims.get(port)
    return claims === undefined || claims.every((claim) => claim.isForConnection)
  }

  /** A connection, or one in TIME-WAIT, uses the port and does not share it. */
  #isInUse(address: number, port: number, shared: SharedPort): boolean {
    for (const c of this.#tcp.connections()) {
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
