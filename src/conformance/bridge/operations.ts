import { Level, TcpOption } from '../../socket/constants.ts'
import { DatagramSocket } from '../../socket/datagram-socket.ts'
import type { EpollEvent } from '../../socket/epoll.ts'
import { Errno } from '../../socket/errno.ts'
import type { Message } from '../../socket/message.ts'
import { SocketAddress } from '../../socket/socket.ts'
import type { PollDescriptor } from '../../socket/system-calls.ts'
import type { Attempt, Caller, Ended, SocketName } from '../calls/blocking.ts'
import * as blocking from '../calls/blocking.ts'
import { Op, ProtocolError, type Request } from './frame.ts'
import { readSocketName, writeSocketName } from './socket-address.ts'

/** What a call answers beside its result. */
export interface Answer extends Ended {
  readonly ints?: readonly (number | bigint)[]
  readonly blobs?: readonly Uint8Array[]
}

/** Begins a system call. */
type Operation = (request: Request, caller: Caller) => Attempt<Answer>

/** Longest buffer of a call: more than any queue holds. */
const LONGEST_BUFFER = 1 << 24
const LONGEST_OPTION = 1 << 16
/** Events that an answer holds: its integers are counted by a byte, three come before, and an event takes two. */
const MOST_EVENTS = (0xff - 3) >> 1
const NOTHING = new Uint8Array(0)

/** A call that ends at once. */
const done =
  (result: number, rest: Omit<Answer, 'result'> = {}): Attempt<Answer> =>
  () => ({ result, ...rest })

/** The attempt, and what is to be told when it has succeeded. */
const telling =
  (attempt: Attempt, rest: (result: number) => Omit<Answer, 'result'>): Attempt<Answer> =>
  () => {
    const ended = attempt()
    return ended === undefined || ended.result < 0 ? ended : { ...ended, ...rest(ended.result) }
  }

/** The system calls of the protocol, by operation. */
export const OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [Op.Socket, (r, { calls }) => done(calls.socket(r.int(0), r.int(1), r.int(2), r.int(3)))],
  [
    Op.Bind,
    (r, { calls }) => named(r.blob(0), (at) => done(calls.bind(r.int(0), at.address, at.port, at.family))),
  ],
  [Op.Listen, (r, { calls }) => done(calls.listen(r.int(0), r.int(1)))],
  [Op.Accept, accept],
  [Op.Connect, (r, caller) => named(r.blob(0), (to) => blocking.connect(caller, r.int(0), to))],
  [Op.Recv, receive],
  [Op.Send, (r, caller) => send(r, caller)],
  [Op.RecvMessage, receiveMessage],
  [Op.SendMessage, (r, caller) => send(r, caller)],
  [Op.Fcntl, (r, { calls }) => done(calls.fcntl(r.int(0), r.int(1), r.int(2)))],
  [Op.Ioctl, ioctl],
  [Op.Close, (r, caller) => blocking.close(caller, r.int(0))],
  [Op.Shutdown, (r, { calls }) => done(calls.shutdown(r.int(0), r.int(1)))],
  [Op.GetOption, getOption],
  [Op.SetOption, (r, { calls }) => done(calls.setsockopt(r.int(0), r.int(1), r.int(2), r.blob(0)))],
  [Op.Poll, poll],
  [Op.EpollCreate, (r, { calls }) => done(r.int(0) > 0 ? calls.epollCreate(0, r.int(1)) : -Errno.EINVAL)],
  [Op.EpollControl, epollControl],
  [Op.EpollWait, epollWait],
  [Op.Pipe, () => done(-Errno.ENOSYS)],
  [Op.Splice, () => done(-Errno.ENOSYS)],
  [Op.Read, read],
  [Op.Write, write],
])

/** With the address in the bytes of a sockaddr, or EINVAL. */
function named(bytes: Uint8Array, act: (name: SocketName) => Attempt<Answer>): Attempt<Answer> {
  const name = readSocketName(bytes)
  return name === undefined ? done(-Errno.EINVAL) : act(name)
}

function accept(request: Request, caller: Caller): Attempt<Answer> {
  const from = new SocketAddress()
  const attempt = blocking.accept(caller, request.int(0), 0, request.int(1), from)
  return telling(attempt, () => ({ blobs: [writeSocketName(from)] }))
}

/** A buffer as long as integer `i` says. */
function bufferOf(request: Request, i: number): Uint8Array {
  const length = request.int(i)
  if (length < 0) throw new ProtocolError(`a buffer of ${length} bytes`)
  return new Uint8Array(Math.min(length, LONGEST_BUFFER))
}

/** With MSG_TRUNC the count may be more than there is room for. */
const filled = (bytes: Uint8Array, count: number): Uint8Array =>
  bytes.subarray(0, Math.min(count, bytes.length))

function read(request: Request, caller: Caller): Attempt<Answer> {
  const fd = request.int(0)
  const bytes = bufferOf(request, 1)
  const attempt = blocking.receive(caller, fd, bytes, 0, (part) => caller.calls.read(fd, part))
  return telling(attempt, (count) => ({ blobs: [filled(bytes, count)] }))
}

function write(request: Request, caller: Caller): Attempt<Answer> {
  const fd = request.int(0)
  return blocking.send(caller, fd, request.blob(0), 0, (part) => caller.calls.write(fd, part))
}

const isDatagram = ({ calls }: Caller, fd: number): boolean =>
  calls.descriptors.socket(fd) instanceof DatagramSocket

function receive(request: Request, caller: Caller): Attempt<Answer> {
  const fd = request.int(0)
  const bytes = bufferOf(request, 1)
  const flags = request.int(2)
  const from = new SocketAddress()
  const attempt = blocking.receive(caller, fd, bytes, flags, (part) =>
    caller.calls.recv(fd, part, flags, from),
  )
  const tellsName = request.int(3) !== 0 && isDatagram(caller, fd)
  return telling(attempt, (count) => ({
    blobs: [filled(bytes, count), tellsName ? writeSocketName(from) : NOTHING],
  }))
}

function receiveMessage(request: Request, caller: Caller): Attempt<Answer> {
  const fd = request.int(0)
  const bytes = bufferOf(request, 1)
  const flags = request.int(2)
  const message: Message = { buffers: [], name: undefined, flags: 0 }
  const attempt = blocking.receive(caller, fd, bytes, flags, (part) => {
    message.buffers = [part]
    return caller.calls.recvmsg(fd, message, flags)
  })
  return telling(attempt, (count) => ({
    ints: [message.flags],
    blobs: [
      filled(bytes, count),
      message.name === undefined ? NOTHING : writeSocketName(message.name),
      NOTHING,
    ],
  }))
}

/** An address of no bytes is none; control messages are not looked at, as there are none here. */
function send(request: Request, caller: Caller): Attempt<Answer> {
  const fd = request.int(0)
  const flags = request.int(1)
  const { calls } = caller
  const bytes = request.blob(0)
  const address = request.blobs[1] ?? NOTHING
  if (address.length === 0)
    return blocking.send(caller, fd, bytes, flags, (part) => calls.send(fd, part, flags))
  return named(address, (to) =>
    blocking.send(caller, fd, bytes, flags, (part) => calls.sendTo(fd, part, flags, to.address, to.port)),
  )
}

function ioctl(request: Request, { calls }: Caller): Attempt<Answer> {
  const value = calls.ioctl(request.int(0), request.int(1))
  return value < 0 ? done(value) : done(0, { ints: [value] })
}

/** TCP_INFO is told in the length that was asked for: what the stack does not know is 0. */
function getOption(request: Request, { calls }: Caller): Attempt<Answer> {
  const [level, option, length] = [request.int(1), request.int(2), request.int(3)]
  if (length < 0) return done(-Errno.EINVAL)
  const out = new Uint8Array(Math.min(length, LONGEST_OPTION))
  const told = calls.getsockopt(request.int(0), level, option, out)
  if (told < 0) return done(told)
  const isTcpInfo = level === Level.Tcp && option === TcpOption.Info
  return done(0, { blobs: [isTcpInfo ? out : filled(out, told)] })
}

function poll(request: Request, caller: Caller): Attempt<Answer> {
  const list: PollDescriptor[] = []
  for (let i = 0; i < request.int(1); i++) {
    list.push({ fd: request.int(2 + 2 * i), events: request.int(3 + 2 * i), revents: 0 })
  }
  const attempt = blocking.poll(caller, list, request.int(0))
  return telling(attempt, () => ({ ints: list.map(({ revents }) => revents) }))
}

function epollControl(request: Request, { calls }: Caller): Attempt<Answer> {
  const events = request.int(3) | 0
  const data = BigInt.asUintN(64, request.big(4))
  return done(calls.epollControl(request.int(0), request.int(1), request.int(2), events, data))
}

function epollWait(request: Request, caller: Caller): Attempt<Answer> {
  const events: EpollEvent[] = []
  const most = Math.min(request.int(1), MOST_EVENTS)
  const attempt = blocking.epollWait(caller, request.int(0), events, most, request.int(2))
  return telling(attempt, () => ({
    ints: events.flatMap(({ events: bits, data }) => [bits >>> 0, BigInt.asIntN(64, data)]),
  }))
}
