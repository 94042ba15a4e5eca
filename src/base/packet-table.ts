// hot path: a packet is a row of integers, never an object.

/** Columns of a row; offsets are into the table's `memory`, lengths in bytes. */
export const Column = {
  /** First piece: the headers, or for a received packet the whole of it, from the first byte of the IP header. */
  Head: 0,
  HeadLength: 1,
  /** Second piece: payload, or length 0. */
  First: 2,
  FirstLength: 3,
  /** Third piece: where the payload wraps in its ring, or length 0. */
  Second: 4,
  SecondLength: 5,
  /** Bits of `PacketFlag`. */
  Flags: 6,
  /** Payload bytes of each segment that this packet stands for; 0: it is a single one. */
  GsoSize: 7,
  /** With PacketFlag.NeedsChecksum: sum from this offset (from the IP header's first byte) to the packet's end … */
  ChecksumStart: 8,
  /** … and store it this far from there. The field holds the pseudo-header's sum until then. */
  ChecksumOffset: 9,
} as const

/** Integers in a row. */
export const ROW = 10

export const PacketFlag = {
  /** The transport checksum is still to be filled in (virtio NEEDS_CSUM). Received: trusted, it comes from the local kernel. */
  NeedsChecksum: 1,
  /** The transport checksum was found right by the device (virtio DATA_VALID). */
  ChecksumValid: 2,
  /** GsoSize is the payload size of each TCP segment, or datagram of UDP, within (virtio GSO_TCPV4, GSO_UDP_L4). */
  Gso: 4,
  /** The transport checksum was found wrong by the device. */
  ChecksumBad: 8,
} as const

/** A batch of packets in one memory: what a device has read, or is to write. */
export class PacketTable {
  readonly memory: Uint8Array
  readonly capacity: number
  /** `capacity` rows of ROW integers. */
  readonly rows: Int32Array
  count = 0

  constructor(memory: Uint8Array, capacity: number) {
    this.memory = memory
    this.capacity = capacity
    this.rows = new Int32Array(capacity * ROW)
  }

  get(row: number, column: number): number {
    return this.rows[row * ROW + column]!
  }

  set(row: number, column: number, value: number): void {
    this.rows[row * ROW + column] = value
  }

  /** Bytes of the packet in the row, all pieces together. */
  length(row: number): number {
    const at = row * ROW
    return (
      this.rows[at + Column.HeadLength]! +
      this.rows[at + Column.FirstLength]! +
      this.rows[at + Column.SecondLength]!
    )
  }
}
