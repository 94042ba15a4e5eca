import type { Conversion, Expression, StructLiteral, StructType } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { fail, type Place } from './script-error.ts'
import type { Token } from './tokens.ts'

/** Members of a struct in the order in which they are written. */
interface StructForm {
  readonly type: StructType
  /** `a|b`: one of them; `?`: may be left out, and those after it too; `name(count)`: a number in parentheses. */
  readonly members: readonly string[]
}

/** Which struct a brace opens is told by the first member. */
const STRUCTS: ReadonlyMap<string, StructForm> = new Map([
  ['fd', { type: 'pollfd', members: ['fd', 'events', 'revents?'] }],
  ['events', { type: 'epoll_event', members: ['events', 'fd|ptr|u32|u64'] }],
  ['onoff', { type: 'linger', members: ['onoff', 'linger'] }],
  ['cmsg_level', { type: 'cmsghdr', members: ['cmsg_level', 'cmsg_type', 'cmsg_data'] }],
  ['scm_sec', { type: 'scm_timestamping', members: ['scm_sec', 'scm_nsec'] }],
  [
    'ee_errno',
    {
      type: 'sock_extended_err',
      members: ['ee_errno', 'ee_origin', 'ee_type', 'ee_code', 'ee_info', 'ee_data'],
    },
  ],
  ['sa_family', { type: 'sockaddr_in', members: ['sa_family', 'sin_port', 'sin_addr'] }],
  [
    'msg_name',
    {
      type: 'msghdr',
      members: ['msg_name(msg_namelen)', 'msg_iov(msg_iovlen)', 'msg_flags', 'msg_control?'],
    },
  ],
])

const CONVERSIONS: readonly string[] = ['htons', 'inet_addr'] satisfies Conversion[]

/** An argument or a result: `a|b|c` of simple expressions. */
export function parseExpression(cursor: Cursor): Expression {
  return cursor.nested(() => {
    let left = parseSimple(cursor)
    while (cursor.isSymbol('|')) {
      const { place } = cursor.next()
      left = { kind: 'or', left, right: parseSimple(cursor), place }
    }
    return left
  })
}

function parseSimple(cursor: Cursor): Expression {
  const token = cursor.peek()
  const { place } = token
  switch (token.kind) {
    case 'ellipsis':
      cursor.next()
      return { kind: 'ellipsis', place }
    case 'integer':
    case 'hex':
      return { kind: 'integer', value: integer(cursor), place }
    case 'string':
      return parseStrings(cursor, place)
    case 'word':
      return parseWord(cursor, cursor.next())
    default:
      if (cursor.takeSymbol('[')) return parseList(cursor, ']', place)
      if (cursor.takeSymbol('{')) return parseBraces(cursor, place)
      return cursor.fail('an argument')
  }
}

const integer = (cursor: Cursor): number =>
  cursor.number('an integer', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)

/** Strings beside each other are one. */
function parseStrings(cursor: Cursor, place: Place): Expression {
  let value = ''
  for (let token = cursor.take('string'); token; token = cursor.take('string')) value += unescapeString(token)
  const open = cursor.take('ellipsis') !== undefined
  return { kind: 'string', value, open, place }
}

function parseWord(cursor: Cursor, word: Token): Expression {
  const { text: name, place } = word
  if (CONVERSIONS.includes(name)) {
    cursor.expectSymbol('(')
    const of = parseExpression(cursor)
    cursor.expectSymbol(')')
    return { kind: 'convert', name: name as Conversion, of, place }
  }
  if (cursor.takeSymbol('=')) return { kind: 'assign', name, value: parseExpression(cursor), place }
  return { kind: 'name', name, place }
}

function parseList(cursor: Cursor, close: string, place: Place): Expression {
  const items: Expression[] = []
  if (!cursor.takeSymbol(close)) {
    do items.push(parseExpression(cursor))
    while (cursor.takeSymbol(','))
    cursor.expectSymbol(close, ' or `,` after an element')
  }
  return { kind: 'list', items, braces: close === '}', place }
}

/** A struct by the name of its first member, `{base, n}` of an iovec, or a list. */
function parseBraces(cursor: Cursor, place: Place): Expression {
  const first = cursor.peek()
  const form = first.kind === 'word' ? STRUCTS.get(first.text) : undefined
  if (form) return parseStruct(cursor, form, place)
  const list = parseList(cursor, '}', place)
  return list.kind === 'list' ? (asIovec(list.items, place) ?? list) : list
}

function asIovec(items: readonly Expression[], place: Place): StructLiteral | undefined {
  const [base, length] = items
  if (items.length !== 2 || base?.kind !== 'ellipsis' || !length) return undefined
  const fields = new Map([
    ['iov_base', base],
    ['iov_len', length],
  ])
  return { kind: 'struct', type: 'iovec', fields, place }
}

function parseStruct(cursor: Cursor, form: StructForm, place: Place): StructLiteral {
  const fields = new Map<string, Expression>()
  for (const [i, member] of form.members.entries()) {
    if (member.endsWith('?') && cursor.isSymbol('}')) break
    if (i > 0) cursor.expectSymbol(',', ` and \`${member.replace('?', '')}\``)
    parseMember(cursor, member, fields)
  }
  cursor.expectSymbol('}', ` at the end of the ${form.type}`)
  return { kind: 'struct', type: form.type, fields, place }
}

function parseMember(cursor: Cursor, member: string, fields: Map<string, Expression>): void {
  const [names = '', count] = member.replace('?', '').split(/[()]/)
  const word = cursor.peek()
  if (word.kind !== 'word' || !names.split('|').includes(word.text)) {
    cursor.fail(`\`${names.replaceAll('|', '`, `')}\``)
  }
  cursor.next()
  if (count) {
    cursor.expectSymbol('(')
    fields.set(count, parseExpression(cursor))
    cursor.expectSymbol(')')
  }
  cursor.expectSymbol('=')
  fields.set(word.text, parseExpression(cursor))
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['f', '\f'],
  ['v', '\v'],
  ['\\', '\\'],
  ['"', '"'],
  ['`', '`'],
])

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|([\s\S]))/g

/** Resolves `\n`, `\xHH`, `\ooo` and their like. */
function unescapeString(token: Token): string {
  return token.text.replace(ESCAPE, (whole, hex?: string, octal?: string, letter?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
    return ESCAPES.get(letter ?? '') ?? fail(token.place, 'an escape such as \\n, \\x41 or \\101', whole)
  })
}
