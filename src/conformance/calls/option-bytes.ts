import { Level, SocketOption } from '../../socket/constants.ts'
import { errnoName } from '../../socket/errno.ts'
import { INT_LENGTH, int32At, LINGER_LENGTH, putInt32, putInt64 } from '../../socket/option-values.ts'
import type { Expression, StructLiteral } from '../ast.ts'
import { formatExpression, integerOf, memberOf } from '../expression.ts'
import { fail } from '../script-error.ts'
import type { OutputDifference } from './outcome.ts'
import { latin1 } from './vectors.ts'

/** The bytes of an option's value, of which the call says that there are `length`: `[1]`, `{onoff=1, linger=2}`, `{1, 2}`, "text". */
export function optionBytes(expression: Expression, length: number): Uint8Array {
  if (expression.kind === 'string') return fitted(latin1Bytes(expression.value), length)
  if (expression.kind === 'struct' && expression.type === 'linger')
    return fitted(lingerBytes(expression), length)
  if (expression.kind === 'list') return fitted(listBytes(expression.items, length), length)
  return fitted(integers([integerOf(expression)], INT_LENGTH), length)
}

/** Where what getsockopt() told is not what the script says. */
export function optionDifference(
  expression: Expression,
  told: Uint8Array,
  level: number,
  option: number,
): OutputDifference | undefined {
  if (expression.kind === 'string') {
    const end = told.indexOf(0)
    return differs(
      'the value',
      JSON.stringify(expression.value),
      JSON.stringify(latin1(end === -1 ? told : told.subarray(0, end))),
    )
  }
  if (expression.kind === 'struct' && expression.type === 'linger') {
    const actual = `{onoff=${int32At(told, 0)}, linger=${int32At(told, 4)}}`
    return differs(
      'the value',
      `{onoff=${member(expression, 'onoff')}, linger=${member(expression, 'linger')}}`,
      actual,
    )
  }
  const item = expression.kind === 'list' ? expression.items[0] : expression
  if (item === undefined || item.kind === 'ellipsis') return undefined
  if (item.kind === 'string') return optionDifference(item, told, level, option)
  const actual = told.length >= INT_LENGTH ? int32At(told, 0) : (told[0] ?? 0)
  if ((integerOf(item) | 0) === actual) return undefined
  const isErrno = level === Level.Socket && option === SocketOption.Error && actual > 0
  return {
    what: 'the value',
    expected: formatExpression(item),
    actual: isErrno ? errnoName(actual) : String(actual),
  }
}

const differs = (what: string, expected: string, actual: string): OutputDifference | undefined =>
  expected === actual ? undefined : { what, expected, actual }

const member = (struct: StructLiteral, name: string): number => integerOf(memberOf(struct, name))

function lingerBytes(struct: StructLiteral): Uint8Array {
  return integers([member(struct, 'onoff'), member(struct, 'linger')], LINGER_LENGTH / 2)
}

/** Integers of as many bytes as the length leaves to each: 4, or 8 as in a struct timeval. */
function listBytes(items: readonly Expression[], length: number): Uint8Array {
  const first = items[0]
  if (first?.kind === 'string') return latin1Bytes(first.value)
  return integers(items.map(integerOf), length === 8 * items.length && items.length > 1 ? 8 : INT_LENGTH)
}

function integers(values: readonly number[], width: number): Uint8Array {
  const bytes = new Uint8Array(values.length * width)
  for (const [i, value] of values.entries()) (width === 8 ? putInt64 : putInt32)(bytes, i * width, value)
  return bytes
}

function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** Cut, or followed by zeros. */
function fitted(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length >= length) return bytes.subarray(0, length)
  const out = new Uint8Array(length)
  out.set(bytes)
  return out
}

/** The length that getsockopt() is given, and must tell: `[4]` or 4. */
export function optionLengthOf(expression: Expression): number {
  const item = expression.kind === 'list' ? expression.items[0] : expression
  const length = item === undefined ? -1 : integerOf(item)
  return length >= 0 && length <= 65_536
    ? length
    : fail(expression.place, 'a length', formatExpression(expression))
}
