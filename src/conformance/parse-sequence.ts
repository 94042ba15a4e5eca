import { type Cursor, U16, U32 } from './cursor.ts'
import { fail } from './script-error.ts'
import type { Direction, Ports, Sequence } from './script-packet.ts'
import { describe } from './tokens.ts'

/** Longest IPv4 datagram, and the header that a segment has at least. */
const DATAGRAM_MAX = 65_535
const HEADERS = 40

/** `first:last(length)`, `first:last(length)!`, or `...(length)`. SYN and FIN do not count. */
export function parseSequence(cursor: Cursor, direction: Direction): Sequence {
  const start = cursor.peek()
  if (cursor.take('ellipsis')) {
    if (direction === 'inbound') cursor.fail('the sequence number of an inbound packet', start)
    return { form: 'any', first: 0, length: parseLength(cursor) }
  }
  const first = cursor.number('a sequence number', 0, U32)
  cursor.expectSymbol(':', ' and the last sequence number')
  const end = cursor.peek()
  const last = cursor.number('a sequence number', 0, U32)
  const length = parseLength(cursor)
  if (last !== (first + length) % (U32 + 1)) {
    fail(
      end.place,
      `the last sequence number ${(first + length) % (U32 + 1)} (${first} + ${length})`,
      describe(end),
    )
  }
  return { form: cursor.takeSymbol('!') ? 'absolute' : 'relative', first, length }
}

function parseLength(cursor: Cursor): number {
  cursor.expectSymbol('(', ' and the length of the payload')
  const length = cursor.number('a length', 0, DATAGRAM_MAX - HEADERS)
  cursor.expectSymbol(')')
  return length
}

/** `source > destination`. */
export function parsePorts(cursor: Cursor): Ports {
  const source = cursor.number('a port', 0, U16)
  cursor.expectSymbol('>', ' and the destination port')
  return { source, destination: cursor.number('a port', 0, U16) }
}

/** `udp(source > destination)`, after a slash. */
export function parseUdpSuffix(cursor: Cursor): Ports {
  cursor.expectWord('udp')
  cursor.expectSymbol('(')
  const ports = parsePorts(cursor)
  cursor.expectSymbol(')')
  return ports
}
