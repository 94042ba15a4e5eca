import { type Cursor, U8 } from './cursor.ts'
import type { Direction, EcnCodePoint, IpInfo } from './script-packet.ts'

const ECN_WORDS: readonly string[] = ['noecn', 'ect0', 'ect1', 'ce'] satisfies EcnCodePoint[]

const FLOW_LABEL_MAX = 0xf_ffff

export const NO_IP_INFO: IpInfo = {
  ecn: undefined,
  dscp: undefined,
  tos: undefined,
  ttl: undefined,
  flowLabel: undefined,
}

/** The six bits of a per-hop behaviour by its name (RFC 2474 §4.2.2, 2597 §6, 3246, 8622). */
export const CLASS_SELECTORS: ReadonlyMap<string, number> = new Map([
  ...Array.from({ length: 8 }, (_, i): [string, number] => [`cs${i}`, i << 3]),
  ...[1, 2, 3, 4].flatMap((c) => [1, 2, 3].map((d): [string, number] => [`af${c}${d}`, (c << 3) | (d << 1)])),
  ['ef', 46],
  ['le', 1],
])

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** What stands in `[...]` or `(...)` before a packet, if anything. */
export function parseIpInfo(cursor: Cursor, direction: Direction): IpInfo {
  const close = cursor.isSymbol('[') ? ']' : cursor.isSymbol('(') ? ')' : undefined
  if (!close) return NO_IP_INFO
  cursor.next()
  const info: Mutable<IpInfo> = { ...NO_IP_INFO }
  do parseItem(cursor, direction, info)
  while (cursor.takeSymbol(','))
  cursor.expectSymbol(close, ' or `,`')
  return info
}

function parseItem(cursor: Cursor, direction: Direction, info: Mutable<IpInfo>): void {
  const word = cursor.peek()
  if (word.kind !== 'word') cursor.fail('a field of the IP header')
  const selector = CLASS_SELECTORS.get(word.text)
  if (isEcn(word.text)) info.ecn = parseEcn(cursor, direction)
  else if (selector !== undefined) {
    info.dscp = selector
    cursor.next()
  } else parseField(cursor, direction, info)
}

function parseField(cursor: Cursor, direction: Direction, info: Mutable<IpInfo>): void {
  if (cursor.takeWord('tos')) info.tos = cursor.number('a TOS byte', 0, U8)
  else if (cursor.takeWord('ttl')) info.ttl = cursor.number('a time to live', 0, U8)
  else if (cursor.takeWord('flowlabel')) info.flowLabel = cursor.number('a flow label', 0, FLOW_LABEL_MAX)
  else if (cursor.takeWord('dscp')) info.dscp = parseDscp(cursor)
  else if (cursor.takeWord('ecn')) info.ecn = cursor.isNumber() ? ecnOf(cursor) : parseEcn(cursor, direction)
  else cursor.fail('`noecn`, `ect0`, `ect1`, `ect01`, `ce`, `tos`, `ttl`, `dscp`, `ecn` or a class selector')
}

const isEcn = (word: string): boolean => word === 'ect01' || ECN_WORDS.includes(word)

function parseEcn(cursor: Cursor, direction: Direction): IpInfo['ecn'] {
  const { text } = cursor.peek()
  if (!isEcn(text)) cursor.fail('`noecn`, `ect0`, `ect1`, `ect01` or `ce`')
  if (text === 'ect01' && direction === 'inbound') cursor.fail('one ECN code point for an inbound packet')
  cursor.next()
  return text as IpInfo['ecn']
}

/** RFC 3168 §5: the two bits as a number. */
function ecnOf(cursor: Cursor): EcnCodePoint {
  const bits = cursor.number('an ECN code point', 0, 3)
  return (['noecn', 'ect1', 'ect0', 'ce'] as const)[bits]!
}

function parseDscp(cursor: Cursor): number {
  if (cursor.isNumber()) return cursor.number('a DSCP', 0, U8 >> 2)
  const { text } = cursor.peek()
  const selector = cursor.is('word') ? CLASS_SELECTORS.get(text) : undefined
  if (selector === undefined) cursor.fail('a DSCP: a number or a name such as `cs1`, `af41`, `ef`')
  cursor.next()
  return selector
}
