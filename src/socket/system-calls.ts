import { AF_INET, AF_UNSPEC, EpollControl, Ioctl, SOCK_CLOEXEC, SOCK_NONBLOCK } from './constants.ts'
import { Descriptors } from './descriptors.ts'
import { Epoll, type EpollEvent } from './epoll.ts'
import { Errno } from './errno.ts'
import { type Message, readv, recvmsg, sendmsg, writev } from './message.ts'
import { poll } from './poll.ts'
import { type Socket, SocketAddress } from './socket.ts'
import type { Sockets } from './sockets.ts'
import { StreamSocket } from './stream-socket.ts'

const TYPE_FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC

/** One line of poll(2)'s list, by its descriptor; a negative one is skipped. */
export interface PollDescriptor {
  fd: number
  events: number
  revents: number
}

/**
 * The system calls on sockets by descriptor, as a process makes them (socket(2) and its like). They return what the calls return, or the
 * negative errno; none of them waits: who would, tries again when `poll` says so.
 */
export class SystemCalls {
  readonly descriptors = new Descriptors()
  readonly #sockets: Sockets

  constructor(sockets: Sockets) {
    this.#sockets = sockets
  }

  /** `fd`: the number to give it, if it must be that one. */
  socket(domain: number, type: number, protocol: number, fd?: number): number {
    const socket = this.#sockets.socket(domain, type & ~TYPE_FLAGS, protocol)
    return typeof socket === 'number' ? socket : this.#open(socket, type, fd)
  }

  bind(fd: number, address: number, port: number, family: number = AF_INET): number {
    const socket = this.descriptors.socket(fd)
    if (typeof socket === 'number') return socket
    const isAny = family === AF_UNSPEC && address === 0
    return family === AF_INET || isAny ? socket.bind(address, port) : -Errno.EAFNOSUPPORT
  }

  listen(fd: number, backlog: number): number {
    const socket = this.#stream(fd)
    return typeof socket === 'number' ? socket : socket.listen(backlog)
  }

  /** accept4(2): `from` is filled in. */
  accept(fd: number, from?: SocketAddress, flags = 0, newFd?: number): number {
    if ((flags & ~TYPE_FLAGS) !== 0) return -Errno.EINVAL
    const listening = this.#stream(fd)
    if (typeof listening === 'number') return listening
    const socket = listening.accept()
    if (typeof socket === 'number') return socket
    socket.getpeername(from ?? new SocketAddress())
    return this.#open(socket, flags, newFd)
  }

  /** `family` AF_UNSPEC ends a connection. */
  connect(fd: number, address: number, port: number, family: number = AF_INET): number {
    const socket = this.descriptors.socket(fd)
    if (typeof socket === 'number') return socket
    if (family === AF_UNSPEC) return socket.disconnect()
    return family === AF_INET ? socket.connect(address, port) : -Errno.EAFNOSUPPORT
  }

  /** Nothing is done for no bytes. */
  read(fd: number, to: Uint8Array): number {
    const socket = this.#readable(fd)
    if (typeof socket === 'number') return socket
    return to.length === 0 ? 0 : socket.recv(to, 0, to.length)
  }

  write(fd: number, from: Uint8Array): number {
    const socket = this.#readable(fd)
    return typeof socket === 'number' ? socket : socket.send(from, 0, from.length)
  }

  readv(fd: number, buffers: readonly Uint8Array[]): number {
    const socket = this.#readable(fd)
    return typeof socket === 'number' ? socket : readv(socket, buffers)
  }

  writev(fd: number, buffers: readonly Uint8Array[]): number {
    const socket = this.#readable(fd)
    return typeof socket === 'number' ? socket : writev(socket, buffers)
  }

  /** recvfrom(2): `from` is filled in for a datagram. */
  recv(fd: number, to: Uint8Array, flags = 0, from: SocketAddress = new SocketAddress()): number {
    const socket = this.descriptors.socket(fd)
    return typeof socket === 'number' ? socket : socket.recvFrom(to, 0, to.length, flags, from)
  }

  send(fd: number, from: Uint8Array, flags = 0): number {
    const socket = this.descriptors.socket(fd)
    return typeof socket === 'number' ? socket : socket.send(from, 0, from.length, flags)
  }

  sendTo(fd: number, from: Uint8Array, flags: number, address: number, port: number): number {
    const socket = this.descriptors.socket(fd)
    return typeof socket === 'number' ? socket : socket.sendTo(from, 0, from.length, address, port, flags)
  }

  recvmsg(fd: number, message: Message, flags = 0): number {
    const socket = this.descriptors.socket(fd)
    return typeof socket === 'number' ? socket : recvmsg(socket, message, flags)
  }

  sendmsg(fd: number, message: Message, flags = 0): number {
    const socket = this.descriptors.socket(fd)
    return typeof socket === 'number' ? socket : sendmsg(socket, message, flags)
  }

  shutdown(fd: number, how: number): number {
    const socket = this.descriptors.socket(fd)
    return typeof socket === 'number' ? socket : socket.shutdown(how)
  }

  close(fd: number): number {
    return this.descriptors.close(fd)
  }

  getsockname(fd: number, out: SocketAddress): number {
    const socket = this.descriptors.socket(fd)
    return typeof socket === 'number' ? socket : socket.getsockname(out)
  }

  getpeername(fd: number, out: SocketAddress): number {
    const socket = this.descriptors.socket(fd)
    return typeof socket === 'number' ? socket : socket.getpeername(out)
  }

  setsockopt(fd: number, level: number, option: number, value: Uint8Array): number {
    const socket = this.descriptors.socket(fd)
    return typeof socket === 'number' ? socket : socket.setsockopt(level, option, value)
  }

  /** Writes as much of the value as `out` takes; its length. */
  getsockopt(fd: number, level: number, option: number, out: Uint8Array): number {
    const socket = this.descriptors.socket(fd)
    return typeof socket === 'number' ? socket : socket.getsockoptInto(level, option, out)
  }

  fcntl(fd: number, request: number, argument = 0): number {
    return this.descriptors.fcntl(fd, request, argument)
  }

  /** The value that the request tells, or 0 for FIONBIO. */
  ioctl(fd: number, request: number, argument = 0): number {
    const file = this.descriptors.get(fd)
    if (file === undefined) return -Errno.EBADF
    if (request === Ioctl.NonBlocking) {
      file.isNonBlocking = argument !== 0
      return 0
    }
    return file.object instanceof Epoll ? -Errno.ENOTTY : file.object.ioctl(request)
  }

  /** Fills in `revents` as things are now; how many have any. */
  poll(list: readonly PollDescriptor[]): number {
    const entries = list
      .filter(({ fd }) => fd >= 0)
      .map((line) => ({
        line,
        source: this.descriptors.get(line.fd)?.object,
        events: line.events,
        revents: 0,
      }))
    const count = poll(entries)
    for (const line of list) line.revents = 0
    for (const { line, revents } of entries) line.revents = revents
    return count
  }

  epollCreate(flags = 0, fd?: number): number {
    if ((flags & ~SOCK_CLOEXEC) !== 0) return -Errno.EINVAL
    return this.#open(new Epoll(), flags, fd)
  }

  /** -EBADF, -EINVAL, -EEXIST, -ENOENT. */
  epollControl(epfd: number, request: number, fd: number, events: number, data: bigint): number {
    const epoll = this.descriptors.epoll(epfd)
    const source = this.descriptors.get(fd)?.object
    if (epoll === -Errno.EBADF || source === undefined) return -Errno.EBADF
    if (typeof epoll === 'number') return epoll
    if (request === EpollControl.Add) return epoll.add(fd, source, events, data)
    if (request === EpollControl.Modify) return epoll.modify(fd, events, data)
    return request === EpollControl.Delete ? epoll.remove(fd) : -Errno.EINVAL
  }

  /** Appends up to `most` events to `out`; how many. */
  epollWait(epfd: number, out: EpollEvent[], most: number): number {
    const epoll = this.descriptors.epoll(epfd)
    return typeof epoll === 'number' ? epoll : epoll.wait(out, most)
  }

  /** A new descriptor; what cannot have one is closed. */
  #open(object: Socket | Epoll, flags: number, fd?: number): number {
    const isNonBlocking = (flags & SOCK_NONBLOCK) !== 0
    const result = this.descriptors.open(object, isNonBlocking, (flags & SOCK_CLOEXEC) !== 0, fd)
    if (result < 0) object.close()
    return result
  }

  /** A socket that listens or could, or -EBADF, -ENOTSOCK, -EOPNOTSUPP. */
  #stream(fd: number): StreamSocket | number {
    const socket = this.descriptors.socket(fd)
    if (typeof socket === 'number' || socket instanceof StreamSocket) return socket
    return -Errno.EOPNOTSUPP
  }

  /** read and write do not know of sockets: an epoll is -EINVAL to them. */
  #readable(fd: number): Socket | number {
    const socket = this.descriptors.socket(fd)
    return socket === -Errno.ENOTSOCK ? -Errno.EINVAL : socket
  }
}
