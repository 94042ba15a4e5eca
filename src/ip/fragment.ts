// hot path: fragments are written from ranges; nothing is allocated.
import { i32, u8, u16 } from '../wire/bytes.ts'
import { DONT_FRAGMENT, IPV4_HEADER, MORE_FRAGMENTS, writeIpv4 } from '../wire/ipv4.ts'

/** Where fragments go: what the stack transmits to. */
export interface FragmentSink {
  readonly memory: Uint8Array
  readonly mtu: number
  room(): number
  push(
    headLength: number,
    first: number,
    firstLength: number,
    second: number,
    secondLength: number,
    flags: number,
    gsoSize: number,
    checksumStart: number,
    checksumOffset: number,
  ): void
}

/**
 * Sends a packet that is larger than the sink's MTU in pieces (RFC 791 §3.2).
 *
 * The packet is a head in the sink's memory (a 20-byte IP header, and transport bytes behind it) and up to two ranges. Returns the number
 * of fragments, 0 when DF forbids them, and -1 when the sink had no room for all.
 */
export function sendFragments(
  out: FragmentSink,
  head: number,
  headLength: number,
  first: number,
  firstLength: number,
  second: number,
  secondLength: number,
): number {
  const memory = out.memory
  if ((u16(memory, head + 6) & DONT_FRAGMENT) !== 0) return 0
  const inHead = headLength - IPV4_HEADER
  const total = inHead + firstLength + secondLength
  const step = (out.mtu - IPV4_HEADER) & ~7
  let count = 0
  for (let from = 0; from < total; from += step) {
    const length = Math.min(step, total - from)
    const room = out.room()
    if (room === -1) return -1
    const bits = (from >>> 3) | (from + length < total ? MORE_FRAGMENTS : 0)
    writeFragmentHeader(memory, head, room, IPV4_HEADER + length, bits)
    // What of each of the three pieces lies in this fragment.
    const copied = overlap(from, length, 0, inHead)
    memory.copyWithin(room + IPV4_HEADER, head + IPV4_HEADER + from, head + IPV4_HEADER + from + copied)
    const firstBytes = overlap(from, length, inHead, firstLength)
    const secondBytes = overlap(from, length, inHead + firstLength, secondLength)
    out.push(
      IPV4_HEADER + copied,
      first + Math.max(0, from - inHead),
      firstBytes,
      second + Math.max(0, from - inHead - firstLength),
      secondBytes,
      0,
      0,
      0,
      0,
    )
    count++
  }
  return count
}

/** How many bytes `from` … `from + length - 1` has in common with `at` … `at + size - 1`. */
const overlap = (from: number, length: number, at: number, size: number): number =>
  Math.max(0, Math.min(from + length, at + size) - Math.max(from, at))

/** The head's IP header with another length and place. */
function writeFragmentHeader(
  memory: Uint8Array,
  head: number,
  at: number,
  totalLength: number,
  bits: number,
): void {
  writeIpv4(
    memory,
    at,
    totalLength,
    u8(memory, head + 1),
    u16(memory, head + 4),
    bits,
    u8(memory, head + 8),
    u8(memory, head + 9),
    i32(memory, head + 12),
    i32(memory, head + 16),
  )
}
