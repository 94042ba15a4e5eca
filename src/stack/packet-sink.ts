/** Bytes that a packet's head (IP and transport headers) may take. */
export const HEAD_ROOM = 128

/** What the stack transmits to: a device's output, or the stack's own ring of replies. */
export interface PacketSink {
  /** The arena's bytes, in which heads are written and payload ranges lie. */
  readonly memory: Uint8Array
  /** Largest packet, bytes, when it is not a super-segment. */
  readonly mtu: number
  /** Takes TCP super-segments of up to 65,535 bytes, marked with their `gsoSize`. */
  readonly segmentationOffload: boolean
  /** Offset of HEAD_ROOM free bytes for the next packet's head, or -1 when there is no room: the packet is then dropped. */
  room(): number
  /**
   * Queues the packet whose first `headLength` bytes were written at `room()`, followed by up to two ranges of `memory`.
   * `flags` are PacketFlag bits; checksum offsets as in PacketTable. Ranges must stay as they are until the turn's flush.
   */
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
