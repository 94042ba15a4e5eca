import type { CodeValue } from './code-ast.ts'
import { fail, type Place } from './script-error.ts'

/** Operations on the values of code blocks, as Python 3 defines them, as far as doubles reach. */

/** Largest shift, and widest field that a format may ask for. */
const SHIFT_MAX = 1000
const WIDTH_MAX = 1000

export function isTrue(value: CodeValue): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value)
}

/** How `print` writes a value; `quoted`: strings in quotes, as inside a tuple. */
export function formatValue(value: CodeValue, quoted: boolean): string {
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return quoted ? `'${value}'` : value
  const items = value.map((item) => formatValue(item, true)).join(', ')
  return value.length === 1 ? `(${items},)` : `(${items})`
}

/** Sum of numbers, concatenation of strings or of tuples. */
export function add(left: CodeValue, right: CodeValue, place: Place): CodeValue {
  if (typeof left === 'string' && typeof right === 'string') return left + right
  if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right]
  const [a, b] = numbers('+', left, right, place)
  return a + b
}

export function binary(operator: string, left: CodeValue, right: CodeValue, place: Place): CodeValue {
  if (operator === '%' && typeof left === 'string') return formatString(left, right, place)
  const [a, b] = numbers(operator, left, right, place)
  switch (operator) {
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / divisor(b, place)
    case '//':
      return Math.floor(a / divisor(b, place))
    case '%':
      return a - b * Math.floor(a / divisor(b, place))
    default:
      return bitwise(operator, integer(a, place), integer(b, place), place)
  }
}

export function negate(operator: string, value: number, place: Place): number {
  if (operator === '-') return -value
  return operator === '~' ? Number(~integer(value, place)) : value
}

export function truncate(value: number, place: Place): number {
  if (!Number.isFinite(value)) fail(place, 'a finite number', String(value))
  return Math.trunc(value)
}

function bitwise(operator: string, a: bigint, b: bigint, place: Place): number {
  switch (operator) {
    case '&':
      return Number(a & b)
    case '|':
      return Number(a | b)
    case '^':
      return Number(a ^ b)
  }
  if (b < 0n || b > SHIFT_MAX) fail(place, `a shift from 0 to ${SHIFT_MAX}`, String(b))
  return Number(operator === '<<' ? a << b : a >> b)
}

const integer = (value: number, place: Place): bigint =>
  Number.isInteger(value) ? BigInt(value) : fail(place, 'an integer', String(value))

const divisor = (value: number, place: Place): number => value || fail(place, 'a divisor other than 0', '0')

function numbers(operator: string, left: CodeValue, right: CodeValue, place: Place): [number, number] {
  if (isNumber(left) && isNumber(right)) return [Number(left), Number(right)]
  const operands = `${formatValue(left, true)} and ${formatValue(right, true)}`
  return fail(place, `operands that \`${operator}\` takes`, operands)
}

const isNumber = (value: CodeValue): value is number | boolean =>
  typeof value === 'number' || typeof value === 'boolean'

export function compare(operator: string, left: CodeValue, right: CodeValue, place: Place): boolean {
  switch (operator) {
    case '==':
      return isEqual(left, right)
    case '!=':
      return !isEqual(left, right)
    case 'in':
      return contains(right, left, place)
    case 'not in':
      return !contains(right, left, place)
    default:
      return isOrdered(operator, order(operator, left, right, place))
  }
}

function isOrdered(operator: string, order: number): boolean {
  switch (operator) {
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    default:
      return order >= 0
  }
}

/** Below, at or above 0; NaN, which is in no order, when one of them is. */
function order(operator: string, left: CodeValue, right: CodeValue, place: Place): number {
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : Number(left > right)
  const [a, b] = numbers(operator, left, right, place)
  return a === b ? 0 : a - b
}

function isEqual(left: CodeValue, right: CodeValue): boolean {
  if (isNumber(left) && isNumber(right)) return Number(left) === Number(right)
  if (!isTuple(left) || !isTuple(right)) return left === right
  return left.length === right.length && left.every((item, i) => isEqual(item, right[i]!))
}

const isTuple = (value: CodeValue): value is readonly CodeValue[] => Array.isArray(value)

function contains(collection: CodeValue, value: CodeValue, place: Place): boolean {
  if (isTuple(collection)) return collection.some((item) => isEqual(item, value))
  if (typeof collection === 'string' && typeof value === 'string') return collection.includes(value)
  return fail(place, 'a tuple or a string after `in`', formatValue(collection, true))
}

const CONVERSION = /%([-0+ #]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g

/** `'%d of %s' % (a, b)`: the conversions d i u x X o f g e s r and %. */
function formatString(format: string, value: CodeValue, place: Place): string {
  const values = isTuple(value) ? value : [value]
  let used = 0
  const text = format.replace(
    CONVERSION,
    (_, flags: string, width: string, digits: string | undefined, letter) => {
      if (letter === '%') return '%'
      const item = values[used++]
      if (item === undefined)
        return fail(place, 'a value for each conversion of the format', String(values.length))
      if (Number(width) > WIDTH_MAX) fail(place, `a width of at most ${WIDTH_MAX}`, width)
      return pad(
        convert(letter, item, digits === undefined ? 6 : Number(digits), place),
        flags,
        Number(width),
      )
    },
  )
  if (used < values.length) fail(place, `${used} values for the format`, String(values.length))
  return text
}

function convert(letter: string, value: CodeValue, digits: number, place: Place): string {
  if (letter === 's') return formatValue(value, false)
  if (letter === 'r') return formatValue(value, true)
  if (!isNumber(value)) return fail(place, `a number for \`%${letter}\``, formatValue(value, true))
  const number = Number(value)
  const precision = Math.min(digits, 20)
  switch (letter) {
    case 'd':
    case 'i':
    case 'u':
      return String(truncate(number, place))
    case 'x':
      return truncate(number, place).toString(16)
    case 'X':
      return truncate(number, place).toString(16).toUpperCase()
    case 'o':
      return truncate(number, place).toString(8)
    case 'f':
      return number.toFixed(precision)
    case 'g':
      return String(Number(number.toPrecision(Math.max(precision, 1))))
    case 'e':
      return number.toExponential(precision)
    default:
      return fail(place, 'a conversion such as %d, %x or %s', `%${letter}`)
  }
}

function pad(text: string, flags: string, width: number): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0')) return text.padStart(width)
  const sign = text.startsWith('-') ? '-' : ''
  return sign + text.slice(sign.length).padStart(width - sign.length, '0')
}
