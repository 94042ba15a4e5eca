import { type Cursor, U8, U16, U32 } from './cursor.ts'
import {
  type Direction,
  optionLength,
  type SackBlock,
  type TcpOption,
  type Timestamps,
} from './script-packet.ts'
import type { Token } from './tokens.ts'

/** Bytes that a TCP header has for options. */
const OPTIONS_MAX = 40

/** A kind and a length byte, or those and a magic number of two bytes. */
const DATA_MAX = OPTIONS_MAX - 2
const EXPERIMENT_MAX = OPTIONS_MAX - 4

const COUNTER_MAX = 0xff_ffff

/** Words of an option and what reads the rest of it. */
const READERS: ReadonlyMap<string, (cursor: Cursor) => TcpOption> = new Map<
  string,
  (cursor: Cursor) => TcpOption
>([
  ['nop', () => ({ kind: 'nop' })],
  ['eol', () => ({ kind: 'eol' })],
  ['sackOK', () => ({ kind: 'sackOK' })],
  ['mss', (cursor) => ({ kind: 'mss', value: cursor.number('a segment size', 0, U16) })],
  ['wscale', (cursor) => ({ kind: 'wscale', shift: cursor.number('a shift count', 0, U8) })],
  ['sack', parseSack],
  ['TS', parseTimestamps],
  ['FO', (cursor) => parseFastOpen(cursor, false)],
  ['FOEXP', (cursor) => parseFastOpen(cursor, true)],
  ['exp-FO', (cursor) => parseFastOpen(cursor, true)],
  ['md5', parseMd5],
  ['ECN', parseAccurateEcn],
])

/** `<option, ...>`, `<...>` (not checked: undefined) or nothing (no options at all). */
export function parseTcpOptions(cursor: Cursor, direction: Direction): readonly TcpOption[] | undefined {
  const opening = cursor.peek()
  if (!cursor.takeSymbol('<')) return []
  if (cursor.is('ellipsis')) {
    if (direction === 'inbound') cursor.fail('the options of an inbound packet')
    cursor.next()
    cursor.expectSymbol('>')
    return undefined
  }
  const options: TcpOption[] = []
  do options.push(parseOption(cursor))
  while (cursor.takeSymbol(','))
  cursor.expectSymbol('>', ' or `,` after an option')
  checkLength(cursor, options, opening)
  return options
}

function checkLength(cursor: Cursor, options: readonly TcpOption[], opening: Token): void {
  const length = options.reduce((sum, option) => sum + optionLength(option), 0)
  if (length % 4 !== 0) cursor.fail(`options of a multiple of 4 bytes (these are ${length})`, opening)
  if (length > OPTIONS_MAX)
    cursor.fail(`options of at most ${OPTIONS_MAX} bytes (these are ${length})`, opening)
}

function parseOption(cursor: Cursor): TcpOption {
  const token = cursor.peek()
  const reader = token.kind === 'word' ? READERS.get(token.text) : undefined
  if (reader) {
    cursor.next()
    return reader(cursor)
  }
  if (token.kind === 'word' && /^(gen|exp)-/.test(token.text)) return parseNumbered(cursor)
  if (token.kind === 'hex' || /^[0-9a-fA-F]{2,}$/.test(token.text)) {
    return { kind: 'raw', data: cursor.hexBytes('a raw option', OPTIONS_MAX) }
  }
  return cursor.fail('a TCP option')
}

/** `gen-KIND bytes` and `exp-MAGIC bytes`; MAGIC is hex. */
function parseNumbered(cursor: Cursor): TcpOption {
  const token = cursor.next()
  const digits = token.text.slice('gen-'.length)
  if (token.text.startsWith('gen-')) {
    const number = Number(digits)
    if (!(number <= U8)) cursor.fail('the kind of an option from 0 to 255, as in `gen-253`', token)
    return { kind: 'generic', number, data: parseOptionalBytes(cursor, 'option data', DATA_MAX) }
  }
  const magic = Number(digits.startsWith('0x') ? digits : `0x${digits}`)
  if (!(magic <= U16)) cursor.fail('the magic number of an experiment in hex, as in `exp-f989`', token)
  return { kind: 'experimental', magic, data: parseOptionalBytes(cursor, 'option data', EXPERIMENT_MAX) }
}

function parseOptionalBytes(cursor: Cursor, what: string, most: number): string {
  return cursor.isSymbol(',') || cursor.isSymbol('>') ? '' : cursor.hexBytes(what, most)
}

function parseSack(cursor: Cursor): TcpOption {
  const blocks: SackBlock[] = []
  do {
    const left = cursor.number('the left edge of a SACK block', 0, U32)
    cursor.expectSymbol(':', ' and the right edge of the block')
    blocks.push({ left, right: cursor.number('the right edge of a SACK block', 0, U32) })
  } while (cursor.isNumber())
  return { kind: 'sack', blocks }
}

function parseTimestamps(cursor: Cursor): Timestamps {
  cursor.expectWord('val')
  const val = parseTimestamp(cursor)
  cursor.expectWord('ecr')
  const ecr = parseTimestamp(cursor)
  return { kind: 'timestamps', val, ecr, ecrAbsolute: ecr !== undefined && cursor.takeSymbol('!') }
}

const parseTimestamp = (cursor: Cursor): number | undefined =>
  cursor.take('ellipsis') ? undefined : cursor.number('a timestamp', 0, U32)

function parseFastOpen(cursor: Cursor, experimental: boolean): TcpOption {
  const most = experimental ? EXPERIMENT_MAX : DATA_MAX
  return { kind: 'fastOpen', cookie: parseOptionalBytes(cursor, 'a cookie', most), experimental }
}

function parseMd5(cursor: Cursor): TcpOption {
  if (cursor.takeWord('valid')) return { kind: 'md5', digest: 'valid' }
  return { kind: 'md5', digest: parseOptionalBytes(cursor, 'an MD5 digest', 16) }
}

/** `ECN e0b n [ceb n [e1b n]]`, or from e1b to e0b. */
function parseAccurateEcn(cursor: Cursor): TcpOption {
  const first = cursor.isWord('e1b') ? 'e1b' : 'e0b'
  const counters: number[] = []
  for (const name of first === 'e0b' ? ['e0b', 'ceb', 'e1b'] : ['e1b', 'ceb', 'e0b']) {
    if (counters.length > 0 && !cursor.isWord(name)) break
    cursor.expectWord(name)
    counters.push(cursor.number('a counter of bytes', 0, COUNTER_MAX))
  }
  return { kind: 'accurateEcn', first, counters }
}
