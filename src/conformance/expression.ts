import { parseAddress } from '../wire/address.ts'
import type { Conversion, Expression, StructLiteral, StructType } from './ast.ts'
import { fail } from './script-error.ts'
import { symbolNames, symbolValue } from './symbols.ts'

/**
 * The value of an integer, of a constant, or of several with `|`. Values are those that a C program on x86-64 would
 * see: `htons` and `inet_addr` give bytes in network order.
 *
 * Errors: ScriptError for an unknown name and for what is no integer.
 */
export function integerOf(expression: Expression): number {
  switch (expression.kind) {
    case 'integer':
      return expression.value
    case 'name':
      return symbolValue(expression.name) ?? unknownSymbol(expression)
    case 'or':
      // Constants are unsigned, and one of them may be bit 31.
      return (integerOf(expression.left) | integerOf(expression.right)) >>> 0
    case 'convert':
      return expression.name === 'htons' ? swap16(portOf(expression)) : swap32(addressOf(expression))
    default:
      return fail(expression.place, 'an integer or a constant', formatExpression(expression))
  }
}

/** A port, of an integer or of `htons(n)`. */
export function portOf(expression: Expression): number {
  const port = integerOf(argumentOf(expression, 'htons'))
  return port >= 0 && port <= 0xffff ? port : fail(expression.place, 'a port from 0 to 65535', String(port))
}

/** An IPv4 address as an int32, of a string or of `inet_addr("...")`. */
export function addressOf(expression: Expression): number {
  const text = stringOf(argumentOf(expression, 'inet_addr'))
  return parseAddress(text) ?? fail(expression.place, 'an IPv4 address', `"${text}"`)
}

function argumentOf(expression: Expression, conversion: Conversion): Expression {
  return expression.kind === 'convert' && expression.name === conversion ? expression.of : expression
}

/** Errors: ScriptError for what is no string. One character is one byte. */
export function stringOf(expression: Expression): string {
  if (expression.kind !== 'string') fail(expression.place, 'a string', formatExpression(expression))
  return expression.value
}

/** The elements of a list. Errors: ScriptError for what is none. */
export function itemsOf(expression: Expression): readonly Expression[] {
  if (expression.kind !== 'list') fail(expression.place, 'a list', formatExpression(expression))
  return expression.items
}

/** The struct itself. Errors: ScriptError for anything but a struct of that type. */
export function structOf(expression: Expression, type: StructType): StructLiteral {
  if (expression.kind === 'struct' && expression.type === type) return expression
  return fail(expression.place, `a struct ${type}`, formatExpression(expression))
}

/** A member of a struct. Errors: ScriptError when the script does not write it. */
export const memberOf = (struct: StructLiteral, name: string): Expression =>
  struct.fields.get(name) ??
  fail(struct.place, `\`${name}\` in the struct ${struct.type}`, formatExpression(struct))

function unknownSymbol(expression: Expression & { kind: 'name' }): never {
  const { name, place } = expression
  const close = symbolNames().find((candidate) => candidate.toUpperCase() === name.toUpperCase())
  return fail(place, close ? `a known constant, such as \`${close}\`` : 'a known constant', `\`${name}\``)
}

const swap16 = (value: number): number => ((value & 0xff) << 8) | (value >>> 8)

const swap32 = (value: number): number => ((swap16(value & 0xffff) << 16) | swap16(value >>> 16)) >>> 0

/** The expression as a script writes it. */
export function formatExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'ellipsis':
      return '...'
    case 'integer':
      return String(expression.value)
    case 'name':
      return expression.name
    case 'string':
      return `"${escapeString(expression.value)}"${expression.open ? '...' : ''}`
    case 'or':
      return `${formatExpression(expression.left)}|${formatExpression(expression.right)}`
    case 'assign':
      return `${expression.name}=${formatExpression(expression.value)}`
    case 'convert':
      return `${expression.name}(${formatExpression(expression.of)})`
    case 'list': {
      const items = expression.items.map(formatExpression).join(', ')
      return expression.braces ? `{${items}}` : `[${items}]`
    }
    case 'struct':
      return `{${formatMembers(expression)}}`
  }
}

function formatMembers({ type, fields }: StructLiteral): string {
  if (type === 'iovec') return [...fields.values()].map(formatExpression).join(', ')
  const members: string[] = []
  let count = ''
  for (const [name, value] of fields) {
    if (name === 'msg_namelen' || name === 'msg_iovlen') {
      count = `(${formatExpression(value)})`
      continue
    }
    members.push(`${name}${count}=${formatExpression(value)}`)
    count = ''
  }
  return members.join(', ')
}

const LETTERS: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\t', '\\t'],
  ['\r', '\\r'],
  ['"', '\\"'],
  ['\\', '\\\\'],
])

const escapeString = (text: string): string =>
  text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes that cannot be shown are what it looks for
    /["\\\u0000-\u001f\u007f-\uffff]/g,
    (character) =>
      LETTERS.get(character) ?? `\\x${(character.charCodeAt(0) & 0xff).toString(16).padStart(2, '0')}`,
  )
