import {
  AF_INET,
  AF_UNSPEC,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from '../../socket/constants.ts'
import { Errno } from '../../socket/errno.ts'
import type { Expression } from '../ast.ts'
import { addressOf, formatExpression, integerOf, memberOf, portOf } from '../expression.ts'
import { fail } from '../script-error.ts'
import type { Arguments } from './arguments.ts'
import * as blocking from './blocking.ts'
import { type SocketName, streamOf } from './blocking.ts'
import { type Attempt, type CallContext, type CallTable, done } from './outcome.ts'

/** Calls that make, join and end sockets. */
export const lifecycle: CallTable = {
  socket(call, context) {
    call.expect(3)
    const flags = call.integer(1)
    const isDatagram = (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) === SOCK_DGRAM
    const protocol = call.integerOr(2, isDatagram ? IPPROTO_UDP : IPPROTO_TCP)
    const fd = opened(
      call,
      context.calls.socket(call.integerOr(0, AF_INET), flags, protocol, descriptorFor(call)),
    )
    const socket = streamOf(context, fd)
    if (socket !== undefined) context.underTest.opened(socket)
    return done(fd)
  },

  bind(call, context) {
    call.expect(3)
    const { localAddress, localPort } = context.settings
    const { family, address, port } = addressArgument(call.at(1), localAddress, localPort)
    return done(context.calls.bind(call.integer(0), address, port, family))
  },

  listen(call, context) {
    call.expect(2)
    const result = context.calls.listen(call.integer(0), call.integer(1))
    if (result === 0) context.underTest.listens(streamOf(context, call.integer(0))!)
    return done(result)
  },

  accept(call, context) {
    call.expect(1, 3)
    return accept(call, context, 0)
  },

  accept4(call, context) {
    call.expect(4)
    return accept(call, context, call.integer(3))
  },

  connect(call, context) {
    call.expect(2, 3)
    const { remoteAddress, connectPort } = context.settings
    return connect(call.integer(0), addressArgument(call.at(1), remoteAddress, connectPort), context)
  },

  shutdown(call, context) {
    call.expect(2)
    return done(context.calls.shutdown(call.integer(0), call.integer(1)))
  },

  close(call, context) {
    call.expect(1)
    return blocking.close(context, call.integer(0))
  },

  dup(call, context) {
    call.expect(1)
    return done(opened(call, context.calls.descriptors.duplicate(call.integer(0), descriptorFor(call))))
  },
}

/** The number that the script gives to what a call opens; undefined when it expects an error. */
export function descriptorFor({ call }: Arguments): number | undefined {
  const number = call.result.kind === 'ellipsis' ? -1 : integerOf(call.result)
  return number >= 0 ? number : undefined
}

/** The new descriptor. Throws ScriptError when the script gives it a number that is in use. */
export function opened({ call }: Arguments, fd: number): number {
  if (fd !== -Errno.EBUSY) return fd
  return fail(
    call.result.place,
    'a number that is not in use',
    `${formatExpression(call.result)}, which is open`,
  )
}

function accept(call: Arguments, context: CallContext, flags: number): Attempt {
  const attempt = blocking.accept(context, call.integer(0), flags, descriptorFor(call))
  return () => {
    const ended = attempt()
    if (ended === undefined) return undefined
    const socket = streamOf(context, opened(call, ended.result))
    if (socket !== undefined) context.underTest.accepted(socket)
    return ended
  }
}

const connect = (fd: number, name: SocketName, context: CallContext): Attempt =>
  blocking.connect(context, fd, name, () =>
    context.underTest.connects(streamOf(context, fd)!, name.address, name.port),
  )

/** A sockaddr_in that the script writes, `AF_UNSPEC`, or the address and port that `...` stands for. */
export function addressArgument(expression: Expression, address: number, port: number): SocketName {
  if (expression.kind === 'name' && integerOf(expression) === AF_UNSPEC)
    return { family: AF_UNSPEC, address, port }
  if (expression.kind !== 'struct' || expression.type !== 'sockaddr_in')
    return { family: AF_INET, address, port }
  const family = expression.fields.get('sa_family')
  return {
    family: family === undefined ? AF_INET : integerOf(family),
    address: addressOf(memberOf(expression, 'sin_addr')),
    port: portOf(memberOf(expression, 'sin_port')),
  }
}
