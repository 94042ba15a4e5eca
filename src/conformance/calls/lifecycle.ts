import { AF_INET, AF_UNSPEC, IPPROTO_TCP, IPPROTO_UDP, SOCK_DGRAM } from '../../socket/constants.ts'
import { DatagramSocket } from '../../socket/datagram-socket.ts'
import { Errno } from '../../socket/errno.ts'
import { StreamSocket } from '../../socket/stream-socket.ts'
import type { Expression } from '../ast.ts'
import type { SocketFile } from '../descriptors.ts'
import { addressOf, integerOf, memberOf, portOf } from '../expression.ts'
import { symbolValue } from '../symbols.ts'
import type { Arguments } from './arguments.ts'
import { fileOf, onSocket, socketOf } from './files.ts'
import { type Attempt, type CallContext, type CallTable, done } from './outcome.ts'

const SOCK_NONBLOCK = symbolValue('SOCK_NONBLOCK')!
const SOCK_CLOEXEC = symbolValue('SOCK_CLOEXEC')!

/** Calls that make, join and end sockets. */
export const lifecycle: CallTable = {
  socket(call, context) {
    call.expect(3)
    const flags = call.integer(1)
    const type = flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)
    const protocol = call.integerOr(2, type === SOCK_DGRAM ? IPPROTO_UDP : IPPROTO_TCP)
    const socket = context.machine.sockets.socket(call.integerOr(0, AF_INET), type, protocol)
    if (typeof socket === 'number') return done(socket)
    const file = socketFile(socket, (flags & SOCK_NONBLOCK) === 0)
    if (file.kind === 'stream') context.underTest.opened(file.socket)
    return () => ({ result: 0, file })
  },

  bind(call, context) {
    call.expect(3)
    const { address, port } = addressArgument(
      call.at(1),
      context.settings.localAddress,
      context.settings.localPort,
    )
    return onSocket(call, context, 0, ({ socket }) => socket.bind(address, port))
  },

  listen(call, context) {
    call.expect(2)
    const backlog = call.integer(1)
    return onSocket(call, context, 0, ({ socket, kind }) => {
      if (kind !== 'stream') return -Errno.EOPNOTSUPP
      const result = socket.listen(backlog)
      if (result === 0) context.underTest.listens(socket)
      return result
    })
  },

  accept: (call, context) => accept(call, context, 0),

  accept4(call, context) {
    call.expect(4)
    return accept(call, context, call.integer(3))
  },

  connect(call, context) {
    call.expect(2, 3)
    const file = socketOf(call, context, 0)
    if (typeof file === 'number') return done(file)
    if (isUnspecified(call.at(1))) return () => ({ result: disconnect(file) })
    const { remoteAddress, connectPort } = context.settings
    const { address, port } = addressArgument(call.at(1), remoteAddress, connectPort)
    if (file.kind === 'datagram') return () => ({ result: file.socket.connect(address, port) })
    return connect(file.socket, file.isBlocking, address, port, context)
  },

  shutdown(call, context) {
    call.expect(2)
    const how = call.integer(1)
    return onSocket(call, context, 0, ({ socket }) => socket.shutdown(how))
  },

  close(call, context) {
    call.expect(1)
    const file = fileOf(call, context, 0)
    if (file === undefined) return done(-Errno.EBADF)
    context.descriptors.delete(call.integer(0))
    if (file.kind !== 'stream' && file.kind !== 'datagram') return done(0)
    return () => ({ result: file.socket.close() })
  },
}

function accept(call: Arguments, context: CallContext, flags: number): Attempt {
  call.expect(1, 4)
  const file = socketOf(call, context, 0)
  if (typeof file === 'number') return done(file)
  if (file.kind !== 'stream') return done(-Errno.EOPNOTSUPP)
  return () => {
    const socket = file.socket.accept()
    if (typeof socket === 'number') {
      return socket === -Errno.EAGAIN && file.isBlocking ? undefined : { result: socket }
    }
    context.underTest.accepted(socket)
    return { result: 0, file: socketFile(socket, (flags & SOCK_NONBLOCK) === 0) }
  }
}

function connect(
  socket: StreamSocket,
  isBlocking: boolean,
  address: number,
  port: number,
  { underTest }: CallContext,
): Attempt {
  let isFirst = true
  return () => {
    const result = socket.connect(address, port)
    if (isFirst && result === -Errno.EINPROGRESS) underTest.connects(socket, address, port)
    const isOnItsWay = result === -Errno.EINPROGRESS || (!isFirst && result === -Errno.EALREADY)
    isFirst = false
    return isOnItsWay && isBlocking ? undefined : { result }
  }
}

function disconnect(file: SocketFile): number {
  return file.kind === 'stream' ? file.socket.disconnect() : -Errno.EOPNOTSUPP
}

const isUnspecified = (expression: Expression): boolean =>
  expression.kind === 'name' && integerOf(expression) === AF_UNSPEC

/** A sockaddr_in that the script writes, or the address and port that `...` stands for. */
export function addressArgument(
  expression: Expression,
  address: number,
  port: number,
): { address: number; port: number } {
  if (expression.kind !== 'struct' || expression.type !== 'sockaddr_in') return { address, port }
  return {
    address: addressOf(memberOf(expression, 'sin_addr')),
    port: portOf(memberOf(expression, 'sin_port')),
  }
}

function socketFile(socket: unknown, isBlocking: boolean): SocketFile {
  if (socket instanceof StreamSocket) return { kind: 'stream', socket, isBlocking }
  if (socket instanceof DatagramSocket) return { kind: 'datagram', socket, isBlocking }
  throw new TypeError('a socket of an unknown type')
}
