import { Arena } from '../base/arena.ts'
import { PacketFlag } from '../base/packet-table.ts'
import { sum } from '../wire/checksum.ts'
import { Drop } from '../wire/drop.ts'
import { IPV4_HEADER, Protocol } from '../wire/ipv4.ts'
import { readUdp, UDP_HEADER, UdpHeader, verifyUdp, writeUdp } from '../wire/udp.ts'
import { BindTable } from './bind-table.ts'
import type { UdpError, UdpHost, UdpPacket } from './host.ts'
import { faultOf, type UdpOutcome } from './outcome.ts'
import { ReceiveQueue, UdpMessage } from './receive-queue.ts'
import { MAX_PAYLOAD, UdpSocket } from './socket.ts'

const PAGE = 4096
/** Smaller path MTUs are not believed (Linux's `min_pmtu`). */
const LEAST_MTU = 552

/** UDP (RFC 768, RFC 1122 §4.1). What comes from an invalid source IP has dropped before (RFC 1122 §4.1.3.6). */
export class Udp {
  readonly table = new BindTable()
  readonly #host: UdpHost
  readonly #header = new UdpHeader()
  readonly #message = new UdpMessage()
  /** Sockets that found no room to send. */
  readonly #waiting: UdpSocket[] = []
  /** Bytes of the arena in receive queues. */
  #held = 0

  constructor(host: UdpHost) {
    this.#host = host
  }

  /** Bytes of the arena that receive queues hold. */
  get held(): number {
    return this.#held
  }

  get hasRoom(): boolean {
    return !this.#host.output.isFull
  }

  open(): UdpSocket {
    return new UdpSocket(this, this.#host)
  }

  /** False when nobody listens on the port it was sent to: the caller answers destination unreachable (RFC 1122 §4.1.3.1). */
  receive(packet: UdpPacket): boolean {
    const header = this.#header
    const { counters } = this.#host
    const drop = readUdp(header, packet.memory, packet.payload, packet.end)
    if (drop !== Drop.None) {
      counters.InErrors++
      return true
    }
    if (!this.#isIntact(packet)) {
      counters.InErrors++
      counters.InCsumErrors++
      return true
    }
    if (!packet.isUnicast) {
      this.#broadcast(packet)
      return true
    }
    const { source, destination } = packet.header
    const socket = this.table.find(destination, header.destinationPort, source, header.sourcePort)
    if (socket === undefined) {
      counters.NoPorts++
      return false
    }
    this.#deliver(socket, packet)
    return true
  }

  /** An ICMP error that quotes a datagram of ours (RFC 1122 §4.1.3.3): told to the socket that is connected to its destination. */
  icmpError(error: UdpError): void {
    const fault = faultOf(error.type, error.code)
    if (fault === undefined) return
    const { source, sourcePort, destination, destinationPort } = error
    const socket = this.table.find(source, sourcePort, destination, destinationPort)
    if (!socket?.isConnected) return
    if (fault === 'messageTooLong') socket.pathMtu = Math.min(socket.pathMtu, Math.max(error.mtu, LEAST_MTU))
    socket.fail(fault)
    this.#host.ready(socket)
  }

  /** The turn's output has gone: there is room again. */
  transmitted(): void {
    for (let socket = this.#waiting.pop(); socket !== undefined; socket = this.#waiting.pop()) {
      socket.wantsRoom = false
      this.#host.ready(socket)
    }
  }

  /** See `UdpSocket.bind`. */
  bind(socket: UdpSocket, address: number, port: number): UdpOutcome {
    if (socket.isBound) return 'alreadyBound'
    if (address !== 0 && !this.#host.isLocal(address) && !this.#host.isBroadcast(address))
      return 'addressNotAvailable'
    const isFree = (candidate: number): boolean => this.table.isFree(address, candidate, socket.sharesPort)
    if (port !== 0 && !isFree(port)) return 'addressInUse'
    const chosen = port !== 0 ? port : this.#host.choosePort(isFree)
    if (chosen === 0) return 'noFreePort'
    socket.localAddress = address
    socket.localPort = chosen
    this.table.add(socket)
    return 'done'
  }

  /** See `UdpSocket.connect`. */
  connect(socket: UdpSocket, address: number, port: number): UdpOutcome {
    const source = this.#sourceFor(socket, address)
    if (source === 0) return 'noRoute'
    if (port === 0) return 'noDestination'
    const bound = socket.isBound ? 'done' : this.bind(socket, 0, 0)
    if (bound !== 'done') return bound
    socket.connected(source, address, port)
    return 'done'
  }

  /** See `UdpSocket.send`. */
  send(
    socket: UdpSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
  ): UdpOutcome {
    const host = this.#host
    if (port === 0) return 'noDestination'
    if (length > MAX_PAYLOAD) return 'messageTooLong'
    const source = this.#sourceFor(socket, address)
    if (source === 0) return 'noRoute'
    const fits = IPV4_HEADER + UDP_HEADER + length <= this.#mtuTo(socket, address)
    if (!fits && socket.neverFragments) return 'messageTooLong'
    const bound = socket.isBound ? 'done' : this.bind(socket, 0, 0)
    if (bound !== 'done') return bound
    if (host.output.isFull) return this.#refuse(socket)
    const payload = length === 0 ? 0 : this.#copy(bytes, offset, length)
    if (payload === -1) {
      host.counters.SndbufErrors++
      return 'noMemory'
    }
    const at = host.output.room()
    const dontFragment = fits && (this.#discovers(socket, address) || socket.neverFragments)
    const memory = host.arena.bytes
    writeUdp(memory, at, source, address, socket.localPort, port, length, sum(memory, payload, length))
    host.output.send(
      source,
      address,
      Protocol.Udp,
      socket.tos,
      socket.ttl,
      UDP_HEADER,
      payload,
      length,
      dontFragment,
    )
    host.counters.OutDatagrams++
    host.wake()
    return 'done'
  }

  /** Takes the described datagram off the socket's queue. */
  dropFirst(socket: UdpSocket, message: UdpMessage): void {
    const before = socket.queue.capacity
    socket.queue.drop(message)
    this.#held += socket.queue.capacity - before
  }

  close(socket: UdpSocket): void {
    this.#held -= socket.queue.capacity
    socket.queue.clear()
    if (socket.isBound) this.table.remove(socket)
    socket.disconnect()
    socket.localPort = 0
  }

  #sourceFor(socket: UdpSocket, address: number): number {
    const isBroadcast = socket.allowsBroadcast && this.#host.isBroadcast(address)
    return isBroadcast ? this.#host.address : this.#host.sourceFor(address)
  }

  #mtuTo(socket: UdpSocket, address: number): number {
    const mtu = this.#host.mtuTo(address)
    return this.#isPeer(socket, address) ? Math.min(mtu, socket.pathMtu) : mtu
  }

  /** DF makes routers tell us the path's MTU (RFC 1191 §3); only a connected socket can hear it and remember. */
  #discovers(socket: UdpSocket, address: number): boolean {
    return this.#host.discoversPathMtu && !socket.neverDiscovers && this.#isPeer(socket, address)
  }

  #isPeer(socket: UdpSocket, address: number): boolean {
    return socket.isConnected && socket.remoteAddress === address
  }

  #refuse(socket: UdpSocket): UdpOutcome {
    this.#host.counters.SndbufErrors++
    if (!socket.wantsRoom) this.#waiting.push(socket)
    socket.wantsRoom = true
    return 'wouldBlock'
  }

  /** Copies the payload to a block that is held until it has been flushed. Its offset, or -1. */
  #copy(bytes: Uint8Array, offset: number, length: number): number {
    const { arena } = this.#host
    const block = arena.take(length)
    if (block === -1) return -1
    if (bytes === arena.bytes) bytes.copyWithin(block, offset, offset + length)
    else arena.bytes.set(bytes.subarray(offset, offset + length), block)
    this.#host.giveLater(block, length)
    return block
  }

  /** The checksum is right, was not computed, or is known to the device. */
  #isIntact(packet: UdpPacket): boolean {
    if ((packet.flags & PacketFlag.ChecksumBad) !== 0) return false
    if ((packet.flags & (PacketFlag.NeedsChecksum | PacketFlag.ChecksumValid)) !== 0) return true
    const { source, destination } = packet.header
    return verifyUdp(packet.memory, packet.payload, this.#header.length, source, destination)
  }

  /** Everyone who is bound to the port at any address, or at this broadcast address, gets a copy. */
  #broadcast(packet: UdpPacket): void {
    const { source, destination } = packet.header
    const { sourcePort, destinationPort } = this.#header
    let isWanted = false
    for (const socket of this.table.at(destinationPort)) {
      if (socket.score(destination, source, sourcePort) < 0) continue
      isWanted = true
      this.#deliver(socket, packet)
    }
    if (!isWanted) this.#host.counters.IgnoredMulti++
  }

  /** What a sender on this machine gave the kernel in one piece (Linux's UDP_SEGMENT) are datagrams of `gsoSize` bytes. */
  #deliver(socket: UdpSocket, packet: UdpPacket): void {
    const { payload, payloadLength } = this.#header
    const size = packet.gsoSize === 0 ? payloadLength : packet.gsoSize
    if (payloadLength <= size) this.#enqueue(socket, packet, payload, payloadLength)
    else
      for (let at = 0; at < payloadLength; at += size)
        this.#enqueue(socket, packet, payload + at, Math.min(size, payloadLength - at))
  }

  #enqueue(socket: UdpSocket, packet: UdpPacket, payload: number, length: number): void {
    const counters = this.#host.counters
    const size = ReceiveQueue.sizeOf(length)
    // An empty queue takes one datagram however small its limit is.
    if (socket.queue.count > 0 && socket.queue.length + size > socket.receiveLimit) {
      counters.RcvbufErrors++
      this.#dropped(socket)
      return
    }
    if (!this.#reserve(socket, length)) {
      counters.MemErrors++
      this.#dropped(socket)
      return
    }
    const message = this.#message
    message.source = packet.header.source
    message.destination = packet.header.destination
    message.sourcePort = this.#header.sourcePort
    message.tos = packet.header.tos
    message.ttl = packet.header.ttl
    message.length = length
    socket.queue.push(message, packet.memory, payload)
    counters.InDatagrams++
    this.#host.ready(socket)
  }

  /** Room in the socket's queue within what all queues together may hold (`udp_mem`). */
  #reserve(socket: UdpSocket, length: number): boolean {
    const queue = socket.queue
    const before = queue.capacity
    const grown = Arena.blockSize(queue.length + ReceiveQueue.sizeOf(length))
    if (grown > before && this.#held + grown - before > this.#host.sysctl.udp_mem[2]! * PAGE) return false
    if (!queue.reserve(length)) return false
    this.#held += queue.capacity - before
    return true
  }

  #dropped(socket: UdpSocket): void {
    socket.drops++
    this.#host.counters.InErrors++
  }
}
