import { type Cursor, U16 } from './cursor.ts'
import { FRAG_NEEDED, icmpCode, icmpType, UNREACHABLE } from './icmp-names.ts'
import { parseSequence, parseUdpSuffix } from './parse-sequence.ts'
import type { Direction, IcmpPacket, IcmpQuote, IpInfo } from './script-packet.ts'

/** `type [code] [mtu n] [id n] [[quote]]`, the cursor behind the word `icmp`. */
export function parseIcmp(cursor: Cursor, direction: Direction, ip: IpInfo): IcmpPacket {
  const word = cursor.expect('word', 'an ICMP type')
  const type = icmpType(word.text)
  if (type === undefined) cursor.fail('an ICMP type, such as `unreachable` or `type_3`', word)
  const code = parseCode(cursor, type, word.text)
  const at = cursor.peek()
  const mtu = cursor.takeWord('mtu') ? cursor.number('an MTU', 0, U16) : undefined
  if (mtu !== undefined && !(type === UNREACHABLE && code === FRAG_NEEDED)) {
    cursor.fail('`mtu` with `unreachable frag_needed` only', at)
  }
  const id = cursor.takeWord('id') ? cursor.number('an identifier', 0, U16) : undefined
  const quote = cursor.takeSymbol('[') ? parseQuote(cursor) : undefined
  return { protocol: 'icmp', direction, ip, type, code, mtu, id, quote }
}

function parseCode(cursor: Cursor, type: number, typeName: string): number {
  const word = cursor.peek()
  if (word.kind !== 'word' || word.text === 'mtu' || word.text === 'id') return 0
  const code = icmpCode(type, word.text)
  if (code === undefined) cursor.fail(`a code of ICMP \`${typeName}\``)
  cursor.next()
  return code
}

/** The sequence numbers of a segment, or `udp (n)`, `raw (n)`: bytes of payload. */
function parseQuote(cursor: Cursor): IcmpQuote {
  let quote: IcmpQuote
  if (cursor.takeWord('udp')) quote = { protocol: 'udp', length: parsePayload(cursor) }
  else if (cursor.takeWord('raw')) quote = { protocol: 'raw', length: parsePayload(cursor) }
  else quote = parseTcpQuote(cursor)
  cursor.expectSymbol(']')
  return quote
}

function parseTcpQuote(cursor: Cursor): IcmpQuote {
  const sequence = parseSequence(cursor, 'outbound')
  return { protocol: 'tcp', sequence, udp: cursor.takeSymbol('/') ? parseUdpSuffix(cursor) : undefined }
}

function parsePayload(cursor: Cursor): number {
  cursor.expectSymbol('(')
  const length = cursor.number('a length', 0, U16)
  cursor.expectSymbol(')')
  return length
}
