import { Errno } from '../../socket/errno.ts'
import type { Message } from '../../socket/message.ts'
import { SocketAddress } from '../../socket/socket.ts'
import type { Expression } from '../ast.ts'
import { formatExpression, integerOf } from '../expression.ts'
import { formatBits } from '../symbols.ts'
import type { Arguments } from './arguments.ts'
import * as blocking from './blocking.ts'
import { streamOf } from './blocking.ts'
import { addressArgument } from './lifecycle.ts'
import { type Attempt, type CallContext, type CallTable, checked, done } from './outcome.ts'
import {
  contentDifference,
  gather,
  isNowhere,
  messageVectors,
  oneVector,
  textsOf,
  totalOf,
  type Vector,
  vectorsOf,
} from './vectors.ts'

/** Calls that move data. */
export const transfer: CallTable = {
  read(call, context) {
    call.expect(3)
    return receive(call, context, oneVector(call, 1, 2), 0, (bytes) =>
      context.calls.read(call.integer(0), bytes),
    )
  },
  readv(call, context) {
    call.expect(3)
    const vectors = vectorsOf(call.at(1), call.integer(2))
    return receive(call, context, vectors, 0, (bytes) => context.calls.readv(call.integer(0), [bytes]))
  },
  recv(call, context) {
    call.expect(4)
    return receiveFrom(call, context)
  },
  recvfrom(call, context) {
    call.expect(6)
    return receiveFrom(call, context)
  },
  recvmsg(call, context) {
    call.expect(3)
    return receiveMessage(call, context)
  },
  write(call, context) {
    call.expect(3)
    return send(call, context, oneVector(call, 1, 2), 0, (bytes) =>
      context.calls.write(call.integer(0), bytes),
    )
  },
  writev(call, context) {
    call.expect(3)
    const vectors = vectorsOf(call.at(1), call.integer(2))
    return send(call, context, vectors, 0, (bytes) => context.calls.writev(call.integer(0), [bytes]))
  },
  send(call, context) {
    call.expect(4)
    const flags = call.integer(3)
    return send(call, context, oneVector(call, 1, 2), flags, (bytes) =>
      context.calls.send(call.integer(0), bytes, flags),
    )
  },
  sendto(call, context) {
    call.expect(6)
    const flags = call.integer(3)
    const to = nameOf(call.at(4), context)
    return send(call, context, oneVector(call, 1, 2), flags, (bytes) =>
      context.calls.sendTo(call.integer(0), bytes, flags, to.address, to.port),
    )
  },
  sendmsg(call, context) {
    call.expect(3)
    const flags = call.integer(2)
    const name = call.struct(1, 'msghdr').fields.get('msg_name')
    const to = name === undefined || name.kind === 'ellipsis' ? undefined : nameOf(name, context)
    return send(call, context, messageVectors(call), flags, (bytes) =>
      context.calls.sendmsg(call.integer(0), { buffers: [bytes], name: to, flags: 0 }, flags),
    )
  },
}

function nameOf(expression: Expression, { settings }: CallContext): SocketAddress {
  const { address, port } = addressArgument(expression, settings.remoteAddress, settings.connectPort)
  const name = new SocketAddress()
  name.address = address
  name.port = port
  return name
}

function receiveFrom(call: Arguments, context: CallContext): Attempt {
  const flags = call.integer(3)
  return receive(call, context, oneVector(call, 1, 2), flags, (bytes) =>
    context.calls.recv(call.integer(0), bytes, flags),
  )
}

function receiveMessage(call: Arguments, context: CallContext): Attempt {
  const flags = call.integer(2)
  const message: Message = { buffers: [], name: undefined, flags: 0 }
  const attempt = receive(call, context, messageVectors(call), flags, (bytes) => {
    message.buffers = [bytes]
    return context.calls.recvmsg(call.integer(0), message, flags)
  })
  const expected = call.struct(1, 'msghdr').fields.get('msg_flags')
  return () => {
    const outcome = attempt()
    if (outcome === undefined || expected === undefined || expected.kind === 'ellipsis') return outcome
    const difference = () => outcome.difference?.() ?? flagsDifference(expected, message.flags)
    return { ...outcome, difference }
  }
}

const flagsDifference = (expression: Expression, actual: number) =>
  integerOf(expression) === actual
    ? undefined
    : { what: 'msg_flags', expected: formatExpression(expression), actual: formatBits(actual, 'MSG_') }

/** `read` fills the bytes it is given. */
function receive(
  call: Arguments,
  context: CallContext,
  vectors: readonly Vector[],
  flags: number,
  read: (bytes: Uint8Array) => number,
): Attempt {
  const fd = call.integer(0)
  const bytes = new Uint8Array(totalOf(vectors))
  const attempt = blocking.receive(context, fd, bytes, flags, (part) =>
    vectors.some(isNowhere) && hasData(context, fd) ? -Errno.EFAULT : read(part),
  )
  return checked(attempt, (count) => contentDifference(vectors, bytes, count))
}

const hasData = (context: CallContext, fd: number): boolean =>
  (streamOf(context, fd)?.connection?.receive.queue.length ?? 0) > 0

/** `write` answers how many of the bytes were taken. */
function send(
  call: Arguments,
  context: CallContext,
  vectors: readonly Vector[],
  flags: number,
  write: (bytes: Uint8Array) => number,
): Attempt {
  const fd = call.integer(0)
  if (vectors.some(isNowhere)) return done(-Errno.EFAULT)
  const text = textsOf(vectors)
  return blocking.send(context, fd, gather(vectors), flags, write, (count, from) =>
    note(context, fd, count, text.slice(from)),
  )
}

/** What was written to a connection, so that its payload can be checked. */
function note(context: CallContext, fd: number, count: number, text: string): void {
  const socket = streamOf(context, fd)
  if (socket === undefined) return
  context.underTest.sessions.findLast((session) => session.socket === socket)?.written.add(count, text)
}
