import type { Instant } from '../base/time.ts'
import { Cast } from '../ip/packet.ts'
import type { Stack } from '../stack/stack.ts'
import type { Connection } from '../tcp/connection.ts'
import { Settings } from '../tcp/settings.ts'
import type { Tcp } from '../tcp/tcp.ts'
import { Bindings } from './bindings.ts'
import { AF_INET, IPPROTO_TCP, IPPROTO_UDP, SOCK_DGRAM, SOCK_STREAM } from './constants.ts'
import { DatagramSocket } from './datagram-socket.ts'
import { Errno } from './errno.ts'
import type { Socket } from './socket.ts'
import { StreamSocket } from './stream-socket.ts'

/** Linux has no type of socket from here on. */
const SOCK_MAX = 11

/** Who knows the time outside a turn: the driver, or the simulated world. */
export interface Clock {
  readonly now: Instant
}

/** The sockets of one stack: the only way in for whoever uses it. */
export class Sockets {
  readonly stack: Stack
  readonly tcp: Tcp
  readonly bindings: Bindings
  /** Every socket that has not been closed. */
  readonly open = new Set<Socket>()
  readonly #clock: Clock

  constructor(stack: Stack, clock: Clock) {
    this.stack = stack
    this.tcp = stack.tcp
    this.bindings = new Bindings(stack.tcp)
    this.#clock = clock
  }

  get now(): Instant {
    return this.#clock.now
  }

  get ownAddress(): number {
    return this.stack.routes.address
  }

  /** A TCP socket. */
  stream(): StreamSocket {
    return this.#opened(new StreamSocket(this, new Settings(this.tcp.host.sysctl)))
  }

  /** A UDP socket. */
  datagram(): DatagramSocket {
    return this.#opened(new DatagramSocket(this, this.stack.udp.open()))
  }

  /** socket(2): -EAFNOSUPPORT, -EINVAL, -ESOCKTNOSUPPORT, -EPROTONOSUPPORT. */
  socket(domain: number, type: number, protocol: number): Socket | number {
    if (domain !== AF_INET) return -Errno.EAFNOSUPPORT
    if (type < 0 || type >= SOCK_MAX) return -Errno.EINVAL
    if (type !== SOCK_STREAM && type !== SOCK_DGRAM) return -Errno.ESOCKTNOSUPPORT
    const own = type === SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP
    if (protocol !== 0 && protocol !== own) return -Errno.EPROTONOSUPPORT
    return type === SOCK_STREAM ? this.stream() : this.datagram()
  }

  /** The socket of a connection that `listening` accepted; it shares the listener's port and inherits its options. */
  accepted(listening: StreamSocket, connection: Connection): StreamSocket {
    const socket = new StreamSocket(this, connection.settings, connection)
    socket.linger = listening.linger
    socket.receiveLowWater = listening.receiveLowWater
    socket.receiveTimeout = listening.receiveTimeout
    socket.sendTimeout = listening.sendTimeout
    return this.#opened(socket)
  }

  isLocal(address: number): boolean {
    return this.stack.routes.isLocal(address)
  }

  /** An address that one host can have. */
  isUnicast(address: number): boolean {
    return this.stack.routes.isUnicast(address)
  }

  /** Where a connection to `address` goes: 0 is ourselves. */
  destination(address: number): number {
    return address === 0 ? this.ownAddress : address
  }

  /** Sending there takes SO_BROADCAST. */
  isBroadcast(address: number): boolean {
    return this.stack.routes.castOf(address) === Cast.Broadcast
  }

  sourceFor(remote: number): number {
    return this.stack.routes.sourceFor(remote)
  }

  /** A port that nobody has bound, or 0. */
  choosePort(address: number): number {
    return this.stack.ports.choose((port) => this.bindings.isFree(address, port))
  }

  /** A port for a connection to this destination, or 0 (RFC 6056). */
  choosePortFor(local: number, remote: number, remotePort: number): number {
    return this.stack.ports.chooseFor(
      local,
      remote,
      remotePort,
      (port) => this.bindings.isUnbound(port) && this.isFlowFree(local, port, remote, remotePort),
    )
  }

  /** Nobody has this connection, and its segments would come to this stack. */
  isFlowFree(local: number, localPort: number, remote: number, remotePort: number): boolean {
    return (
      this.stack.isOwnFlow(local, localPort, remote, remotePort) &&
      this.tcp.isPairFree(local, localPort, remote, remotePort, this.now)
    )
  }

  #opened<S extends Socket>(socket: S): S {
    this.open.add(socket)
    return socket
  }
}
