import { Level, SOMAXCONN, SocketOption } from '../../socket/constants.ts'
import type { DatagramSocket } from '../../socket/datagram-socket.ts'
import { errnoName } from '../../socket/errno.ts'
import { SocketAddress } from '../../socket/socket.ts'
import type { Sockets } from '../../socket/sockets.ts'
import type { StreamSocket } from '../../socket/stream-socket.ts'
import type { Conversation, Service } from './service.ts'

/** Connections that one service serves at a time; more wait in the accept queue. */
const MAX_CONNECTIONS = 65536
/** Ports below this belong to servers: a datagram from one would be answered by it, and so for ever. */
const FIRST_CLIENT_PORT = 1024

/** Listens on a TCP port for a service, and keeps its conversations going. */
export class StreamHost {
  readonly #listening: StreamSocket
  readonly #service: Service
  readonly #open = new Set<StreamSocket>()

  /** Throws an Error with the errno's name when the port cannot be had. */
  constructor(sockets: Sockets, service: Service, port: number) {
    this.#service = service
    this.#listening = sockets.stream()
    this.#listening.setsockopt(Level.Socket, SocketOption.ReuseAddress, 1)
    this.#listening.setsockopt(Level.Socket, SocketOption.KeepAlive, 1)
    const error = this.#listening.bind(0, port) || this.#listening.listen(SOMAXCONN)
    if (error !== 0) throw new Error(`${service.name}: port ${port}: ${errnoName(-error)}`)
    this.#listening.onReady = () => this.#accept()
  }

  /** Closes listener and conversations in order: what was written is still delivered. */
  close(): void {
    this.#listening.close()
    for (const socket of this.#open) socket.close()
    this.#open.clear()
  }

  #accept(): void {
    while (this.#open.size < MAX_CONNECTIONS) {
      const socket = this.#listening.accept()
      if (typeof socket === 'number') return
      const conversation = this.#service.converse(socket)
      this.#open.add(socket)
      socket.onReady = () => this.#proceed(socket, conversation)
      this.#proceed(socket, conversation)
    }
  }

  #proceed(socket: StreamSocket, conversation: Conversation): void {
    let goesOn = false
    try {
      goesOn = conversation.proceed()
    } finally {
      if (!goesOn) this.#end(socket)
    }
  }

  #end(socket: StreamSocket): void {
    const wasFull = this.#open.size >= MAX_CONNECTIONS
    this.#open.delete(socket)
    socket.close()
    if (wasFull) this.#accept()
  }
}

const datagram = new Uint8Array(65536)

/** Answers a service's datagrams. */
export class DatagramHost {
  readonly #socket: DatagramSocket
  readonly #answer: NonNullable<Service['answer']>
  readonly #from = new SocketAddress()

  /** Throws an Error with the errno's name when the port cannot be had. */
  constructor(sockets: Sockets, service: Service, answer: NonNullable<Service['answer']>, port: number) {
    this.#answer = answer
    this.#socket = sockets.datagram()
    const error = this.#socket.bind(0, port)
    if (error !== 0) throw new Error(`${service.name}: UDP port ${port}: ${errnoName(-error)}`)
    this.#socket.onReady = () => this.#receive()
  }

  close(): void {
    this.#socket.close()
  }

  #receive(): void {
    for (;;) {
      const length = this.#socket.recvFrom(datagram, 0, datagram.length, 0, this.#from)
      if (length < 0) return
      if (this.#from.port < FIRST_CLIENT_PORT) continue
      const answered = this.#answer(datagram, length, this.#from, this.#socket)
      if (answered >= 0) this.#socket.sendTo(datagram, 0, answered, this.#from.address, this.#from.port)
    }
  }
}
