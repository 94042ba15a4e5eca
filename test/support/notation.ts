import { add, distance, type Seq } from '../../src/wire/seq.ts'
import { Flag, type Segment, TCP_HEADER } from '../../src/wire/tcp.ts'
import {
  OptionKind,
  putEnd,
  putFastOpenHeader,
  putMss,
  putNop,
  putSackHeader,
  putSackPermitted,
  putTimestamps,
  putWindowScale,
} from '../../src/wire/tcp-options.ts'

/** A segment in packetdrill's notation: `P. 1:101(100) ack 1 win 1000 <nop,nop,TS val 5 ecr 4>`; numbers are relative. */
export interface Line {
  flags: number
  seq: number
  /** Payload bytes. */
  length: number
  ack: number | undefined
  win: number | undefined
  urgent: number | undefined
  /** Segment size of a super-segment. */
  gso: number | undefined
  options: string | undefined
  /** The two bits of ECN in the IP header: `[ce] . 1:101(100) ack 1`. */
  ecn: number | undefined
}

/** What relative numbers count from: `sender` and `receiver` of the segment at hand. */
export interface Origins {
  senderSeq: Seq
  receiverSeq: Seq
  senderClock: number
  receiverClock: number
}

const LETTERS: readonly [string, number][] = [
  ['S', Flag.Syn],
  ['F', Flag.Fin],
  ['R', Flag.Rst],
  ['P', Flag.Psh],
  ['U', Flag.Urg],
  ['E', Flag.Ece],
  ['W', Flag.Cwr],
  ['.', Flag.Ack],
]

const ECN_NAMES = ['noecn', 'ect1', 'ect0', 'ce']

const GRAMMAR =
  /^(?:\[(noecn|ect0|ect1|ce)\]\s+)?([SFRPUEW.]+|-)\s+(-?\d+):(-?\d+)\((\d+)\)(?:\s+ack\s+(-?\d+))?(?:\s+win\s+(\d+))?(?:\s+urg\s+(\d+))?(?:\s+gso\s+(\d+))?(?:\s+<(.*)>)?\s*$/

export function parseLine(text: string): Line {
  const match = GRAMMAR.exec(text.trim())
  if (match === null) throw new Error(`not a segment: ${text}`)
  const [, ecn, letters = '', seq, end, length, ack, win, urgent, gso, options] = match
  if (Number(end) - Number(seq) !== Number(length)) throw new Error(`length does not fit: ${text}`)
  let flags = 0
  for (const [letter, flag] of LETTERS) if (letters.includes(letter)) flags |= flag
  const optional = (digits: string | undefined) => (digits === undefined ? undefined : Number(digits))
  return {
    flags,
    seq: Number(seq),
    length: Number(length),
    ack: optional(ack),
    win: optional(win),
    urgent: optional(urgent),
    gso: optional(gso),
    options,
    ecn: ecn === undefined ? undefined : ECN_NAMES.indexOf(ecn),
  }
}

/** Writes the options of `text` to `bytes` at `start`, padded to a multiple of 4. Returns the offset behind. */
export function writeOptionText(text: string, bytes: Uint8Array, start: number, origins: Origins): number {
  let at = start
  for (const item of text.split(',')) at = writeOption(item.trim(), bytes, at, origins)
  while ((at - start) % 4 !== 0) at = putEnd(bytes, at)
  return at
}

function writeOption(item: string, bytes: Uint8Array, at: number, origins: Origins): number {
  const [word = '', ...rest] = item.split(/\s+/)
  switch (word) {
    case '':
      return at
    case 'mss':
      return putMss(bytes, at, Number(rest[0]))
    case 'wscale':
      return putWindowScale(bytes, at, Number(rest[0]))
    case 'sackOK':
      return putSackPermitted(bytes, at)
    case 'nop':
      return putNop(bytes, at)
    case 'eol':
      return putEnd(bytes, at)
    case 'TS': // val A ecr B
      return putTimestamps(
        bytes,
        at,
        origins.senderClock + Number(rest[1]),
        Number(rest[3]) === 0 ? 0 : origins.receiverClock + Number(rest[3]),
      )
    case 'FO':
    case 'FOEXP':
      return writeFastOpen(rest[0] ?? '', word === 'FOEXP', bytes, at)
    case 'sack':
      return writeSack(rest, bytes, at, origins)
    case 'raw': // bytes in hexadecimal
      for (const byte of rest) bytes[at++] = Number.parseInt(byte, 16)
      return at
    default:
      throw new Error(`not an option: ${item}`)
  }
}

function writeFastOpen(cookie: string, isExperimental: boolean, bytes: Uint8Array, start: number): number {
  let at = putFastOpenHeader(bytes, start, cookie.length / 2, isExperimental)
  for (let i = 0; i < cookie.length; i += 2) bytes[at++] = Number.parseInt(cookie.slice(i, i + 2), 16)
  return at
}

function writeSack(blocks: string[], bytes: Uint8Array, start: number, origins: Origins): number {
  let at = putSackHeader(bytes, start, blocks.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  for (const block of blocks) {
    for (const edge of block.split(':')) {
      view.setInt32(at, add(origins.receiverSeq, Number(edge)))
      at += 4
    }
  }
  return at
}

/** A segment that was sent, with its bytes and what went beside them. */
export interface Sent {
  segment: Segment
  /** A copy of the whole segment. */
  bytes: Uint8Array
  /** Microseconds since the peer's `started`. */
  at: number
  tos: number
  ttl: number
  /** Without DF. */
  mayFragment: boolean
}

/** The segment in the notation that `parseLine` reads. */
export function formatSegment(sent: Sent, origins: Origins): string {
  const { segment } = sent
  const letters = LETTERS.filter(([, flag]) => segment.has(flag)).map(([letter]) => letter)
  const seq = relativeSeq(segment, origins)
  const parts = [`${letters.join('') || '-'} ${seq}:${seq + segment.payloadLength}(${segment.payloadLength})`]
  if (segment.has(Flag.Ack)) parts.push(`ack ${distance(origins.receiverSeq, segment.ack)}`)
  parts.push(`win ${segment.window}`)
  if (segment.has(Flag.Urg)) parts.push(`urg ${segment.urgent}`)
  if (segment.gsoSize > 0) parts.push(`gso ${segment.gsoSize}`)
  const options = formatOptions(sent, origins)
  if (options !== '') parts.push(`<${options}>`)
  return parts.join(' ')
}

/** Relative, but for the reset that answers a segment without ACK: its number is 0 itself. */
export const relativeSeq = (segment: Segment, origins: Origins): number =>
  segment.has(Flag.Rst) && segment.has(Flag.Ack) && segment.seq === 0
    ? 0
    : distance(origins.senderSeq, segment.seq)

const hex = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.subarray(start, end)).toString('hex')

export function formatOptions(sent: Sent, origins: Origins): string {
  const { bytes, segment } = sent
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const items: string[] = []
  const relative = (edge: number) => distance(origins.receiverSeq, edge as Seq)
  for (let at = TCP_HEADER; at < segment.headerLength; ) {
    const kind = bytes[at]!
    const length = kind < 2 ? 1 : bytes[at + 1]!
    if (kind === OptionKind.End) items.push('eol')
    else if (kind === OptionKind.Nop) items.push('nop')
    else if (kind === OptionKind.Mss) items.push(`mss ${view.getUint16(at + 2)}`)
    else if (kind === OptionKind.WindowScale) items.push(`wscale ${bytes[at + 2]}`)
    else if (kind === OptionKind.SackPermitted) items.push('sackOK')
    else if (kind === OptionKind.Timestamps) {
      const echo = view.getInt32(at + 6)
      const ecr = echo === 0 ? 0 : (echo - origins.receiverClock) | 0
      items.push(`TS val ${(view.getInt32(at + 2) - origins.senderClock) | 0} ecr ${ecr}`)
    } else if (kind === OptionKind.Sack) {
      const blocks: string[] = []
      for (let edge = at + 2; edge < at + length; edge += 8)
        blocks.push(`${relative(view.getInt32(edge))}:${relative(view.getInt32(edge + 4))}`)
      items.push(`sack ${blocks.join(' ')}`)
    } else if (kind === OptionKind.FastOpen) items.push(`FO ${hex(bytes, at + 2, at + length)}`.trim())
    else if (kind === OptionKind.Experimental) items.push(`FOEXP ${hex(bytes, at + 4, at + length)}`.trim())
    else items.push(`kind ${kind}`)
    at += length
  }
  return items.join(',')
}
