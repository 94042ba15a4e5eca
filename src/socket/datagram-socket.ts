import type { Duration } from '../base/time.ts'
import { UdpMessage } from '../udp/receive-queue.ts'
import type { UdpSocket } from '../udp/socket.ts'
import type { CoreSysctls } from '../udp/sysctls.ts'
import { Ioctl, Msg, MtuDiscovery, Poll, Shutdown } from './constants.ts'
import { getDatagramOption, setDatagramOption, tellDatagramOption } from './datagram-options.ts'
import { Errno } from './errno.ts'
import { ANY_EVENT, type Watcher, Watchers } from './pollable.ts'
import { errnoOfOutcome } from './reasons.ts'
import type { Socket, SocketAddress } from './socket.ts'
import type { Sockets } from './sockets.ts'

/** Directions that shutdown() has closed. */
const READ_SHUT = 1
const WRITE_SHUT = 2

/** A UDP socket. */
export class DatagramSocket implements Socket {
  isQueued = false
  onReady: (() => void) | undefined
  readonly udp: UdpSocket
  /** IP_MTU_DISCOVER. */
  mtuDiscovery: number = MtuDiscovery.Want
  /** SO_SNDBUF as it is told. What a turn may send is bounded for all sockets together. */
  sendBuffer: number
  /** SO_RCVTIMEO and SO_SNDTIMEO, for callers that block; 0: none. */
  receiveTimeout: Duration = 0
  sendTimeout: Duration = 0
  readonly #sockets: Sockets
  readonly #watchers = new Watchers()
  readonly #message = new UdpMessage()
  /** What MSG_MORE has held back. */
  #held: Uint8Array | undefined
  #shut = 0
  #isClosed = false

  constructor(sockets: Sockets, udp: UdpSocket) {
    this.#sockets = sockets
    this.udp = udp
    this.sendBuffer = this.core.wmem_default
    udp.onReady = () => this.run()
  }

  bind(address: number, port: number): number {
    return 0 - errnoOfOutcome(this.udp.bind(address, port))
  }

  connect(address: number, port: number): number {
    const remote = address === 0 ? this.#sockets.ownAddress : address
    if (this.#sockets.isBroadcast(remote) && !this.udp.allowsBroadcast) return -Errno.EACCES
    return 0 - errnoOfOutcome(this.udp.connect(remote, port))
  }

  /** connect() to AF_UNSPEC: to and from anybody again. */
  disconnect(): number {
    this.udp.disconnect()
    return 0
  }

  send(from: Uint8Array, offset: number, length: number, flags = 0): number {
    if (!this.udp.isConnected) return -Errno.EDESTADDRREQ
    return this.sendTo(from, offset, length, this.udp.remoteAddress, this.udp.remotePort, flags)
  }

  /**
   * Sends one datagram to an address; its length, or a negative errno. With MSG_MORE it is held, and goes out in one with what follows, to
   * where the last of them is sent.
   */
  sendTo(from: Uint8Array, offset: number, length: number, address: number, port: number, flags = 0): number {
    if ((flags & Msg.Oob) !== 0) return -Errno.EOPNOTSUPP
    if (port === 0) return -Errno.EINVAL
    if ((this.#shut & WRITE_SHUT) !== 0) return -Errno.EPIPE
    const remote = address === 0 ? this.#sockets.ownAddress : address
    if (this.#sockets.isBroadcast(remote) && !this.udp.allowsBroadcast) return -Errno.EACCES
    if (this.#held !== undefined || (flags & Msg.More) !== 0)
      return this.#sendHeld(from, offset, length, remote, port, flags)
    const outcome = this.udp.send(from, offset, length, remote, port)
    return outcome === 'done' ? length : -errnoOfOutcome(outcome)
  }

  recv(to: Uint8Array, offset: number, length: number, flags = 0): number {
    if ((flags & Msg.ErrorQueue) !== 0) return -Errno.EAGAIN
    if ((flags & Msg.Oob) !== 0) return -Errno.EOPNOTSUPP
    const error = this.takeError()
    if (error !== 0) return -error
    const count = this.udp.receive(this.#message, to, offset, length, (flags & Msg.Peek) !== 0)
    if (count < 0) return -Errno.EAGAIN
    return (flags & Msg.Trunc) !== 0 ? this.#message.length : count
  }

  recvFrom(to: Uint8Array, offset: number, length: number, flags: number, from: SocketAddress): number {
    const count = this.recv(to, offset, length, flags)
    if (count < 0) return count
    from.address = this.#message.source
    from.port = this.#message.sourcePort
    return count
  }

  /** A socket without a peer is shut nevertheless, as on Linux. */
  shutdown(how: number): number {
    if (how !== Shutdown.Read && how !== Shutdown.Write && how !== Shutdown.Both) return -Errno.EINVAL
    this.#shut |= how + 1
    if (!this.#watchers.isEmpty || this.onReady !== undefined) this.#sockets.stack.ready(this)
    return this.udp.isConnected ? 0 : -Errno.ENOTCONN
  }

  close(): number {
    if (this.#isClosed) return -Errno.EBADF
    this.#isClosed = true
    this.onReady = undefined
    this.#watchers.close(this)
    this.udp.close()
    this.#sockets.open.delete(this)
    return 0
  }

  /** As Linux's datagram_poll. */
  poll(): number {
    let bits = this.udp.hasFault ? Poll.Err : 0
    if ((this.#shut & READ_SHUT) !== 0) bits |= Poll.In | Poll.ReadNormal | Poll.ReadHup
    if (this.#shut === (READ_SHUT | WRITE_SHUT)) bits |= Poll.Hup
    if (this.udp.queue.count > 0) bits |= Poll.In | Poll.ReadNormal
    if (this.udp.isWritable) bits |= Poll.Out | Poll.WriteNormal | Poll.WriteBand
    return bits
  }

  watch(watcher: Watcher): void {
    this.#watchers.add(watcher)
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.remove(watcher)
  }

  getsockname(out: SocketAddress): number {
    out.address = this.udp.localAddress
    out.port = this.udp.localPort
    return 0
  }

  getpeername(out: SocketAddress): number {
    if (!this.udp.isConnected) return -Errno.ENOTCONN
    out.address = this.udp.remoteAddress
    out.port = this.udp.remotePort
    return 0
  }

  setsockopt(level: number, option: number, value: number | Uint8Array): number {
    return setDatagramOption(this, level, option, value)
  }

  getsockopt(level: number, option: number): number {
    return getDatagramOption(this, level, option)
  }

  getsockoptInto(level: number, option: number, out: Uint8Array): number {
    return tellDatagramOption(this, level, option, out)
  }

  /** SIOCINQ tells the length of the next datagram. */
  ioctl(request: number): number {
    if (request === Ioctl.OutQueue) return 0 // what was sent is the device's
    if (request !== Ioctl.InQueue) return -Errno.ENOTTY
    if (this.udp.queue.count === 0) return 0
    this.udp.queue.describe(this.#message)
    return this.#message.length
  }

  /** What an ICMP error said about what was sent, once. */
  takeError(): number {
    const fault = this.udp.takeFault()
    return fault === undefined ? 0 : errnoOfOutcome(fault)
  }

  get core(): CoreSysctls {
    return this.#sockets.stack.sysctls.core
  }

  get defaultTimeToLive(): number {
    return this.#sockets.tcp.host.sysctl.ip_default_ttl
  }

  /** IP_MTU: of the path to the peer, or -ENOTCONN. */
  get pathMtu(): number {
    if (!this.udp.isConnected) return -Errno.ENOTCONN
    return Math.min(this.udp.pathMtu, this.#sockets.stack.routes.mtu)
  }

  run(): void {
    this.#watchers.wake(this, ANY_EVENT)
    this.onReady?.()
  }

  #sendHeld(
    from: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
    flags: number,
  ): number {
    const before = this.#held ?? new Uint8Array(0)
    const all = new Uint8Array(before.length + length)
    all.set(before)
    all.set(from.subarray(offset, offset + length), before.length)
    this.#held = all
    if ((flags & Msg.More) !== 0) return length
    this.#held = undefined
    const outcome = this.udp.send(all, 0, all.length, address, port)
    return outcome === 'done' ? length : -errnoOfOutcome(outcome)
  }
}
