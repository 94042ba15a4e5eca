import type { PacketTable } from '../base/packet-table.ts'
import type { PacketSink } from '../stack/packet-sink.ts'

/** Where packets come from and go to: the TUN device, a simulated link, or a capture wrapped around either. */
export interface Device extends PacketSink {
  readonly name: string
  /** What the last `readBatch` read: packets in one piece each, from the IP header's first byte. */
  readonly input: PacketTable
  /** Reads up to a batch of packets; returns their number. The bytes of the batch before become invalid. */
  readBatch(): number
  /** Writes what was pushed since the last flush. */
  flush(): void
}
