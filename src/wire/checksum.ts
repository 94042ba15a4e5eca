// hot path: every packet's bytes pass here once when nobody below has summed them.

/**
 * The Internet checksum (RFC 1071): one's complement sum of big-endian 16-bit words, an odd last byte padded with zero.
 *
 * Partial sums are numbers of at most 31 bits that `fold` brings to 16; they may be added, in any order (§2).
 */

/**
 * The partial sum of a range that begins at an even position of what is summed, continued from `initial` (another partial sum).
 * Returns at most 17 bits. `length` up to 16 MB.
 */
export function sum(bytes: Uint8Array, offset: number, length: number, initial = 0): number {
  let even = 0
  let odd = 0
  let i = offset
  const end = offset + length
  for (const last = end - 16; i <= last; i += 16) {
    even +=
      bytes[i]! +
      bytes[i + 2]! +
      bytes[i + 4]! +
      bytes[i + 6]! +
      bytes[i + 8]! +
      bytes[i + 10]! +
      bytes[i + 12]! +
      bytes[i + 14]!
    odd +=
      bytes[i + 1]! +
      bytes[i + 3]! +
      bytes[i + 5]! +
      bytes[i + 7]! +
      bytes[i + 9]! +
      bytes[i + 11]! +
      bytes[i + 13]! +
      bytes[i + 15]!
  }
  for (; i < end - 1; i += 2) {
    even += bytes[i]!
    odd += bytes[i + 1]!
  }
  if (i < end) even += bytes[i]!
  return fold(initial) + fold((even >>> 8) + ((even & 0xff) << 8) + odd)
}

/** Continues a sum after `position` bytes were summed: at an odd position the range's bytes change places (RFC 1071 §2(B)). */
export function sumNext(
  bytes: Uint8Array,
  offset: number,
  length: number,
  initial: number,
  position: number,
): number {
  if ((position & 1) === 0) return sum(bytes, offset, length, initial)
  const own = fold(sum(bytes, offset, length))
  return fold(initial) + (((own & 0xff) << 8) | (own >>> 8))
}

/** A partial sum brought to 16 bits, end-around carries included. */
export function fold(sum: number): number {
  const once = (sum >>> 16) + (sum & 0xffff)
  return (once >>> 16) + (once & 0xffff)
}

/** The checksum field for what was summed. */
export const finish = (sum: number): number => ~fold(sum) & 0xffff

/** Partial sum of the pseudo-header of TCP and UDP (RFC 9293 §3.1); `length` is that of transport header and data. */
export function pseudoHeader(source: number, destination: number, protocol: number, length: number): number {
  const addresses = (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff)
  return fold(addresses + protocol + (length >>> 16) + (length & 0xffff))
}

/** The checksum after one of the summed 16-bit words has changed (RFC 1624 §3, equation 3). */
export const update = (checksum: number, oldWord: number, newWord: number): number =>
  finish((~checksum & 0xffff) + (~oldWord & 0xffff) + newWord)
