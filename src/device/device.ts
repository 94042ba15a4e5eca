import type { PacketTable } from '../base/packet-table.ts'
import type { Instant } from '../base/time.ts'
import type { PacketSink } from '../stack/packet-sink.ts'

/** Where packets come from and go to: the TUN device, a simulated link, or a capture wrapped around either. */
export interface Device extends PacketSink {
  readonly name: string
  /** What the last `readBatch` read: packets in one piece each, from the IP header's first byte. */
  readonly input: PacketTable
  /** False when the last batch was full: there may be more to read. A device that does not say is always drained. */
  readonly isDrained?: boolean
  /** Reads up to a batch of packets; returns their number. The bytes of the batch before become invalid. */
  readBatch(): number
  /** Writes what was pushed since the last flush. */
  flush(): void
  /** Tells a device that holds packets back what time it is, at the beginning of each turn. */
  advance?(now: Instant): void
  /** When such a device has a packet to deliver or to send, or NEVER: a turn is due then. */
  nextDeadline?(): Instant
}
