import { Fcntl, FD_CLOEXEC, OpenFlag } from './constants.ts'
import { Epoll } from './epoll.ts'
import { Errno } from './errno.ts'
import type { Socket } from './socket.ts'

/** What a descriptor stands for; several may stand for one (dup). */
export interface OpenFile {
  readonly object: Socket | Epoll
  /** O_NONBLOCK: the caller does not wait where a call says -EAGAIN or -EINPROGRESS. No call here waits. */
  isNonBlocking: boolean
  /** Descriptors that stand for it. */
  references: number
}

interface Descriptor {
  readonly file: OpenFile
  closesOnExec: boolean
}

/** Linux's default of RLIMIT_NOFILE. */
const MAX_DESCRIPTORS = 1024

/** Small integers for sockets and epolls, as a process has them. What fails returns a negative errno. */
export class Descriptors {
  readonly #table: (Descriptor | undefined)[] = []

  /** What `fd` stands for. */
  get(fd: number): OpenFile | undefined {
    return this.#table[fd]?.file
  }

  /** The socket, or -EBADF, -ENOTSOCK. */
  socket(fd: number): Socket | number {
    const file = this.get(fd)
    if (file === undefined) return -Errno.EBADF
    return file.object instanceof Epoll ? -Errno.ENOTSOCK : file.object
  }

  /** The epoll, or -EBADF, -EINVAL for a descriptor of something else. */
  epoll(fd: number): Epoll | number {
    const file = this.get(fd)
    if (file === undefined) return -Errno.EBADF
    return file.object instanceof Epoll ? file.object : -Errno.EINVAL
  }

  /** A descriptor for `object`: the lowest that is free, or `fd` itself. -EMFILE; -EBUSY when `fd` is taken. */
  open(object: Socket | Epoll, isNonBlocking = false, closesOnExec = false, fd?: number): number {
    return this.#place({ object, isNonBlocking, references: 0 }, closesOnExec, fd ?? this.#free(0), fd)
  }

  /** dup(2). */
  duplicate(fd: number, least = 0, closesOnExec = false): number {
    const file = this.get(fd)
    if (file === undefined) return -Errno.EBADF
    if (least < 0 || least >= MAX_DESCRIPTORS) return -Errno.EINVAL
    return this.#place(file, closesOnExec, this.#free(least))
  }

  /** close(2): what nothing else stands for is closed. 0 or -EBADF. */
  close(fd: number): number {
    const file = this.get(fd)
    if (file === undefined) return -Errno.EBADF
    this.#table[fd] = undefined
    return --file.references === 0 ? file.object.close() : 0
  }

  /** fcntl(2): O_NONBLOCK belongs to the file, FD_CLOEXEC to the descriptor. -EBADF, -EINVAL for another request. */
  fcntl(fd: number, request: number, argument = 0): number {
    const descriptor = this.#table[fd]
    if (descriptor === undefined) return -Errno.EBADF
    const { file } = descriptor
    switch (request) {
      case Fcntl.GetFlags:
        return OpenFlag.ReadWrite | (file.isNonBlocking ? OpenFlag.NonBlocking : 0)
      case Fcntl.SetFlags:
        file.isNonBlocking = (argument & OpenFlag.NonBlocking) !== 0
        return 0
      case Fcntl.GetDescriptorFlags:
        return descriptor.closesOnExec ? FD_CLOEXEC : 0
      case Fcntl.SetDescriptorFlags:
        descriptor.closesOnExec = (argument & FD_CLOEXEC) !== 0
        return 0
      case Fcntl.Duplicate:
        return this.duplicate(fd, argument)
      case Fcntl.DuplicateCloseOnExec:
        return this.duplicate(fd, argument, true)
      default:
        return -Errno.EINVAL
    }
  }

  #place(file: OpenFile, closesOnExec: boolean, fd: number, wanted?: number): number {
    if (fd < 0 || fd >= MAX_DESCRIPTORS) return wanted === undefined ? -Errno.EMFILE : -Errno.EBADF
    if (this.#table[fd] !== undefined) return -Errno.EBUSY
    this.#table[fd] = { file, closesOnExec }
    file.references++
    return fd
  }

  #free(least: number): number {
    for (let fd = least; fd < MAX_DESCRIPTORS; fd++) if (this.#table[fd] === undefined) return fd
    return -1
  }
}
