// hot path: int32 all the way; a subtraction that wraps is the comparison (RFC 9293 §3.4).

/** A sequence number: 32 bits as int32, so that arithmetic stays in machine integers. Never compare two with `<`. */
export type Seq = number & { readonly __brand: 'Seq' }

/** The low 32 bits of `n`. */
export const toSeq = (n: number): Seq => (n | 0) as Seq

export const add = (s: Seq, n: number): Seq => ((s + n) | 0) as Seq

/** How far `to` lies after `from`; negative when before. Meaningful while they are less than 2^31 apart. */
export const distance = (from: Seq, to: Seq): number => (to - from) | 0

export const before = (a: Seq, b: Seq): boolean => ((a - b) | 0) < 0

export const beforeOrAt = (a: Seq, b: Seq): boolean => ((b - a) | 0) >= 0

export const after = (a: Seq, b: Seq): boolean => ((b - a) | 0) < 0

export const afterOrAt = (a: Seq, b: Seq): boolean => ((a - b) | 0) >= 0

/** `left <= s < left + size`, `size` up to 2^32 - 1; an empty window holds nothing. */
export const inWindow = (s: Seq, left: Seq, size: number): boolean => (s - left) >>> 0 < size

/** The later of two. */
export const later = (a: Seq, b: Seq): Seq => (((b - a) | 0) > 0 ? b : a)

/** The earlier of two. */
export const earlier = (a: Seq, b: Seq): Seq => (((b - a) | 0) < 0 ? b : a)

/** 0 to 2^32 - 1, to print. */
export const unsigned = (s: Seq): number => s >>> 0
