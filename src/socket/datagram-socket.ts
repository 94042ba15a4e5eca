import { UdpMessage } from '../udp/receive-queue.ts'
import type { UdpSocket } from '../udp/socket.ts'
import {
  AF_INET,
  Ioctl,
  IPPROTO_UDP,
  IpOption,
  Level,
  Msg,
  Poll,
  SOCK_DGRAM,
  SocketOption,
} from './constants.ts'
import { Errno } from './errno.ts'
import { errnoOfOutcome } from './reasons.ts'
import type { Socket, SocketAddress } from './socket.ts'
import type { Sockets } from './sockets.ts'

/** A UDP socket. */
export class DatagramSocket implements Socket {
  isQueued = false
  onReady: (() => void) | undefined
  readonly udp: UdpSocket
  readonly #sockets: Sockets
  readonly #message = new UdpMessage()

  constructor(sockets: Sockets, udp: UdpSocket) {
    this.#sockets = sockets
    this.udp = udp
    udp.onReady = () => this.run()
  }

  bind(address: number, port: number): number {
    return -errnoOfOutcome(this.udp.bind(address, port))
  }

  connect(address: number, port: number): number {
    return -errnoOfOutcome(this.udp.connect(address, port))
  }

  send(from: Uint8Array, offset: number, length: number): number {
    if (!this.udp.isConnected) return -Errno.EDESTADDRREQ
    const outcome = this.udp.send(from, offset, length)
    return outcome === 'done' ? length : -errnoOfOutcome(outcome)
  }

  /** Sends one datagram to an address; its length, or a negative errno. */
  sendTo(from: Uint8Array, offset: number, length: number, address: number, port: number): number {
    const outcome = this.udp.send(from, offset, length, address, port)
    return outcome === 'done' ? length : -errnoOfOutcome(outcome)
  }

  recv(to: Uint8Array, offset: number, length: number, flags = 0): number {
    const fault = this.udp.takeFault()
    if (fault !== undefined) return -errnoOfOutcome(fault)
    const count = this.udp.receive(this.#message, to, offset, length, (flags & Msg.Peek) !== 0)
    if (count < 0) return -Errno.EAGAIN
    return (flags & Msg.Trunc) !== 0 ? this.#message.length : count
  }

  /** Receives one datagram and tells its source. */
  recvFrom(to: Uint8Array, offset: number, length: number, flags: number, from: SocketAddress): number {
    const count = this.recv(to, offset, length, flags)
    from.address = this.#message.source
    from.port = this.#message.sourcePort
    return count
  }

  shutdown(): number {
    return this.udp.isConnected ? 0 : -Errno.ENOTCONN
  }

  close(): number {
    this.onReady = undefined
    this.udp.close()
    this.#sockets.open.delete(this)
    return 0
  }

  poll(): number {
    const readable = this.udp.isReadable ? Poll.In | Poll.ReadNormal : 0
    return readable | (this.udp.isWritable ? Poll.Out | Poll.WriteNormal : 0)
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

  setsockopt(level: number, option: number, value: number): number {
    const { udp } = this
    if (level === Level.Socket && option === SocketOption.ReuseAddress) udp.sharesPort = value !== 0
    else if (level === Level.Socket && option === SocketOption.ReceiveBuffer)
      udp.receiveLimit = Math.max(2 * value, 2304)
    else if (level === Level.Ip && option === IpOption.TypeOfService) udp.tos = value & 0xff
    else if (level === Level.Ip && option === IpOption.TimeToLive) {
      if (value < 1 || value > 255) return -Errno.EINVAL
      udp.ttl = value
    } else return -Errno.ENOPROTOOPT
    return 0
  }

  getsockopt(level: number, option: number): number {
    if (level === Level.Ip && option === IpOption.TypeOfService) return this.udp.tos
    if (level === Level.Ip && option === IpOption.TimeToLive)
      return this.udp.ttl || this.#sockets.tcp.host.sysctl.ip_default_ttl
    if (level !== Level.Socket) return -Errno.ENOPROTOOPT
    switch (option) {
      case SocketOption.Type:
        return SOCK_DGRAM
      case SocketOption.Domain:
        return AF_INET
      case SocketOption.Protocol:
        return IPPROTO_UDP
      case SocketOption.ReuseAddress:
        return Number(this.udp.sharesPort)
      case SocketOption.ReceiveBuffer:
        return this.udp.receiveLimit
      case SocketOption.Error: {
        const fault = this.udp.takeFault()
        return fault === undefined ? 0 : errnoOfOutcome(fault)
      }
      default:
        return -Errno.ENOPROTOOPT
    }
  }

  ioctl(request: number): number {
    if (request !== Ioctl.InQueue) return -Errno.ENOTTY
    if (this.udp.queue.count === 0) return 0
    this.udp.queue.describe(this.#message)
    return this.#message.length
  }

  run(): void {
    this.onReady?.()
  }
}
