import { i32, u8, u16 } from '../wire/bytes.ts'
import { type Seq, toSeq } from '../wire/seq.ts'
import type { SackBlock, TcpOption } from './script-packet.ts'

/** How numbers in options are told in the script's terms. */
export interface OptionNumbers {
  edge(wire: Seq): number
  val(wire: number): number
}

const Kind = {
  End: 0,
  Nop: 1,
  Mss: 2,
  WindowScale: 3,
  SackPermitted: 4,
  Sack: 5,
  Timestamps: 8,
  Md5: 19,
  FastOpen: 34,
  Experimental: 254,
} as const

/** Accurate ECN (RFC 9768 §3.2.3): the order of the counters tells the kind. */
const ACCURATE_ECN_0 = 172
const ACCURATE_ECN_1 = 174

/** Magic number of Fast Open as an experiment (RFC 7413 §4.1.1). */
const FAST_OPEN_MAGIC = 0xf989

/** The options in `from` to `to - 1`, in wire order; what cannot be read is one raw option. */
export function readTcpOptions(
  bytes: Uint8Array,
  from: number,
  to: number,
  numbers: OptionNumbers,
): TcpOption[] {
  const options: TcpOption[] = []
  for (let at = from; at < to; ) {
    const kind = u8(bytes, at)
    if (kind === Kind.End || kind === Kind.Nop) {
      options.push({ kind: kind === Kind.End ? 'eol' : 'nop' })
      at++
      continue
    }
    const length = at + 1 < to ? u8(bytes, at + 1) : 0
    if (length < 2 || at + length > to) {
      options.push({ kind: 'raw', data: hexOf(bytes, at, to) })
      break
    }
    options.push(readOption(bytes, at, kind, length, numbers))
    at += length
  }
  return options
}

function readOption(
  bytes: Uint8Array,
  at: number,
  kind: number,
  length: number,
  numbers: OptionNumbers,
): TcpOption {
  if (kind === Kind.Mss && length === 4) return { kind: 'mss', value: u16(bytes, at + 2) }
  if (kind === Kind.WindowScale && length === 3) return { kind: 'wscale', shift: u8(bytes, at + 2) }
  if (kind === Kind.SackPermitted && length === 2) return { kind: 'sackOK' }
  if (kind === Kind.Sack && length % 8 === 2) return readSack(bytes, at, length, numbers)
  if (kind === Kind.Timestamps && length === 10) {
    const val = numbers.val(i32(bytes, at + 2))
    return { kind: 'timestamps', val, ecr: i32(bytes, at + 6) >>> 0, ecrAbsolute: false }
  }
  if (kind === Kind.FastOpen) {
    return { kind: 'fastOpen', cookie: hexOf(bytes, at + 2, at + length), experimental: false }
  }
  if (kind === Kind.Md5) return { kind: 'md5', digest: hexOf(bytes, at + 2, at + length) }
  if (kind === Kind.Experimental && length >= 4) return readExperimental(bytes, at, length)
  if ((kind === ACCURATE_ECN_0 || kind === ACCURATE_ECN_1) && length % 3 === 2) {
    return readAccurateEcn(bytes, at, kind, length)
  }
  return { kind: 'generic', number: kind, data: hexOf(bytes, at + 2, at + length) }
}

function readSack(bytes: Uint8Array, at: number, length: number, { edge }: OptionNumbers): TcpOption {
  const blocks: SackBlock[] = []
  for (let from = at + 2; from < at + length; from += 8) {
    blocks.push({ left: edge(toSeq(i32(bytes, from))), right: edge(toSeq(i32(bytes, from + 4))) })
  }
  return { kind: 'sack', blocks }
}

function readExperimental(bytes: Uint8Array, at: number, length: number): TcpOption {
  const magic = u16(bytes, at + 2)
  const data = hexOf(bytes, at + 4, at + length)
  if (magic === FAST_OPEN_MAGIC) return { kind: 'fastOpen', cookie: data, experimental: true }
  return { kind: 'experimental', magic, data }
}

function readAccurateEcn(bytes: Uint8Array, at: number, kind: number, length: number): TcpOption {
  const counters: number[] = []
  for (let from = at + 2; from < at + length; from += 3)
    counters.push((u8(bytes, from) << 16) | u16(bytes, from + 1))
  return { kind: 'accurateEcn', first: kind === ACCURATE_ECN_0 ? 'e0b' : 'e1b', counters }
}

function hexOf(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; at++) text += u8(bytes, at).toString(16).padStart(2, '0')
  return text
}
