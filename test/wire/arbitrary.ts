import fc from 'fast-check'

/** A packet somewhere in a larger buffer of noise, so that a reader's step beyond either end would change what it reads. */
export interface Placed {
  bytes: Uint8Array
  offset: number
  end: number
}

export function place(packet: Uint8Array, before: number, noise: number): Placed {
  const bytes = new Uint8Array(before + packet.length + 64).fill(noise)
  bytes.set(packet, before)
  return { bytes, offset: before, end: before + packet.length }
}

export const port = fc.integer({ min: 0, max: 0xffff })
export const byte = fc.integer({ min: 0, max: 0xff })
export const address = fc.integer()

/**
 * Reads `packet` twice amid different noise, and expects the same answer; the answer is `read`'s, which should copy out all that
 * the record holds. A reader that looks beyond the end gives itself away.
 */
export function readAmidNoise<T>(packet: Uint8Array, read: (placed: Placed) => T): [T, T] {
  return [read(place(packet, 40, 0x00)), read(place(packet, 40, 0xff))]
}
