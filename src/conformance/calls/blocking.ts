import { type Duration, MILLISECOND, NEVER } from '../../base/time.ts'
import { Msg } from '../../socket/constants.ts'
import { DatagramSocket } from '../../socket/datagram-socket.ts'
import type { EpollEvent } from '../../socket/epoll.ts'
import { Errno } from '../../socket/errno.ts'
import type { SocketAddress } from '../../socket/socket.ts'
import { StreamSocket } from '../../socket/stream-socket.ts'
import type { PollDescriptor, SystemCalls } from '../../socket/system-calls.ts'
import type { Machine } from '../machine.ts'

/** How a system call ended. */
export interface Ended {
  /** Not negative, or a negative errno. */
  readonly result: number
}

/** Tries to finish a call; undefined: it still blocks. Called again whenever something may have changed. */
export type Attempt<E extends Ended = Ended> = () => E | undefined

/** A process that makes system calls. */
export interface Caller {
  readonly machine: Machine
  readonly calls: SystemCalls
}

/** What a sockaddr says. */
export interface SocketName {
  readonly family: number
  readonly address: number
  readonly port: number
}

/** A call that waits until `look` finds something, or until `timeout` is over, when `late` has the answer. */
export function waiting<E extends Ended>(
  machine: Machine,
  timeout: Duration,
  look: Attempt<E>,
  late: () => E,
): Attempt<E> {
  const until = machine.now + timeout
  return () => {
    const outcome = look() ?? (machine.now >= until ? late() : undefined)
    machine.alarm = outcome === undefined ? until : NEVER
    return outcome
  }
}

/** The TCP socket behind a descriptor, if it is one. */
export function streamOf({ calls }: Caller, fd: number): StreamSocket | undefined {
  const socket = calls.descriptors.socket(fd)
  return socket instanceof StreamSocket ? socket : undefined
}

/** True when a call on the descriptor waits: it is open, and neither it nor the call says otherwise. */
function waits({ calls }: Caller, fd: number, flags = 0): boolean {
  const file = calls.descriptors.get(fd)
  return file !== undefined && !file.isNonBlocking && (flags & Msg.DontWait) === 0
}

/** SO_RCVTIMEO or SO_SNDTIMEO of a descriptor; NEVER when it has none. */
function timeoutOf({ calls }: Caller, fd: number, name: 'receiveTimeout' | 'sendTimeout'): Duration {
  const socket = calls.descriptors.socket(fd)
  if (typeof socket === 'number' || socket instanceof DatagramSocket) return NEVER
  return socket instanceof StreamSocket && socket[name] > 0 ? socket[name] : NEVER
}

/** accept4(2). `fd`: the number that the new descriptor must have, if any. */
export function accept(
  caller: Caller,
  listening: number,
  flags: number,
  fd: number | undefined,
  from?: SocketAddress,
): Attempt {
  const look: Attempt = () => {
    const result = caller.calls.accept(listening, from, flags, fd)
    return result === -Errno.EAGAIN && waits(caller, listening) ? undefined : { result }
  }
  const timeout = timeoutOf(caller, listening, 'receiveTimeout')
  return waiting(caller.machine, timeout, look, () => ({ result: -Errno.EAGAIN }))
}

/** connect(2). `began`: called when a handshake is on its way. */
export function connect(
  caller: Caller,
  fd: number,
  { family, address, port }: SocketName,
  began: () => void = () => {},
): Attempt {
  let isFirst = true
  const look: Attempt = () => {
    const result = caller.calls.connect(fd, address, port, family)
    if (isFirst && result === -Errno.EINPROGRESS) began()
    const isOnItsWay = result === -Errno.EINPROGRESS || (!isFirst && result === -Errno.EALREADY)
    isFirst = false
    return isOnItsWay && waits(caller, fd) ? undefined : { result }
  }
  return waiting(caller.machine, timeoutOf(caller, fd, 'sendTimeout'), look, () => ({
    result: -Errno.EINPROGRESS,
  }))
}

/** close(2). With SO_LINGER it returns when all is acknowledged, or its time is over. */
export function close(caller: Caller, fd: number): Attempt {
  const socket = streamOf(caller, fd)
  const isWaiting = waits(caller, fd)
  const result = caller.calls.close(fd)
  if (socket?.isLingering !== true || !isWaiting) return () => ({ result })
  const { machine } = caller
  const look: Attempt = () => (socket.isLingering ? undefined : { result })
  return waiting(machine, socket.lingersUntil - machine.now, look, () => ({ result }))
}

/** Reads until there is something, or all with MSG_WAITALL, when the descriptor waits. `read` fills the bytes it is given. */
export function receive(
  caller: Caller,
  fd: number,
  bytes: Uint8Array,
  flags: number,
  read: (bytes: Uint8Array) => number,
): Attempt {
  const isWaiting = waits(caller, fd, flags)
  const wantsAll = isWaiting && (flags & (Msg.WaitAll | Msg.Peek)) === Msg.WaitAll
  let count = 0
  const look: Attempt = () => {
    const result = read(count === 0 ? bytes : bytes.subarray(count))
    if (result > 0) count += result
    if (result === -Errno.EAGAIN && isWaiting) return undefined
    if (wantsAll && result > 0 && count < bytes.length) return undefined
    return { result: count > 0 ? count : result }
  }
  const late = () => ({ result: count > 0 ? count : -Errno.EAGAIN })
  return waiting(caller.machine, timeoutOf(caller, fd, 'receiveTimeout'), look, late)
}

/** Writes until all is taken, when the descriptor waits. `write` answers how many of the bytes were; `wrote` is told from where on. */
export function send(
  caller: Caller,
  fd: number,
  bytes: Uint8Array,
  flags: number,
  write: (bytes: Uint8Array) => number,
  wrote: (count: number, from: number) => void = () => {},
): Attempt {
  const isWaiting = waits(caller, fd, flags)
  let count = 0
  const look: Attempt = () => {
    const result = write(count === 0 ? bytes : bytes.subarray(count))
    if (result > 0) {
      wrote(result, count)
      count += result
    }
    if (isWaiting && result > 0 && count < bytes.length) return look()
    if (isWaiting && result === -Errno.EAGAIN) return undefined
    return { result: count > 0 ? count : result }
  }
  const late = () => ({ result: count > 0 ? count : -Errno.EAGAIN })
  return waiting(caller.machine, timeoutOf(caller, fd, 'sendTimeout'), look, late)
}

/** poll(2): fills in `revents`. `timeout` in milliseconds; negative: without limit. */
export function poll({ machine, calls }: Caller, list: readonly PollDescriptor[], timeout: number): Attempt {
  return timed(machine, timeout, () => calls.poll(list))
}

/** epoll_wait(2): appends up to `most` events to `out`. */
export function epollWait(
  { machine, calls }: Caller,
  epfd: number,
  out: EpollEvent[],
  most: number,
  timeout: number,
): Attempt {
  return timed(machine, timeout, () => calls.epollWait(epfd, out, most))
}

/** Waits for as many milliseconds; negative: without limit. After that the answer is 0. */
function timed(machine: Machine, timeout: number, look: () => number): Attempt {
  const found: Attempt = () => {
    const result = look()
    return result === 0 ? undefined : { result }
  }
  return waiting(machine, timeout < 0 ? NEVER : timeout * MILLISECOND, found, () => ({ result: 0 }))
}
