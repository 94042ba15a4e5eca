import type { Arena } from '../../src/base/arena.ts'
import { PacketTable } from '../../src/base/packet-table.ts'
import type { Device } from '../../src/device/device.ts'
import { HEAD_ROOM } from '../../src/stack/packet-sink.ts'

/** A device whose packets are laid into `input` by hand; it forgets what is sent, but for the last head and the sums. */
export class NullDevice implements Device {
  readonly name = 'null'
  readonly memory: Uint8Array
  readonly mtu: number
  readonly segmentationOffload: boolean
  readonly input: PacketTable
  /** Where the last head was written. */
  readonly head: number
  packets = 0
  /** Of the last packet that was sent. */
  headLength = 0
  payloadLength = 0

  constructor(arena: Arena, mtu: number, segmentationOffload: boolean) {
    this.memory = arena.bytes
    this.mtu = mtu
    this.segmentationOffload = segmentationOffload
    this.input = new PacketTable(arena.bytes, 64)
    this.head = arena.take(HEAD_ROOM)
  }

  readBatch(): number {
    return this.input.count
  }

  room(): number {
    return this.head
  }

  push(headLength: number, _first: number, firstLength: number, _second: number, secondLength: number): void {
    this.packets++
    this.headLength = headLength
    this.payloadLength = firstLength + secondLength
  }

  flush(): void {}
}
