/** Why a reader refused a packet: malformed is a code, never an exception. The caller counts it. */
export const Drop = {
  None: 0,
  /** Fewer bytes than the fixed header. */
  TooShort: 1,
  /** The IP version is not 4. */
  BadVersion: 2,
  /** A header length (IHL, data offset) below its minimum or beyond the packet. */
  BadHeaderLength: 3,
  /** The IP total length is below the header's or above what was read. */
  BadTotalLength: 4,
  BadChecksum: 5,
  /** An option list that could not be read to its end; what was read of it holds, and the packet is usable. */
  BadOption: 6,
  /** The UDP length is below 8 or above what the IP packet holds. */
  BadLength: 7,
} as const

export type Drop = (typeof Drop)[keyof typeof Drop]

const NAMES = Object.keys(Drop)

/** The code's name, to print. */
export const dropName = (d: Drop): string => NAMES[d] ?? `Drop(${d})`
