import { put8, u8 } from '../wire/bytes.ts'

/** Bytes of a map: a bit for each eight bytes that a datagram can have. */
export const BITMAP = 1024

/** True when every eight bytes that the range touches have come. Offsets and lengths in bytes; `map` lies at an offset of `memory`. */
export function allPresent(memory: Uint8Array, map: number, from: number, length: number): boolean {
  for (let i = from >>> 3, last = (from + length - 1) >>> 3; i <= last; i++) {
    if ((u8(memory, map + (i >>> 3)) & (1 << (i & 7))) === 0) return false
  }
  return true
}

/** True when none of the range has come. */
export function allMissing(memory: Uint8Array, map: number, from: number, length: number): boolean {
  for (let i = from >>> 3, last = (from + length - 1) >>> 3; i <= last; i++) {
    if ((u8(memory, map + (i >>> 3)) & (1 << (i & 7))) !== 0) return false
  }
  return true
}

export function markPresent(memory: Uint8Array, map: number, from: number, length: number): void {
  for (let i = from >>> 3, last = (from + length - 1) >>> 3; i <= last; i++) {
    put8(memory, map + (i >>> 3), u8(memory, map + (i >>> 3)) | (1 << (i & 7)))
  }
}
