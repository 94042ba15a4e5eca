import type { Instant } from '../base/time.ts'
import { abort, close, discard, isWritable, keepAliveChanged, receive, release, send } from '../tcp/calls.ts'
import type { Connection, TcpUser } from '../tcp/connection.ts'
import type { Listener } from '../tcp/listener.ts'
import type { Settings } from '../tcp/settings.ts'
import { canReceive } from '../tcp/state.ts'
import { add } from '../wire/seq.ts'
import type { Claim } from './bindings.ts'
import { Ioctl, Msg, Poll, Shutdown, SOMAXCONN } from './constants.ts'
import { Errno } from './errno.ts'
import { errnoOfReason } from './reasons.ts'
import type { Socket, SocketAddress } from './socket.ts'
import type { Sockets } from './sockets.ts'
import { getOption, setOption } from './stream-options.ts'

/** A TCP socket: unconnected, listening, or with a connection. */
export class StreamSocket implements Socket, TcpUser, Claim {
  isQueued = false
  onReady: (() => void) | undefined
  localAddress = 0
  /** 0: not bound. */
  localPort = 0
  reusesAddress = false
  /** SO_LINGER: undefined when off, else seconds. */
  linger: number | undefined
  /** SO_OOBINLINE. */
  isOobInline = false
  settings: Settings
  connection: Connection | undefined
  listener: Listener | undefined
  readonly #sockets: Sockets
  /** The handshake of connect() has not been reported as done. */
  #isConnecting = false
  #isReadShut = false
  #isClosed = false
  #ownsSettings = false
  /** The connection's end was taken note of, and its errno waits to be told (SO_ERROR). */
  #isEndSeen = false
  #error = 0

  constructor(sockets: Sockets, settings: Settings, connection?: Connection) {
    this.#sockets = sockets
    this.settings = settings
    if (connection !== undefined) {
      this.connection = connection
      this.localAddress = connection.local
      this.localPort = connection.localPort
      connection.user = this
    }
  }

  get isListening(): boolean {
    return this.listener !== undefined
  }

  bind(address: number, port: number): number {
    if (this.localPort !== 0 || this.connection !== undefined) return -Errno.EINVAL
    if (address !== 0 && !this.#sockets.isLocal(address)) return -Errno.EADDRNOTAVAIL
    const chosen = port === 0 ? this.#sockets.choosePort(address) : port
    if (chosen === 0) return -Errno.EADDRINUSE
    if (port !== 0 && !this.#sockets.bindings.isFree(address, port, this.reusesAddress))
      return -Errno.EADDRINUSE
    this.localAddress = address
    this.#claim(chosen)
    return 0
  }

  /** `backlog` is held between 0 and SOMAXCONN. 0, -EINVAL or -EADDRINUSE. */
  listen(backlog: number): number {
    if (this.connection !== undefined) return -Errno.EINVAL
    const limit = Math.min(Math.max(backlog, 0), SOMAXCONN)
    if (this.listener !== undefined) {
      this.listener.backlog = limit
      return 0
    }
    if (this.localPort === 0) {
      const error = this.bind(0, 0)
      if (error !== 0) return error
    }
    if (!this.#sockets.bindings.mayListen(this)) return -Errno.EADDRINUSE
    this.listener = this.#sockets.tcp.listen(this.localAddress, this.localPort, limit, this.settings)
    this.listener.user = this
    return 0
  }

  /** The next connection, or -EAGAIN, or -EINVAL when this socket does not listen. */
  accept(): StreamSocket | number {
    if (this.listener === undefined) return -Errno.EINVAL
    const connection = this.listener.accept()
    if (connection === undefined) return -Errno.EAGAIN
    return this.#sockets.accepted(this, connection)
  }

  connect(address: number, port: number): number {
    if (this.listener !== undefined) return -Errno.EISCONN
    if (this.connection !== undefined) return this.#connectAgain()
    const sockets = this.#sockets
    const remote = address === 0 ? sockets.ownAddress : address
    const local = this.localAddress === 0 ? sockets.sourceFor(remote) : this.localAddress
    if (local === 0 || port === 0) return local === 0 ? -Errno.ENETUNREACH : -Errno.ECONNREFUSED
    if (this.localPort === 0) {
      const chosen = sockets.choosePortFor(local, remote, port)
      if (chosen === 0) return -Errno.EADDRNOTAVAIL
      this.#claim(chosen)
    } else if (!sockets.isFlowFree(local, this.localPort, remote, port)) {
      return -Errno.EADDRNOTAVAIL
    }
    this.localAddress = local
    this.#isEndSeen = false
    this.#isConnecting = true
    this.connection = sockets.tcp.connect(local, this.localPort, remote, port, this.settings, sockets.now)
    this.connection.user = this
    return -Errno.EINPROGRESS
  }

  /** connect() to AF_UNSPEC: the connection is reset, and the socket may be used anew. */
  disconnect(): number {
    if (this.connection !== undefined) {
      this.connection.user = undefined
      abort(this.connection)
    }
    this.#stopListening()
    this.connection = undefined
    this.#isConnecting = false
    this.#isReadShut = false
    this.#error = 0
    return 0
  }

  send(from: Uint8Array, offset: number, length: number, flags = 0): number {
    const error = this.takeError()
    if (error !== 0) return -error
    const c = this.connection
    if (c === undefined) return -Errno.EPIPE
    if (this.#isOpening(c)) return -Errno.EAGAIN
    if (c.send.hasFin || c.state === 'CLOSED') return -Errno.EPIPE
    if (length === 0) return 0
    const count = send(c, from, offset, length)
    if (count === 0) return -Errno.EAGAIN
    if ((flags & Msg.Oob) !== 0) {
      c.send.up = add(c.send.base, c.send.queue.length)
      c.send.isUrgent = true
    }
    c.send.hasMoreComing = (flags & Msg.More) !== 0
    return count
  }

  recv(to: Uint8Array, offset: number, length: number, flags = 0): number {
    const c = this.connection
    if (c === undefined)
      return this.listener === undefined && this.#error === 0 ? -Errno.ENOTCONN : -this.takeError()
    if ((flags & Msg.Oob) !== 0) return -Errno.EINVAL
    if (c.receive.queue.length > 0 && length > 0) return this.#read(c, to, offset, length, flags)
    const error = this.takeError()
    if (error !== 0) return -error
    if (this.#isOpening(c)) return -Errno.EAGAIN
    if (length === 0 || this.isAtEnd) return 0
    return -Errno.EAGAIN
  }

  shutdown(how: number): number {
    if (how !== Shutdown.Read && how !== Shutdown.Write && how !== Shutdown.Both) return -Errno.EINVAL
    if (this.listener !== undefined && how !== Shutdown.Write) {
      this.#stopListening()
      return 0
    }
    const c = this.connection
    if (c === undefined || c.state === 'CLOSED') return -Errno.ENOTCONN
    if (how !== Shutdown.Write) this.#isReadShut = true
    if (how !== Shutdown.Read) close(c, this.#now)
    this.changed()
    return 0
  }

  close(): number {
    if (this.#isClosed) return -Errno.EBADF
    this.#isClosed = true
    this.onReady = undefined
    this.#stopListening()
    const c = this.connection
    if (c !== undefined) {
      c.user = undefined
      if (this.linger === 0 && c.state !== 'CLOSED') {
        this.#sockets.tcp.host.counters.TCPAbortOnLinger++
        abort(c)
      }
      release(c, this.#now)
    }
    this.#sockets.bindings.remove(this)
    this.#sockets.open.delete(this)
    return 0
  }

  poll(): number {
    if (this.listener !== undefined) return this.listener.queued > 0 ? Poll.In | Poll.ReadNormal : 0
    const c = this.connection
    if (c === undefined) return Poll.Out | Poll.WriteNormal | Poll.Hup
    this.#noteEnd()
    if (this.#isOpening(c)) return 0
    let bits = this.#error === 0 ? 0 : Poll.Err
    const isOver = c.state === 'CLOSED'
    if (isOver || ((this.#isReadShut || c.receive.isFinTaken) && c.send.hasFin)) bits |= Poll.Hup
    if (this.isAtEnd) bits |= Poll.In | Poll.ReadNormal | Poll.ReadHup
    if (c.receive.queue.length > 0) bits |= Poll.In | Poll.ReadNormal
    if (c.receive.isUrgent) bits |= Poll.Pri
    if (isOver || c.send.hasFin || (isWritable(c) && this.#hasRoomToWrite(c)))
      bits |= Poll.Out | Poll.WriteNormal
    return bits
  }

  getsockname(out: SocketAddress): number {
    out.address = this.localAddress
    out.port = this.localPort
    return 0
  }

  getpeername(out: SocketAddress): number {
    const c = this.connection
    if (c === undefined || c.state === 'CLOSED' || c.state === 'SYN-SENT') return -Errno.ENOTCONN
    out.address = c.remote
    out.port = c.remotePort
    return 0
  }

  setsockopt(level: number, option: number, value: number): number {
    return setOption(this, level, option, value)
  }

  getsockopt(level: number, option: number): number {
    return getOption(this, level, option)
  }

  ioctl(request: number): number {
    if (this.listener !== undefined) return -Errno.EINVAL
    const c = this.connection
    switch (request) {
      case Ioctl.InQueue:
        return c?.receive.queue.length ?? 0
      case Ioctl.OutQueue:
        return c?.send.queue.length ?? 0
      case Ioctl.OutQueueUnsent:
        return c?.send.unsent ?? 0
      case Ioctl.AtMark:
        return c?.receive.isUrgent === true && c.receive.urgentAhead === 1 ? 1 : 0
      default:
        return -Errno.ENOTTY
    }
  }

  /** SO_ERROR: why the connection ended, once. */
  takeError(): number {
    this.#noteEnd()
    const error = this.#error
    this.#error = 0
    return error
  }

  /** Nothing more will be read: the peer's FIN, a shutdown, or the end of the connection. */
  get isAtEnd(): boolean {
    const c = this.connection
    if (c === undefined || c.receive.queue.length > 0) return false
    return this.#isReadShut || c.receive.isFinTaken || (c.state === 'CLOSED' && !canReceive(c.state))
  }

  /** Something changed in the connection or the accept queue: the owner looks at it when applications run. */
  changed(): void {
    if (this.onReady !== undefined) this.#sockets.stack.ready(this)
  }

  run(): void {
    this.onReady?.()
  }

  /** Changes settings of this socket alone. */
  configure(change: (settings: Settings) => void): void {
    if (!this.#ownsSettings) this.settings = this.settings.copy()
    this.#ownsSettings = true
    change(this.settings)
    const c = this.connection
    if (c === undefined) return
    c.settings = this.settings
    c.receive.limit = this.settings.receiveLimit
    c.receive.clamp = this.settings.windowLimit
    if (c.state === 'CLOSED') return
    keepAliveChanged(c, this.#now)
    c.speak()
  }

  #read(c: Connection, to: Uint8Array, offset: number, length: number, flags: number): number {
    const peeks = (flags & Msg.Peek) !== 0
    if ((flags & Msg.Trunc) === 0) return receive(c, to, offset, length, !peeks)
    const count = Math.min(length, c.receive.queue.length)
    if (!peeks) discard(c, count)
    return count
  }

  #connectAgain(): number {
    const c = this.connection!
    const error = this.takeError()
    if (error !== 0) {
      this.connection = undefined
      this.#isConnecting = false
      return -error
    }
    if (this.#isOpening(c)) return -Errno.EALREADY
    if (!this.#isConnecting) return -Errno.EISCONN
    this.#isConnecting = false
    return 0
  }

  #isOpening(c: Connection): boolean {
    return c.state === 'SYN-SENT' || c.state === 'SYN-RECEIVED'
  }

  /** Linux's sk_stream_is_writeable: a third of the buffer is free. */
  #hasRoomToWrite(c: Connection): boolean {
    return 3 * (this.settings.sendBuffer - c.send.queue.length) >= this.settings.sendBuffer
  }

  /** Notes the errno of a connection that has ended. */
  #noteEnd(): void {
    const c = this.connection
    if (this.#isEndSeen || c?.closeReason === undefined) return
    this.#isEndSeen = true
    // Linux: a reset after the peer's FIN is a broken pipe.
    const isAfterFin = c.closeReason === 'reset' && c.receive.isFinTaken
    this.#error = isAfterFin ? Errno.EPIPE : errnoOfReason(c.closeReason)
  }

  #stopListening(): void {
    if (this.listener === undefined) return
    this.#sockets.tcp.unlisten(this.listener)
    this.listener = undefined
  }

  #claim(port: number): void {
    this.localPort = port
    this.#sockets.bindings.add(this)
  }

  get #now(): Instant {
    return this.#sockets.now
  }
}
