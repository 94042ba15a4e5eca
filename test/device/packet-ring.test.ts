import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { Column, PacketFlag, PacketTable } from '../../src/base/packet-table.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { PacketRing } from '../../src/device/packet-ring.ts'
import { packetOf, rowsOf } from '../support/packet-rows.ts'
import { pattern } from '../support/packets.ts'

const LARGEST = 65_535

/** Both ends of a ring, each as a thread of its own would have it. */
function make(size?: number): { writer: PacketRing; reader: PacketRing; into: PacketTable } {
  const memory = PacketRing.memory(size)
  const into = new PacketTable(new Uint8Array(1 << 20), 64)
  return { writer: new PacketRing(memory), reader: new PacketRing(memory), into }
}

function takeAll(reader: PacketRing, into: PacketTable): Uint8Array[] {
  into.count = 0
  let at = 0
  for (let length = reader.take(into, at); length !== -1; length = reader.take(into, at)) at += length
  return Array.from({ length: into.count }, (_, row) => packetOf(into, row))
}

const isSame = (packets: Uint8Array[], wanted: Uint8Array[]): boolean =>
  packets.length === wanted.length && packets.every((packet, i) => Buffer.compare(packet, wanted[i]!) === 0)

test('packets come out as they went in, in order, each in one piece', () => {
  const { writer, reader, into } = make()
  const packets = [0, 1, 3, 4, 60, 65, 1500, LARGEST].map((length, i) => pattern(length, i))
  const table = rowsOf(packets)
  expect(reader.isEmpty).toBe(true)
  for (let row = 0; row < packets.length; row++) expect(writer.push(table, row)).toBe(true)
  expect(reader.isEmpty).toBe(false)
  expect(takeAll(reader, into)).toEqual(packets)
  expect(reader.isEmpty).toBe(true)
  expect(reader.take(into, 0)).toBe(-1)
})

test('what the device said of a packet goes with it', () => {
  const { writer, reader, into } = make()
  const table = rowsOf([pattern(9000)], PacketFlag.NeedsChecksum | PacketFlag.Gso)
  table.set(0, Column.GsoSize, 1448)
  table.set(0, Column.ChecksumStart, 20)
  table.set(0, Column.ChecksumOffset, 16)
  writer.push(table, 0)
  reader.take(into, 128)
  expect(into.get(0, Column.Head)).toBe(128)
  for (const column of [Column.Flags, Column.GsoSize, Column.ChecksumStart, Column.ChecksumOffset]) {
    expect(into.get(0, column)).toBe(table.get(0, column))
  }
})

test('a full ring takes nothing more, and loses nothing of what it has', () => {
  const { writer, reader, into } = make(4096)
  const table = rowsOf(Array.from({ length: 30 }, (_, i) => pattern(300, i)))
  let taken = 0
  while (writer.push(table, taken)) taken++
  expect(taken).toBe(12)
  expect(writer.push(table, 20)).toBe(false)
  expect(takeAll(reader, into)).toEqual(Array.from({ length: taken }, (_, i) => pattern(300, i)))
  expect(writer.push(table, 20)).toBe(true)
})

test('packets of any length pass for ever, past the end of the ring and of its positions', () => {
  const memory = PacketRing.memory(8192)
  // Positions are 32 bits, and begin here shortly before they turn negative.
  const start = 0x7fff_f000
  new Int32Array(memory, 0, 32)[0] = start
  new Int32Array(memory, 0, 32)[16] = start
  const writer = new PacketRing(memory)
  const reader = new PacketRing(memory)
  const into = new PacketTable(new Uint8Array(1 << 20), 64)
  const random = new SeededRandom(3)
  const waiting: Uint8Array[] = []
  let wrong = 0
  for (let i = 0; i < 3000; i++) {
    const packet = pattern(random.below(2000), i)
    if (writer.push(rowsOf([packet]), 0)) waiting.push(packet)
    if (random.below(3) > 0) continue
    wrong += isSame(takeAll(reader, into), waiting) ? 0 : 1
    waiting.length = 0
  }
  expect(wrong).toBe(0)
})

test('who takes a dead thread’s place goes on where it stopped', () => {
  const memory = PacketRing.memory()
  const table = rowsOf([pattern(100, 1), pattern(200, 2), pattern(300, 3)])
  const into = new PacketTable(new Uint8Array(1 << 16), 8)
  new PacketRing(memory).push(table, 0)
  new PacketRing(memory).push(table, 1)
  new PacketRing(memory).take(into, 0)
  new PacketRing(memory).push(table, 2)
  expect(takeAll(new PacketRing(memory), into)).toEqual([pattern(200, 2), pattern(300, 3)])
})

test('two threads, one writing and one reading, agree on every byte', { timeout: 20_000 }, async () => {
  const COUNT = 5000
  const memory = PacketRing.memory(1 << 16)
  const source = `
    const { workerData } = require('node:worker_threads')
    import(workerData.ring).then(({ PacketRing }) => {
      const bytes = new Uint8Array(2048)
      const rows = new Int32Array(10)
      const ring = new PacketRing(workerData.memory)
      for (let i = 0; i < ${COUNT}; i++) {
        const length = 4 + ((i * 37) % 1500)
        bytes.fill(i, 0, length)
        rows[1] = length
        while (!ring.push({ memory: bytes, rows }, 0));
      }
    })`
  const ring = new URL('../../dist/device/packet-ring.js', import.meta.url).href
  const worker = new Worker(source, { eval: true, workerData: { memory, ring } })
  const failed = new Promise<never>((_, reject) => worker.on('error', reject))
  const reader = new PacketRing(memory)
  const into = new PacketTable(new Uint8Array(4096), 1)
  let wrong = 0
  for (let i = 0; i < COUNT; ) {
    into.count = 0
    const length = reader.take(into, 0)
    if (length === -1) {
      await Promise.race([failed, new Promise((resolve) => setImmediate(resolve))])
      continue
    }
    const wanted = Buffer.alloc(4 + ((i * 37) % 1500), i)
    if (Buffer.compare(into.memory.subarray(0, length), wanted) !== 0) wrong++
    i++
  }
  await worker.terminate()
  expect(wrong).toBe(0)
})
