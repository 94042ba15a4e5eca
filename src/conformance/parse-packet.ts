import { type Cursor, U16, U32 } from './cursor.ts'
import { parseIcmp } from './parse-icmp.ts'
import { parseIpInfo } from './parse-ip-info.ts'
import { parsePorts, parseSequence, parseUdpSuffix } from './parse-sequence.ts'
import { parseTcpOptions } from './parse-tcp-options.ts'
import { fail } from './script-error.ts'
import { type Direction, type IpInfo, type ScriptPacket, TcpFlag, type TcpPacket } from './script-packet.ts'

const FLAG_LETTERS: ReadonlyMap<string, number> = new Map([
  ['F', TcpFlag.Fin],
  ['S', TcpFlag.Syn],
  ['R', TcpFlag.Rst],
  ['P', TcpFlag.Psh],
  ['.', TcpFlag.Ack],
  ['U', TcpFlag.Urg],
  ['E', TcpFlag.Ece],
  ['W', TcpFlag.Cwr],
  ['A', TcpFlag.Ae],
])

const ECN_FLAGS = TcpFlag.Ece | TcpFlag.Cwr | TcpFlag.Ae

/** Words that begin a packet of a protocol which is not read here. */
const FOREIGN: readonly string[] = ['udp', 'udplite', 'sctp', 'ipv4', 'ipv6', 'gre', 'GREv0', 'mpls', 'encap']

/** A TCP or ICMP packet, the cursor at its direction. */
export function parsePacket(cursor: Cursor): ScriptPacket {
  const direction: Direction = cursor.next().text === '<' ? 'inbound' : 'outbound'
  const ip = parseIpInfo(cursor, direction)
  if (cursor.takeWord('icmp')) return parseIcmp(cursor, direction, ip)
  const { kind, text } = cursor.peek()
  if (kind === 'word' && FOREIGN.includes(text)) cursor.fail('a TCP or ICMP packet')
  return parseTcp(cursor, direction, ip)
}

function parseTcp(cursor: Cursor, direction: Direction, ip: IpInfo): TcpPacket {
  const ports = cursor.isNumber() ? parsePorts(cursor) : undefined
  const { flags, ace } = parseFlags(cursor)
  const sequence = parseSequence(cursor, direction)
  const ack = cursor.takeWord('ack') ? cursor.number('an acknowledgment number', 0, U32) : 0
  const window = parseWindow(cursor, direction)
  const urgent = cursor.takeWord('urg') ? cursor.number('an urgent pointer', 0, U16) : 0
  const options = parseTcpOptions(cursor, direction)
  const udp = cursor.takeSymbol('/') ? parseUdpSuffix(cursor) : undefined
  return { protocol: 'tcp', direction, ip, ports, flags, ace, sequence, ack, window, urgent, options, udp }
}

/** The window may be left out of what is expected, not of what is sent. */
function parseWindow(cursor: Cursor, direction: Direction): number | undefined {
  if (cursor.takeWord('win')) return cursor.number('a window', 0, U16)
  if (direction === 'inbound') cursor.fail('`win` and the window of an inbound packet')
  return undefined
}

/** Letters in any order, with nothing between; `-` for no flag; a digit is the ACE counter. */
function parseFlags(cursor: Cursor): { flags: number; ace: boolean } {
  const first = cursor.peek()
  const text = flagText(cursor)
  if (text === '-') return { flags: 0, ace: false }
  let flags = 0
  let ace = false
  for (const letter of text) {
    if (/[0-7]/.test(letter) && !ace && (flags & ECN_FLAGS) === 0) {
      ace = true
      flags |= aceFlags(Number(letter))
      continue
    }
    const flag = FLAG_LETTERS.get(letter) ?? 0
    const isTwice = (flags & flag) !== 0 || (ace && (flag & ECN_FLAGS) !== 0)
    if (flag === 0 || isTwice) {
      fail(
        first.place,
        'TCP flags: `F S R P . U E W A`, a digit 0-7 for ECE, CWR and AE, or `-`',
        `\`${text}\``,
      )
    }
    flags |= flag
  }
  return { flags, ace }
}

/** The tokens of the flags put together: `P.5` is a word and a float, `FP.` a word and a dot. */
function flagText(cursor: Cursor): string {
  let text = ''
  let end = cursor.peek().start
  while (cursor.peek().start === end && isFlagToken(cursor)) {
    const token = cursor.next()
    text += token.text
    end = token.end
  }
  if (text === '') cursor.fail('TCP flags or `icmp`')
  return text
}

const isFlagToken = (cursor: Cursor): boolean =>
  cursor.is('word') || cursor.is('float') || cursor.isSymbol('.') || cursor.isSymbol('-')

const aceFlags = (counter: number): number =>
  (counter & 1 ? TcpFlag.Ece : 0) | (counter & 2 ? TcpFlag.Cwr : 0) | (counter & 4 ? TcpFlag.Ae : 0)
