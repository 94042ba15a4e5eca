import { Level } from './constants.ts'

/** The bytes of option values as the system calls carry them: little-endian, an int of four bytes unless said otherwise. */

export const INT_LENGTH = 4

export const int32At = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)

export function putInt32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < INT_LENGTH; i++) bytes[at + i] = value >> (8 * i)
}

/** A signed number of 64 bits, to the precision of a double. */
export const int64At = (bytes: Uint8Array, at: number): number =>
  int32At(bytes, at + 4) * 2 ** 32 + (int32At(bytes, at) >>> 0)

export function putInt64(bytes: Uint8Array, at: number, value: number): void {
  putInt32(bytes, at, value | 0)
  putInt32(bytes, at + 4, Math.floor(value / 2 ** 32) | 0)
}

/** The int that setsockopt was given; undefined when the value is too short for one. An IP option may be a single byte, or nothing: 0. */
export function intOf(level: number, value: Uint8Array): number | undefined {
  if (value.length >= INT_LENGTH) return int32At(value, 0)
  if (level !== Level.Ip) return undefined
  return value.length === 0 ? 0 : value[0]!
}

/** Writes an int as getsockopt tells it to `out`, as much as fits; returns the length. A short buffer gets an IP option as a byte. */
export function tellInt(level: number, value: number, out: Uint8Array): number {
  if (level === Level.Ip && out.length > 0 && out.length < INT_LENGTH && value >= 0 && value <= 255) {
    out[0] = value
    return 1
  }
  const bytes = new Uint8Array(INT_LENGTH)
  putInt32(bytes, 0, value)
  return tellBytes(bytes, out)
}

/** Writes a value to `out`, as much as fits; returns the length. */
export function tellBytes(value: Uint8Array, out: Uint8Array): number {
  const length = Math.min(value.length, out.length)
  out.set(value.subarray(0, length))
  return length
}

/** SO_LINGER's struct: whether, and seconds. */
export const LINGER_LENGTH = 8
/** SO_RCVTIMEO's struct timeval: seconds and microseconds, 8 bytes each. */
export const TIMEVAL_LENGTH = 16

/** Microseconds of a struct timeval; undefined when its microseconds are out of range (EDOM). Negative times count as 0: none. */
export function durationOf(timeval: Uint8Array): number | undefined {
  const seconds = int64At(timeval, 0)
  const microseconds = int64At(timeval, 8)
  if (microseconds < 0 || microseconds >= 1e6) return undefined
  return seconds < 0 ? 0 : seconds * 1e6 + microseconds
}

export function timevalOf(duration: number): Uint8Array {
  const bytes = new Uint8Array(TIMEVAL_LENGTH)
  putInt64(bytes, 0, Math.floor(duration / 1e6))
  putInt64(bytes, 8, duration % 1e6)
  return bytes
}
