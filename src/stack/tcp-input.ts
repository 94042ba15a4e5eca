// hot path: one Segment record is refilled for each packet.
import { PacketFlag } from '../base/packet-table.ts'
import type { Instant } from '../base/time.ts'
import type { Packet } from '../ip/packet.ts'
import type { TcpCounters } from '../tcp/counters.ts'
import type { Tcp } from '../tcp/tcp.ts'
import { Drop } from '../wire/drop.ts'
import { readSegment, Segment, verifySegment } from '../wire/tcp.ts'
import type { StackCounters } from './counters.ts'

/** Reads segments for TCP, and drops what is none, or is addressed to more than one host (MUST-57). */
export class TcpInput {
  readonly #segment = new Segment()
  readonly #counters: StackCounters
  readonly #tcp: TcpCounters

  constructor(counters: StackCounters, tcp: TcpCounters) {
    this.#counters = counters
    this.#tcp = tcp
  }

  receive(packet: Packet, tcp: Tcp, now: Instant): void {
    if (!packet.isUnicast) {
      this.#counters.TcpNotUnicast++
      return
    }
    this.#tcp.InSegs++ // as on Linux, a bad segment is a received one too
    const { header, memory, payload, end } = packet
    const segment = this.#segment
    const drop = readSegment(segment, memory, payload, end)
    if (drop !== Drop.None) {
      this.#tcp.InErrs++
      return
    }
    if (!this.#isIntact(packet)) {
      this.#tcp.InCsumErrors++
      this.#tcp.InErrs++
      return
    }
    segment.source = header.source
    segment.destination = header.destination
    segment.tos = header.tos
    segment.gsoSize = packet.gsoSize
    tcp.receive(segment, now)
  }

  /** The checksum is right, or known to be: by the device, or because the segment comes from this machine. */
  #isIntact(packet: Packet): boolean {
    if ((packet.flags & PacketFlag.ChecksumBad) !== 0) return false
    if ((packet.flags & (PacketFlag.NeedsChecksum | PacketFlag.ChecksumValid)) !== 0) return true
    const { header, memory, payload, end } = packet
    return verifySegment(memory, payload, end, header.source, header.destination)
  }
}
