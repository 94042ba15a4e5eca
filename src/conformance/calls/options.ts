import { Ioctl } from '../../socket/constants.ts'
import { Errno } from '../../socket/errno.ts'
import type { Expression } from '../ast.ts'
import { formatExpression, integerOf } from '../expression.ts'
import { symbolValue } from '../symbols.ts'
import { optionBytes, optionDifference, optionLengthOf } from './option-bytes.ts'
import { type CallTable, done, type OutputDifference } from './outcome.ts'

const F_DUPFD = symbolValue('F_DUPFD')!

/** Calls that ask and change how a descriptor behaves. */
export const options: CallTable = {
  fcntl(call, { calls }) {
    call.expect(2, 3)
    const request = call.integer(1)
    const isNumberNeeded = request !== F_DUPFD && call.count === 3
    return done(calls.fcntl(call.integer(0), request, isNumberNeeded ? call.integer(2) : 0))
  },

  ioctl(call, { calls }) {
    call.expect(2, 3)
    const request = call.integer(1)
    const isGiven = request === Ioctl.NonBlocking && call.count === 3
    const value = calls.ioctl(call.integer(0), request, isGiven ? integerOf(call.element(2)) : 0)
    if (value < 0 || isGiven) return done(value)
    const difference = () => integerDifference(formatExpression(call.at(1)), call.element(2), value)
    return () => ({ result: 0, difference })
  },

  setsockopt(call, { calls }) {
    call.expect(5)
    const [level, option, length] = [call.integer(1), call.integer(2), call.integer(4)]
    if (length < 0) return done(-Errno.EINVAL)
    return done(calls.setsockopt(call.integer(0), level, option, optionBytes(call.at(3), length)))
  },

  getsockopt(call, { calls }) {
    call.expect(5)
    const [level, option, length] = [call.integer(1), call.integer(2), optionLengthOf(call.at(4))]
    const out = new Uint8Array(length)
    const told = calls.getsockopt(call.integer(0), level, option, out)
    if (told < 0) return done(told)
    return () => ({
      result: 0,
      difference: () =>
        lengthDifference(length, told) ?? valueDifference(call.at(3), out.subarray(0, told), level, option),
    })
  },
}

const lengthDifference = (expected: number, actual: number): OutputDifference | undefined =>
  expected === actual ? undefined : { what: 'the length', expected: String(expected), actual: String(actual) }

const valueDifference = (
  written: Expression,
  told: Uint8Array,
  level: number,
  option: number,
): OutputDifference | undefined =>
  written.kind === 'ellipsis' ? undefined : optionDifference(written, told, level, option)

function integerDifference(
  what: string,
  expression: Expression,
  actual: number,
): OutputDifference | undefined {
  if (expression.kind === 'ellipsis' || (integerOf(expression) | 0) === (actual | 0)) return undefined
  return { what, expected: formatExpression(expression), actual: String(actual) }
}
