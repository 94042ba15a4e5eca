import { Arena } from '../../src/base/arena.ts'
import { Column, PacketTable } from '../../src/base/packet-table.ts'
import type { Instant } from '../../src/base/time.ts'
import { Stack, type StackOptions } from '../../src/stack/stack.ts'
import { US } from './packets.ts'
import { RecordingSink, type Sent } from './recording-sink.ts'

/** Bytes of the slab into which packets are laid, as a device would. */
const SLAB = 1 << 20

/** A stack at 10.9.0.2/24 with a recording device: packets in, packets out, in virtual time. */
export class BenchStack {
  readonly arena = new Arena(16 * 1024 * 1024)
  readonly stack: Stack
  readonly sink: RecordingSink
  readonly faults: unknown[] = []
  now: Instant = 0
  readonly #slab: number
  readonly #table: PacketTable

  constructor(options: Partial<StackOptions> = {}) {
    this.stack = new Stack({ arena: this.arena, address: { address: US, prefix: 24 }, seed: 1, ...options })
    this.stack.onFault = (error) => this.faults.push(error)
    this.sink = new RecordingSink(this.arena, options.mtu)
    this.#slab = this.arena.take(SLAB)
    this.#table = new PacketTable(this.arena.bytes, 1024)
  }

  /** One turn in which the packets arrive; what was sent in it. */
  turn(...packets: Uint8Array[]): Sent[] {
    return this.turnWith(0, 0, ...packets)
  }

  /** As `turn`, with PacketFlag bits and a GSO size on each packet. */
  turnWith(flags: number, gsoSize: number, ...packets: Uint8Array[]): Sent[] {
    this.receive(flags, gsoSize, packets)
    this.stack.advance(this.now)
    this.stack.runApplications()
    this.stack.transmit(this.sink, this.now)
    return this.sink.take()
  }

  /** Only takes packets in. */
  receive(flags: number, gsoSize: number, packets: Uint8Array[]): void {
    let at = this.#slab
    packets.forEach((packet, row) => {
      this.arena.bytes.set(packet, at)
      this.#table.set(row, Column.Head, at)
      this.#table.set(row, Column.HeadLength, packet.length)
      this.#table.set(row, Column.Flags, flags)
      this.#table.set(row, Column.GsoSize, gsoSize)
      at += packet.length
      this.stack.receive(this.#table, row, this.now)
    })
  }
}
