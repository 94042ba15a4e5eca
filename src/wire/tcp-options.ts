// hot path: options are read into the segment's record and written by offset.
import { i32, put8, put16, put32, u8, u16 } from './bytes.ts'
import { Drop } from './drop.ts'
import type { Segment } from './tcp.ts'

/** RFC 9293 §3.1 (MUST-4), RFC 7323 §2.2 and §3.2, RFC 2018 §2 and §3, RFC 7413 §2, RFC 6994. */
export const OptionKind = {
  End: 0,
  Nop: 1,
  Mss: 2,
  WindowScale: 3,
  SackPermitted: 4,
  Sack: 5,
  Timestamps: 8,
  FastOpen: 34,
  /** Shared by experiments, each with a number of two bytes. */
  Experimental: 254,
} as const

/** Fast Open's number as an experiment, before it had a kind of its own. */
const FAST_OPEN_EXPERIMENT = 0xf989
/** Lengths that a cookie can have, with all between that are even (RFC 7413 §2); 0 asks for one. */
const SHORTEST_COOKIE = 4
export const LONGEST_COOKIE = 16

/** The usual options of an established connection, two NOPs and timestamps, as one word and their length (RFC 7323 appendix A). */
const ALIGNED_TIMESTAMPS = 0x0101080a
const ALIGNED_TIMESTAMPS_LENGTH = 12

/**
 * Reads the options in `offset` … `end - 1`, whatever segment they came in: which of them only a SYN may carry is the caller's affair (MUST-5).
 * They may begin anywhere (MUST-64), and all but two kinds have a length (MUST-68).
 *
 * Unknown kinds are skipped by their length (MUST-6). A known kind with a wrong length is ignored; a length of 0 or 1, or one beyond
 * the end, ends the list (MUST-7). Both return Drop.BadOption; what else was read holds.
 */
export function readOptions(out: Segment, bytes: Uint8Array, offset: number, end: number): Drop {
  out.mss = 0
  out.windowScale = -1
  out.sackPermitted = false
  out.hasTimestamps = false
  out.tsVal = 0
  out.tsEcr = 0
  out.sackCount = 0
  out.fastOpenLength = -1
  if (offset >= end) return Drop.None
  if (end - offset === ALIGNED_TIMESTAMPS_LENGTH && i32(bytes, offset) === ALIGNED_TIMESTAMPS) {
    readTimestamps(out, bytes, offset + 4)
    return Drop.None
  }
  return readList(out, bytes, offset, end)
}

function readList(out: Segment, bytes: Uint8Array, offset: number, end: number): Drop {
  let drop: Drop = Drop.None
  let at = offset
  while (at < end) {
    const kind = u8(bytes, at)
    if (kind === OptionKind.End) return drop
    if (kind === OptionKind.Nop) {
      at++
      continue
    }
    if (at + 1 >= end) return Drop.BadOption
    const length = u8(bytes, at + 1)
    if (length < 2 || at + length > end) return Drop.BadOption
    if (!readOption(out, bytes, at, kind, length)) drop = Drop.BadOption
    at += length
  }
  return drop
}

/** False when a known kind has a length that is not its own. */
function readOption(out: Segment, bytes: Uint8Array, at: number, kind: number, length: number): boolean {
  switch (kind) {
    case OptionKind.Mss:
      if (length !== 4) return false
      out.mss = u16(bytes, at + 2)
      return true
    case OptionKind.WindowScale:
      if (length !== 3) return false
      out.windowScale = u8(bytes, at + 2)
      return true
    case OptionKind.SackPermitted:
      if (length !== 2) return false
      out.sackPermitted = true
      return true
    case OptionKind.Sack:
      return readSack(out, bytes, at, length)
    case OptionKind.Timestamps:
      if (length !== 10) return false
      readTimestamps(out, bytes, at + 2)
      return true
    case OptionKind.FastOpen:
      return readFastOpen(out, at + 2, length - 2, false)
    case OptionKind.Experimental:
      if (length < 4 || u16(bytes, at + 2) !== FAST_OPEN_EXPERIMENT) return true
      return readFastOpen(out, at + 4, length - 4, true)
    default:
      return true
  }
}

function readTimestamps(out: Segment, bytes: Uint8Array, at: number): void {
  out.hasTimestamps = true
  out.tsVal = i32(bytes, at)
  out.tsEcr = i32(bytes, at + 4)
}

function readFastOpen(out: Segment, at: number, length: number, isExperimental: boolean): boolean {
  const isCookie = length >= SHORTEST_COOKIE && length <= LONGEST_COOKIE && (length & 1) === 0
  if (length !== 0 && !isCookie) return false
  out.fastOpenLength = length
  out.fastOpenAt = at
  out.isFastOpenExperimental = isExperimental
  return true
}

function readSack(out: Segment, bytes: Uint8Array, at: number, length: number): boolean {
  if (length < 10 || (length & 7) !== 2) return false
  const edges = out.sackEdges
  let edge = out.sackCount * 2
  for (let from = at + 2; from < at + length && edge < edges.length; from += 8) {
    edges[edge++] = i32(bytes, from)
    edges[edge++] = i32(bytes, from + 4)
  }
  out.sackCount = edge >>> 1
  return true
}

/** Each writer returns the offset after what it wrote. */
export function putMss(bytes: Uint8Array, at: number, mss: number): number {
  put8(bytes, at, OptionKind.Mss)
  put8(bytes, at + 1, 4)
  put16(bytes, at + 2, mss)
  return at + 4
}

export function putWindowScale(bytes: Uint8Array, at: number, shift: number): number {
  put8(bytes, at, OptionKind.WindowScale)
  put8(bytes, at + 1, 3)
  put8(bytes, at + 2, shift)
  return at + 3
}

export function putSackPermitted(bytes: Uint8Array, at: number): number {
  put8(bytes, at, OptionKind.SackPermitted)
  put8(bytes, at + 1, 2)
  return at + 2
}

export function putTimestamps(bytes: Uint8Array, at: number, tsVal: number, tsEcr: number): number {
  put8(bytes, at, OptionKind.Timestamps)
  put8(bytes, at + 1, 10)
  put32(bytes, at + 2, tsVal)
  put32(bytes, at + 6, tsEcr)
  return at + 10
}

/** Two NOPs and timestamps (RFC 7323 appendix A): what every segment of an established connection begins its options with. */
export function putAlignedTimestamps(bytes: Uint8Array, at: number, tsVal: number, tsEcr: number): number {
  put32(bytes, at, ALIGNED_TIMESTAMPS)
  put32(bytes, at + 4, tsVal)
  put32(bytes, at + 8, tsEcr)
  return at + ALIGNED_TIMESTAMPS_LENGTH
}

/** The head of a SACK option of `blocks` blocks; the caller puts the edges behind it, left and right in turn. */
export function putSackHeader(bytes: Uint8Array, at: number, blocks: number): number {
  put8(bytes, at, OptionKind.Sack)
  put8(bytes, at + 1, 2 + 8 * blocks)
  return at + 2
}

/** The head of a Fast Open option with a cookie of `length` bytes, which the caller puts behind it. */
export function putFastOpenHeader(
  bytes: Uint8Array,
  at: number,
  length: number,
  isExperimental: boolean,
): number {
  put8(bytes, at, isExperimental ? OptionKind.Experimental : OptionKind.FastOpen)
  put8(bytes, at + 1, length + (isExperimental ? 4 : 2))
  if (!isExperimental) return at + 2
  put16(bytes, at + 2, FAST_OPEN_EXPERIMENT)
  return at + 4
}

export function putNop(bytes: Uint8Array, at: number): number {
  put8(bytes, at, OptionKind.Nop)
  return at + 1
}

export function putEnd(bytes: Uint8Array, at: number): number {
  put8(bytes, at, OptionKind.End)
  return at + 1
}
