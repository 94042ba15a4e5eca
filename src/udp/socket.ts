import type { Ready, UdpHost } from './host.ts'
import type { UdpFault, UdpOutcome } from './outcome.ts'
import { ReceiveQueue, type UdpMessage } from './receive-queue.ts'
import type { Udp } from './udp.ts'

/** Largest payload: 65,535 bytes of IP packet without the two headers. */
export const MAX_PAYLOAD = 65_507

/** A socket of UDP: an address and port to receive at, perhaps a peer, and a bounded queue. Calls never block. */
export class UdpSocket implements Ready {
  isQueued = false
  /** int32; 0: any of ours. Connecting chooses one. */
  localAddress = 0
  /** 0: not bound. */
  localPort = 0
  /** The peer when connected, else 0. */
  remoteAddress = 0
  remotePort = 0
  /** May send to broadcast addresses (SO_BROADCAST). */
  allowsBroadcast = false
  /** May share its port with sockets that also may (SO_REUSEADDR). */
  sharesPort = false
  /** Bytes that may be queued (SO_RCVBUF). */
  receiveLimit: number
  tos = 0
  /** 0: `ip_default_ttl`. */
  ttl = 0
  /** Sets DF on everything and refuses what does not fit the path (IP_PMTUDISC_DO). Otherwise that is fragmented. */
  neverFragments = false
  /** Never sets DF, and so never learns the path's MTU (IP_PMTUDISC_DONT). */
  neverDiscovers = false
  /** Largest packet on the path to the peer, as far as ICMP told. */
  pathMtu = Number.POSITIVE_INFINITY
  /** Run in the application phase after something became readable or writable. */
  onReady: (() => void) | undefined
  /** Wants to hear when there is room again. */
  wantsRoom = false
  /** Datagrams dropped because the queue was full. */
  drops = 0
  readonly queue: ReceiveQueue
  #boundAddress = 0
  #fault: UdpFault | undefined
  readonly #udp: Udp

  /** Made by `Udp.open`. */
  constructor(udp: Udp, host: UdpHost) {
    this.#udp = udp
    this.receiveLimit = host.core.rmem_default
    this.queue = new ReceiveQueue(host.arena)
  }

  get isBound(): boolean {
    return this.localPort !== 0
  }

  get isConnected(): boolean {
    return this.remotePort !== 0
  }

  get isReadable(): boolean {
    return this.queue.count > 0 || this.#fault !== undefined
  }

  /** An ICMP error waits to be told. */
  get hasFault(): boolean {
    return this.#fault !== undefined
  }

  get isWritable(): boolean {
    return this.#udp.hasRoom
  }

  /** Bind to an address (0: any) and a port (0: one is chosen). addressInUse, addressNotAvailable, noFreePort, alreadyBound. */
  bind(address: number, port: number): UdpOutcome {
    return this.#udp.bind(this, address | 0, port)
  }

  /** Only to and from this peer from now on, and its errors are reported. noRoute, or as `bind`. */
  connect(address: number, port: number): UdpOutcome {
    return this.#udp.connect(this, address | 0, port)
  }

  disconnect(): void {
    if (this.isConnected) this.localAddress = this.#boundAddress
    this.remoteAddress = 0
    this.remotePort = 0
    this.pathMtu = Number.POSITIVE_INFINITY
  }

  /**
   * Sends `length` bytes, to the peer when no address is given. Copied, the buffer may be reused. noDestination, noRoute, messageTooLong,
   * wouldBlock (`onReady` is run when there is room), noMemory, or the fault that an ICMP error reported.
   */
  send(bytes: Uint8Array, offset: number, length: number, address?: number, port?: number): UdpOutcome {
    const fault = this.takeFault()
    if (fault !== undefined) return fault
    return this.#udp.send(this, bytes, offset, length, address ?? this.remoteAddress, port ?? this.remotePort)
  }

  /**
   * Takes the first datagram: describes it in `out`, copies up to `length` bytes of it (the rest is lost, `out.length` tells) and returns
   * how many. -1 when there is none. With `peek` it stays.
   */
  receive(out: UdpMessage, into: Uint8Array, offset: number, length: number, peek = false): number {
    if (this.queue.count === 0) return -1
    this.queue.describe(out)
    const copied = this.queue.copy(out, into, offset, length)
    if (!peek) this.#udp.dropFirst(this, out)
    return copied
  }

  /** The peer is known, and so the address from which it is reached. */
  connected(local: number, address: number, port: number): void {
    this.disconnect()
    this.#boundAddress = this.localAddress
    this.localAddress = local
    this.remoteAddress = address
    this.remotePort = port
  }

  /** What an ICMP error reported, once. */
  takeFault(): UdpFault | undefined {
    const fault = this.#fault
    this.#fault = undefined
    return fault
  }

  /** An ICMP error about what we sent to the peer. */
  fail(fault: UdpFault): void {
    this.#fault = fault
  }

  close(): void {
    this.onReady = undefined
    this.#udp.close(this)
  }

  run(): void {
    this.onReady?.()
  }

  /** How well a datagram fits: -1 not at all, more for each thing that is not left open. */
  score(destination: number, source: number, sourcePort: number): number {
    let score = 0
    if (this.localAddress !== 0) {
      if (this.localAddress !== destination) return -1
      score++
    }
    if (this.remotePort !== 0) {
      if (this.remoteAddress !== source || this.remotePort !== sourcePort) return -1
      score += 2
    }
    return score
  }
}
