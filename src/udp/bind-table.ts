import type { UdpSocket } from './socket.ts'

const NOBODY: readonly UdpSocket[] = []

/** Which sockets receive what is sent to a port. */
export class BindTable {
  readonly #byPort = new Map<number, UdpSocket[]>()

  /** Sockets bound to the port. */
  at(port: number): readonly UdpSocket[] {
    return this.#byPort.get(port) ?? NOBODY
  }

  /** All bound sockets. */
  *[Symbol.iterator](): Generator<UdpSocket> {
    for (const sockets of this.#byPort.values()) yield* sockets
  }

  /** True when a socket may be bound so: nobody has the port at this address, or both sides share. `address` 0: any. */
  isFree(address: number, port: number, shares: boolean): boolean {
    for (const other of this.at(port)) {
      const meets = other.localAddress === 0 || address === 0 || other.localAddress === address
      if (meets && !(shares && other.sharesPort)) return false
    }
    return true
  }

  add(socket: UdpSocket): void {
    const sockets = this.#byPort.get(socket.localPort)
    if (sockets === undefined) this.#byPort.set(socket.localPort, [socket])
    else sockets.push(socket)
  }

  remove(socket: UdpSocket): void {
    const sockets = this.#byPort.get(socket.localPort)
    if (sockets === undefined) return
    const i = sockets.indexOf(socket)
    if (i !== -1) sockets.splice(i, 1)
    if (sockets.length === 0) this.#byPort.delete(socket.localPort)
  }

  /** The socket that fits best, undefined when none does: one connected to the sender before one bound to the address before any. */
  find(destination: number, port: number, source: number, sourcePort: number): UdpSocket | undefined {
    let best: UdpSocket | undefined
    let bestScore = -1
    for (const socket of this.at(port)) {
      const score = socket.score(destination, source, sourcePort)
      if (score > bestScore) {
        best = socket
        bestScore = score
      }
    }
    return best
  }
}
