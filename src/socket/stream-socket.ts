import type { Duration, Instant } from '../base/time.ts'
import { abort, close, configure, release } from '../tcp/calls.ts'
import type { Connection } from '../tcp/connection.ts'
import type { FastOpen } from '../tcp/fast-open-state.ts'
import type { Listener } from '../tcp/listener.ts'
import { hasRoom } from '../tcp/send-room.ts'
import type { Settings } from '../tcp/settings.ts'
import { ConnectionHolder } from './connection-holder.ts'
import { Ioctl, Msg, Poll, Shutdown } from './constants.ts'
import { Errno } from './errno.ts'
import { connectAndSend, connectDeferred, isDeferred, sendDeferred } from './fast-open.ts'
import { LocalEnd } from './local-end.ts'
import { PendingError } from './pending-error.ts'
import { ANY_EVENT, type Watcher, Watchers } from './pollable.ts'
import type { Socket, SocketAddress } from './socket.ts'
import type { Sockets } from './sockets.ts'
import { getOption, setOption, tellOption } from './stream-options.ts'
import { arrivals, COUNTS, isOpening, readOutOfBand, readStream, writeStream } from './stream-queues.ts'
import { Wakeups } from './wakeups.ts'

/** Directions that shutdown() has closed. */
const READ_SHUT = 1
const WRITE_SHUT = 2

/** How far connect() has come, as Linux's sock->state; 'spoilt': the socket failed while it was shut, and connects no more. */
type Phase = 'unconnected' | 'connecting' | 'connected' | 'spoilt'

/** A TCP socket: unconnected, listening, or with a connection. */
export class StreamSocket extends ConnectionHolder implements Socket {
  isQueued = false
  onReady: (() => void) | undefined
  /** SO_LINGER: undefined when off, else seconds. */
  linger: number | undefined
  /** SO_RCVLOWAT, bytes. */
  receiveLowWater = 1
  /** SO_RCVTIMEO and SO_SNDTIMEO, for callers that block; 0: none. */
  receiveTimeout: Duration = 0
  sendTimeout: Duration = 0
  /** SO_ZEROCOPY, as it is told: MSG_ZEROCOPY copies like any other send, and completes at once without a notice. */
  isZeroCopy = false
  settings: Settings
  listener: Listener | undefined
  readonly end: LocalEnd
  readonly sockets: Sockets
  readonly #watchers = new Watchers()
  readonly #wakeups = new Wakeups()
  readonly #error = new PendingError()
  #phase: Phase = 'unconnected'
  #shut = 0
  #isClosed = false
  #ownsSettings = false
  #lingersUntil: Instant = 0

  constructor(sockets: Sockets, settings: Settings, connection?: Connection) {
    super()
    this.sockets = sockets
    this.settings = settings
    this.end = new LocalEnd(sockets, this)
    if (connection === undefined) return
    this.end.share(connection.local, connection.localPort)
    this.#phase = 'connected'
    if (connection.state === 'CLOSED') this.end.release() // while it waited to be accepted
    this.hold(connection)
  }

  get localAddress(): number {
    return this.end.localAddress
  }

  /** 0: not bound. */
  get localPort(): number {
    return this.end.localPort
  }

  get isListening(): boolean {
    return this.listener !== undefined
  }

  /** A connection that is not CLOSED. */
  get isOpen(): boolean {
    return this.connection !== undefined && this.connection.state !== 'CLOSED'
  }

  bind(address: number, port: number): number {
    if (this.end.isClaimed || this.isOpen) return -Errno.EINVAL
    return this.end.bind(address, port)
  }

  /** `backlog` is held to `net.core.somaxconn`, and a negative one is that long. 0, -EINVAL or -EADDRINUSE. */
  listen(backlog: number): number {
    if (this.#phase !== 'unconnected' || this.isOpen) return -Errno.EINVAL
    const limit = Math.min(backlog >>> 0, this.sockets.stack.sysctls.core.somaxconn)
    if (this.listener !== undefined) {
      this.listener.backlog = limit
      return 0
    }
    const error = this.end.listen()
    if (error !== 0) return error
    if (this.settings.delaysAcks) this.configure((t) => (t.delaysAcks = false)) // as on Linux it holds only if set afterwards
    this.listener = this.sockets.tcp.listen(this.localAddress, this.localPort, limit, this.settings)
    this.listener.user = this
    return 0
  }

  /** The next connection, or -EAGAIN, or -EINVAL when this socket does not listen. */
  accept(): StreamSocket | number {
    if (this.listener === undefined) return -Errno.EINVAL
    const connection = this.listener.accept()
    if (connection === undefined) return -Errno.EAGAIN
    return this.sockets.accepted(this, connection)
  }

  connect(address: number, port: number): number {
    if (this.settings.connectsFast && this.#phase === 'unconnected')
      return connectDeferred(this, address, port)
    return this.open(this.sockets.destination(address), port)
  }

  /** connect() itself. `fastOpen`: what the SYN carries. */
  open(remote: number, port: number, fastOpen?: FastOpen): number {
    if (this.#phase === 'connected') return -Errno.EISCONN
    if (this.#phase === 'spoilt') return -Errno.EINVAL
    if (this.#phase === 'connecting') return this.#connectAgain()
    if (this.listener !== undefined || this.isOpen) return -Errno.EISCONN
    const { tcp } = this.sockets
    const error = this.end.connect(remote, port)
    if (error !== 0) return error
    this.#error.set(0)
    this.#phase = 'connecting'
    const { localAddress, localPort, settings } = this
    this.hold(tcp.connect(localAddress, localPort, remote, port, settings, this.now, fastOpen))
    return -Errno.EINPROGRESS
  }

  /** connect() to AF_UNSPEC: the connection is reset, or LISTEN ends, and the socket may be used anew. */
  disconnect(): number {
    const c = this.connection
    const wasOpen = this.isOpen
    this.sockets.tcp.tick(this.now)
    this.#stopListening()
    if (c !== undefined) {
      c.user = undefined
      abort(c)
      c.receive.clear() // what a connection that was over had left
    }
    this.letGo()
    this.#phase = 'unconnected'
    this.#shut = 0
    if (wasOpen) this.#error.set(Errno.ECONNRESET)
    this.end.forget()
    this.changed()
    return 0
  }

  send(from: Uint8Array, offset: number, length: number, flags = 0): number {
    if ((flags & Msg.FastOpen) !== 0) return this.isOpen ? -Errno.EISCONN : -Errno.EOPNOTSUPP
    if (isDeferred(this)) return sendDeferred(this, from, offset, length, flags)
    const c = this.connection
    const error = this.takeError()
    if (error !== 0) return -error
    if (c !== undefined && isOpening(c)) return -Errno.EAGAIN
    if (c === undefined || this.#sendsNoMore(c)) return -Errno.EPIPE
    if (length === 0) return 0
    const count = writeStream(c, from, offset, length, flags)
    if (count < length) this.#wakeups.wantsRoom = true
    return count === 0 ? -Errno.EAGAIN : count
  }

  /** As `send`: a stream does not look at the address, but with MSG_FASTOPEN, where it connects first. */
  sendTo(from: Uint8Array, offset: number, length: number, address: number, port: number, flags = 0): number {
    if ((flags & Msg.FastOpen) !== 0) return connectAndSend(this, from, offset, length, address, port, flags)
    return this.send(from, offset, length, flags)
  }

  recv(to: Uint8Array, offset: number, length: number, flags = 0): number {
    if ((flags & Msg.ErrorQueue) !== 0) return -Errno.EAGAIN
    if (this.listener !== undefined) return -Errno.ENOTCONN
    const c = this.connection
    if ((flags & Msg.Oob) !== 0)
      return c === undefined ? -Errno.EINVAL : readOutOfBand(c, to, offset, length, flags)
    if (c !== undefined && !isOpening(c)) {
      const isEmpty = c.receive.queue.length === 0
      const count = readStream(c, to, offset, length, flags)
      if (count > 0 || (length === 0 && !isEmpty)) return count
    }
    return this.#nothingToRead(c)
  }

  /** As `recv`: a stream does not tell an address. */
  recvFrom(to: Uint8Array, offset: number, length: number, flags: number, _from: SocketAddress): number {
    return this.recv(to, offset, length, flags)
  }

  shutdown(how: number): number {
    if (how !== Shutdown.Read && how !== Shutdown.Write && how !== Shutdown.Both) return -Errno.EINVAL
    const c = this.connection
    if (this.#phase === 'connecting' && c !== undefined)
      this.#phase = isOpening(c) || c.state === 'CLOSED' ? 'spoilt' : 'connected'
    if (c?.state === 'SYN-SENT' || (this.listener !== undefined && how !== Shutdown.Write))
      return this.disconnect()
    this.#shut |= how + 1
    if (this.listener !== undefined) return 0
    if (c === undefined || c.state === 'CLOSED') return -Errno.ENOTCONN
    if (how !== Shutdown.Read) close(c, this.now)
    // What comes when nobody can read or answer any more is reset, as by a close.
    if (this.#shut === (READ_SHUT | WRITE_SHUT)) c.receive.isShut = true
    this.changed()
    return 0
  }

  /**
   * 0, or -EBADF the second time. Unread data, or SO_LINGER with no time, resets the connection; it else goes on by itself, and what a
   * blocking close() would wait for with SO_LINGER is told by `isLingering`.
   */
  close(): number {
    if (this.#isClosed) return -Errno.EBADF
    this.#isClosed = true
    this.onReady = undefined
    this.sockets.tcp.tick(this.now)
    this.#watchers.close(this)
    this.#stopListening()
    const c = this.connection
    if (c !== undefined) {
      c.user = undefined
      if (this.linger === 0 && this.isOpen && c.receive.queue.length === 0) {
        this.sockets.tcp.host.counters.TCPAbortOnData++
        abort(c)
      }
      release(c, this.now)
      this.#lingersUntil = this.now + (this.linger ?? 0) * 1e6
    }
    this.end.giveUp()
    this.sockets.open.delete(this)
    return 0
  }

  /** Closed with SO_LINGER: there is something that the peer has not acknowledged, and time left to wait for it. */
  get isLingering(): boolean {
    const state = this.connection?.state
    const isUnfinished = state === 'FIN-WAIT-1' || state === 'CLOSING' || state === 'LAST-ACK'
    return this.#isClosed && isUnfinished && this.now < this.#lingersUntil
  }

  /** Until when `isLingering` may hold. */
  get lingersUntil(): Instant {
    return this.#lingersUntil
  }

  /** As Linux's tcp_poll. */
  poll(): number {
    if (this.listener !== undefined) return this.listener.queued > 0 ? Poll.In | Poll.ReadNormal : 0
    const c = this.connection
    const readsNoMore = this.#readsNoMore(c)
    const sendsNoMore = this.#sendsNoMore(c)
    let bits = this.#error.isSet(c) ? Poll.Err : 0
    if (!this.isOpen || (readsNoMore && sendsNoMore)) bits |= Poll.Hup
    if (readsNoMore) bits |= Poll.In | Poll.ReadNormal | Poll.ReadHup
    if (isDeferred(this)) return bits | Poll.Out | Poll.WriteNormal
    if (c !== undefined && isOpening(c)) return bits
    if (c !== undefined) bits |= arrivals(c, this.receiveLowWater)
    if (c === undefined || sendsNoMore || hasRoom(c)) bits |= Poll.Out | Poll.WriteNormal
    else this.#wakeups.wantsRoom = true
    return bits
  }

  watch(watcher: Watcher): void {
    if (this.#watchers.isEmpty) this.#newEvents() // what came before is not news
    this.#watchers.add(watcher)
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.remove(watcher)
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

  setsockopt(level: number, option: number, value: number | Uint8Array): number {
    return setOption(this, level, option, value)
  }

  getsockopt(level: number, option: number): number {
    return getOption(this, level, option)
  }

  getsockoptInto(level: number, option: number, out: Uint8Array): number {
    return tellOption(this, level, option, out)
  }

  ioctl(request: number): number {
    const count = COUNTS[request]
    if (count === undefined) return -Errno.ENOTTY
    if (this.listener !== undefined && request !== Ioctl.AtMark) return -Errno.EINVAL
    return this.connection === undefined ? 0 : count(this.connection)
  }

  /** Why the connection ended, once; 0: it did not, or nothing is wrong. */
  takeError(): number {
    return this.#error.take(this.connection)
  }

  /** SO_ERROR: as `takeError`, and what ICMP has said of a connection that lives on. */
  takeSocketError(): number {
    return this.#error.takeAny(this.connection)
  }

  /** Nothing more will be read: the peer's FIN, a shutdown, or the end of the connection; and all has been. */
  get isAtEnd(): boolean {
    const c = this.connection
    return c !== undefined && c.receive.queue.length === 0 && this.#readsNoMore(c)
  }

  /** Something changed in the connection or the accept queue: the owner looks at it when applications run. */
  changed(): void {
    if (this.connection?.state === 'CLOSED') this.end.release()
    if (this.onReady !== undefined || !this.#watchers.isEmpty) this.sockets.stack.ready(this)
  }

  run(): void {
    if (!this.#watchers.isEmpty) {
      const events = this.#newEvents()
      if (events !== 0) this.#watchers.wake(this, events)
    }
    this.onReady?.()
  }

  /** Changes settings of this socket alone. */
  configure(change: (settings: Settings) => void): void {
    // What a listener has, the connections to it share.
    if (!this.#ownsSettings || this.listener !== undefined) this.settings = this.settings.copy()
    this.#ownsSettings = true
    change(this.settings)
    if (this.listener !== undefined) this.listener.settings = this.settings
    const c = this.connection
    if (c === undefined) return
    configure(c, this.settings, this.now)
    this.changed()
  }

  get now(): Instant {
    return this.sockets.now
  }

  #connectAgain(): number {
    const c = this.connection!
    if (isDeferred(this)) return -Errno.EISCONN
    if (isOpening(c)) return -Errno.EALREADY
    if (c.state !== 'CLOSED') {
      this.#phase = 'connected'
      return 0
    }
    const error = this.takeError()
    this.disconnect()
    return -(error === 0 ? Errno.ECONNABORTED : error)
  }

  /** What recv() says when the queue is empty: the peer's FIN comes before the error, the error before the end. */
  #nothingToRead(c: Connection | undefined): number {
    if (c?.receive.isFinTaken) return 0
    const error = this.takeError()
    if (error !== 0) return -error
    if (this.#readsNoMore(c)) return 0
    return c === undefined ? -Errno.ENOTCONN : -Errno.EAGAIN
  }

  #readsNoMore(c: Connection | undefined): boolean {
    if ((this.#shut & READ_SHUT) !== 0) return true
    return c !== undefined && (c.receive.isFinTaken || c.state === 'CLOSED')
  }

  #sendsNoMore(c: Connection | undefined): boolean {
    if ((this.#shut & WRITE_SHUT) !== 0) return true
    return c !== undefined && (c.send.hasFin || c.state === 'CLOSED')
  }

  #newEvents(): number {
    const c = this.connection
    if (c === undefined) return ANY_EVENT
    return this.#wakeups.take(c, hasRoom(c), this.#error.isSet(c))
  }

  #stopListening(): void {
    if (this.listener === undefined) return
    this.sockets.tcp.unlisten(this.listener)
    this.listener = undefined
  }
}
