// hot path: the one file that touches bytes; everything is big-endian, as on the wire.

/**
 * Reads and writes of integers at a byte offset. The caller has checked the range: outside it a read yields 0 and a write is lost.
 */
export const u8 = (p: Uint8Array, o: number): number => p[o]! | 0

export const u16 = (p: Uint8Array, o: number): number => (p[o]! << 8) | p[o + 1]!

/** 0 to 2^32 - 1. */
export const u32 = (p: Uint8Array, o: number): number => i32(p, o) >>> 0

/** The same 32 bits as `u32`, as int32: addresses and sequence numbers. */
export const i32 = (p: Uint8Array, o: number): number =>
  (p[o]! << 24) | (p[o + 1]! << 16) | (p[o + 2]! << 8) | p[o + 3]!

export function put8(p: Uint8Array, o: number, v: number): void {
  p[o] = v
}

export function put16(p: Uint8Array, o: number, v: number): void {
  p[o] = v >>> 8
  p[o + 1] = v
}

/** `v` as int32 or as uint32. */
export function put32(p: Uint8Array, o: number, v: number): void {
  p[o] = v >>> 24
  p[o + 1] = v >>> 16
  p[o + 2] = v >>> 8
  p[o + 3] = v
}
