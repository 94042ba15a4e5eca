import { put8, put16, put32 } from '../wire/bytes.ts'
import type { Seq } from '../wire/seq.ts'
import {
  putEnd,
  putMss,
  putNop,
  putSackHeader,
  putSackPermitted,
  putTimestamps,
  putWindowScale,
} from '../wire/tcp-options.ts'
import { fail, type Place } from './script-error.ts'
import type { TcpOption, Timestamps } from './script-packet.ts'

/** How numbers of the script in options go on the wire. */
export interface WireNumbers {
  edge(number: number): Seq
  /** int32; undefined for what the stack never sent. */
  ecr(option: Timestamps): number | undefined
}

/** Writes the options one after the other; returns the offset behind them. Throws ScriptError for one that has no bytes. */
export function writeTcpOptions(
  options: readonly TcpOption[],
  bytes: Uint8Array,
  start: number,
  numbers: WireNumbers,
  place: Place,
): number {
  let at = start
  for (const option of options) at = writeOption(option, bytes, at, numbers, place)
  return at
}

function writeOption(
  option: TcpOption,
  bytes: Uint8Array,
  at: number,
  numbers: WireNumbers,
  place: Place,
): number {
  switch (option.kind) {
    case 'nop':
      return putNop(bytes, at)
    case 'eol':
      return putEnd(bytes, at)
    case 'mss':
      return putMss(bytes, at, option.value)
    case 'wscale':
      return putWindowScale(bytes, at, option.shift)
    case 'sackOK':
      return putSackPermitted(bytes, at)
    case 'sack': {
      let to = putSackHeader(bytes, at, option.blocks.length)
      for (const { left, right } of option.blocks) {
        put32(bytes, to, numbers.edge(left))
        put32(bytes, to + 4, numbers.edge(right))
        to += 8
      }
      return to
    }
    case 'timestamps': {
      const ecr = numbers.ecr(option)
      if (ecr === undefined) fail(place, 'an ecr that the stack has sent as val', `${option.ecr}`)
      return putTimestamps(bytes, at, option.val ?? 0, ecr)
    }
    case 'raw':
      return putHex(bytes, at, option.data)
    default:
      return writeUnusual(option, bytes, at, place)
  }
}

type Unusual = Exclude<
  TcpOption,
  { kind: 'nop' | 'eol' | 'mss' | 'wscale' | 'sackOK' | 'sack' | 'timestamps' | 'raw' }
>

function writeUnusual(option: Unusual, bytes: Uint8Array, at: number, place: Place): number {
  switch (option.kind) {
    case 'fastOpen':
      if (!option.experimental) return putWhole(bytes, at, 34, option.cookie)
      return putWhole(bytes, at, 254, `f989${option.cookie}`)
    case 'md5':
      if (option.digest === 'valid')
        fail(place, 'the bytes of an MD5 digest (no key is known here)', '`valid`')
      return putWhole(bytes, at, 19, option.digest)
    case 'accurateEcn':
      return putWhole(
        bytes,
        at,
        option.first === 'e0b' ? 172 : 174,
        option.counters.map((counter) => counter.toString(16).padStart(6, '0')).join(''),
      )
    case 'generic':
      return putWhole(bytes, at, option.number, option.data)
    case 'experimental':
      return putWhole(bytes, at, 254, option.magic.toString(16).padStart(4, '0') + option.data)
  }
}

/** Kind, length and data. */
function putWhole(bytes: Uint8Array, at: number, kind: number, data: string): number {
  put16(bytes, at, (kind << 8) | (2 + data.length / 2))
  return putHex(bytes, at + 2, data)
}

function putHex(bytes: Uint8Array, at: number, data: string): number {
  for (let i = 0; i < data.length / 2; i++)
    put8(bytes, at + i, Number.parseInt(data.slice(2 * i, 2 * i + 2), 16))
  return at + data.length / 2
}
