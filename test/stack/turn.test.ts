import { expect, test } from 'vitest'
import { Arena } from '../../src/base/arena.ts'
import { Column, PacketTable } from '../../src/base/packet-table.ts'
import type { Device } from '../../src/device/device.ts'
import { turn } from '../../src/device/loop.ts'
import { Stack } from '../../src/stack/stack.ts'
import { UdpMessage } from '../../src/udp/receive-queue.ts'
import { echoRequest, pattern, US, udpPacket } from '../support/packets.ts'
import { RecordingSink } from '../support/recording-sink.ts'

/** A device whose batches are given, and that notes what is asked of it in order. */
class ScriptedDevice extends RecordingSink implements Device {
  readonly name = 'test'
  readonly input: PacketTable
  readonly log: string[] = []
  batch: Uint8Array[] = []
  readonly #slab: number

  constructor(arena: Arena) {
    super(arena)
    this.#slab = arena.take(65536)
    this.input = new PacketTable(arena.bytes, 16)
  }

  readBatch(): number {
    this.log.push('read')
    // What the batch before held is no longer valid.
    this.memory.fill(0xee, this.#slab, this.#slab + 65536)
    this.batch.forEach((packet, row) => {
      this.memory.set(packet, this.#slab + row * 2048)
      this.input.set(row, Column.Head, this.#slab + row * 2048)
      this.input.set(row, Column.HeadLength, packet.length)
    })
    return this.batch.splice(0).length
  }

  override push(...args: Parameters<RecordingSink['push']>): void {
    this.log.push('push')
    super.push(...args)
  }

  flush(): void {
    this.log.push('flush')
  }
}

test('a batch is received, applications answer in the same turn, and it is flushed once', () => {
  const arena = new Arena(1 << 22)
  const stack = new Stack({ arena, address: { address: US, prefix: 24 }, seed: 1 })
  const device = new ScriptedDevice(arena)
  const socket = stack.udp.open()
  socket.bind(0, 7)
  const message = new UdpMessage()
  const buffer = new Uint8Array(2048)
  socket.onReady = () => {
    const length = socket.receive(message, buffer, 0, buffer.length)
    socket.send(buffer, 0, length, message.source, message.sourcePort)
  }
  device.batch = [echoRequest(pattern(8)), udpPacket(pattern(9))]
  expect(turn(stack, device, 10)).toBe(Number.POSITIVE_INFINITY)
  expect(device.log).toEqual(['read', 'push', 'push', 'flush'])
  const [reply, echo] = device.take()
  expect(reply!.bytes.subarray(28)).toEqual(pattern(8))
  expect(echo!.bytes.subarray(28)).toEqual(pattern(9))
})
