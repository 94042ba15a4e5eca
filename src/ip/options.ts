import { u8 } from '../wire/bytes.ts'

const END = 0
const NO_OPERATION = 1
const LOOSE_SOURCE_ROUTE = 131
const STRICT_SOURCE_ROUTE = 137

/**
 * True when the options in `offset` … `end - 1` ask for a source route (RFC 791 §3.1). Options of any other kind are skipped (RFC 1122
 * §3.2.1.8, RFC 9293 MUST-50), and a malformed list ends where it cannot be read on.
 */
export function hasSourceRoute(memory: Uint8Array, offset: number, end: number): boolean {
  let at = offset
  while (at < end) {
    const kind = u8(memory, at)
    if (kind === LOOSE_SOURCE_ROUTE || kind === STRICT_SOURCE_ROUTE) return true
    if (kind === END) return false
    if (kind === NO_OPERATION) at++
    else {
      const length = at + 1 < end ? u8(memory, at + 1) : 0
      if (length < 2) return false
      at += length
    }
  }
  return false
}
