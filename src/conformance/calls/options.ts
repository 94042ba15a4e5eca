import { Ioctl, Level, SocketOption } from '../../socket/constants.ts'
import { Errno, errnoName } from '../../socket/errno.ts'
import type { Expression } from '../ast.ts'
import { formatExpression, integerOf, memberOf, stringOf } from '../expression.ts'
import { symbolValue } from '../symbols.ts'
import type { Arguments } from './arguments.ts'
import { fileOf, onSocket, socketOf } from './files.ts'
import { type Attempt, type CallContext, type CallTable, done, type OutputDifference } from './outcome.ts'

const O_NONBLOCK = symbolValue('O_NONBLOCK')!
const O_RDWR = symbolValue('O_RDWR')!
const F_GETFD = symbolValue('F_GETFD')!
const F_SETFD = symbolValue('F_SETFD')!
const F_GETFL = symbolValue('F_GETFL')!
const F_SETFL = symbolValue('F_SETFL')!
const FIONBIO = symbolValue('FIONBIO')!

/** Calls that ask and change how a descriptor behaves. */
export const options: CallTable = {
  fcntl(call, context) {
    call.expect(2, 3)
    const file = fileOf(call, context, 0)
    if (file === undefined) return done(-Errno.EBADF)
    switch (call.integer(1)) {
      case F_GETFL:
        return done(O_RDWR | (file.isBlocking ? 0 : O_NONBLOCK))
      case F_SETFL:
        file.isBlocking = (call.integer(2) & O_NONBLOCK) === 0
        return done(0)
      case F_GETFD:
      case F_SETFD:
        return done(0)
      default:
        return done(-Errno.EINVAL)
    }
  },

  ioctl(call, context) {
    call.expect(2, 3)
    const request = call.integer(1)
    const file = socketOf(call, context, 0)
    if (typeof file === 'number') return done(file === -Errno.ENOTSOCK ? -Errno.ENOTTY : file)
    if (request === FIONBIO) {
      file.isBlocking = integerOf(call.element(2)) === 0
      return done(0)
    }
    return () => {
      const value = file.socket.ioctl(request)
      if (value < 0) return { result: value }
      return { result: 0, difference: () => integerDifference(ioctlName(request), call.element(2), value) }
    }
  },

  setsockopt(call, context) {
    call.expect(5)
    const level = call.integer(1)
    const option = call.integer(2)
    return onSocket(call, context, 0, ({ socket }) => {
      const value = optionValue(call.at(3), level, option)
      return typeof value === 'string' ? -Errno.ENOPROTOOPT : socket.setsockopt(level, option, value)
    })
  },

  getsockopt(call, context) {
    call.expect(5)
    return getOption(call, context)
  },
}

const ioctlName = (request: number): string =>
  request === Ioctl.InQueue
    ? 'SIOCINQ'
    : request === Ioctl.OutQueue
      ? 'SIOCOUTQ'
      : `request 0x${request.toString(16)}`

function getOption(call: Arguments, context: CallContext): Attempt {
  const level = call.integer(1)
  const option = call.integer(2)
  const name = formatExpression(call.at(2))
  const file = socketOf(call, context, 0)
  if (typeof file === 'number') return done(file)
  return () => {
    const value = file.socket.getsockopt(level, option)
    if (value < 0 && value !== -1) return { result: value }
    const isErrno = level === Level.Socket && option === SocketOption.Error
    return {
      result: 0,
      difference: () =>
        call.isSupplied(3) ? undefined : integerDifference(name, call.element(3), value, isErrno),
    }
  }
}

function integerDifference(
  what: string,
  expression: Expression,
  actual: number,
  isErrno = false,
): OutputDifference | undefined {
  if (expression.kind === 'ellipsis') return undefined
  const expected = integerOf(expression)
  if ((expected | 0) === (actual | 0)) return undefined
  return {
    what,
    expected: formatExpression(expression),
    actual: isErrno && actual > 0 ? errnoName(actual) : String(actual),
  }
}

/** `[1]`, a linger struct (its time, or -1), or a string. */
function optionValue(expression: Expression, level: number, option: number): number | string {
  if (expression.kind === 'string') return stringOf(expression)
  if (expression.kind === 'struct' && expression.type === 'linger') {
    return integerOf(memberOf(expression, 'onoff')) === 0 ? -1 : integerOf(memberOf(expression, 'linger'))
  }
  void level
  void option
  if (expression.kind === 'list' && expression.items.length === 1) return integerOf(expression.items[0]!)
  return integerOf(expression)
}
