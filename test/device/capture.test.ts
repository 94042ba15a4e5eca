import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Column, PacketFlag } from '../../src/base/packet-table.ts'
import { MILLISECOND, NEVER, SECOND } from '../../src/base/time.ts'
import type { CaptureWriter, TakeBytes } from '../../src/device/capture.ts'
import { PcapWriter } from '../../src/device/pcap.ts'
import { PcapngWriter } from '../../src/device/pcapng.ts'
import { TappedDevice } from '../../src/device/tap.ts'
import { put16 } from '../../src/wire/bytes.ts'
import { pseudoHeader } from '../../src/wire/checksum.ts'
import { IPV4_HEADER, Protocol } from '../../src/wire/ipv4.ts'
import { Flag, TCP_CHECKSUM_OFFSET } from '../../src/wire/tcp.ts'
import { MemoryBench } from '../support/memory-bench.ts'
import { rowsOf } from '../support/packet-rows.ts'
import { echoRequest, PEER, pattern, tcpPacket, US, udpPacket } from '../support/packets.ts'

/** 2026-11-05 12:00:00 UTC, in microseconds. */
const EPOCH = Date.UTC(2026, 10, 5, 12) * 1000
const PACKETS = [
  udpPacket(pattern(33)),
  echoRequest(pattern(56)),
  tcpPacket(pattern(1460), { flags: Flag.Ack }),
]

class File {
  readonly pieces: Buffer[] = []
  isFull = false
  readonly take: TakeBytes = (bytes) => {
    if (!this.isFull) this.pieces.push(Buffer.from(bytes))
    return !this.isFull
  }
  get bytes(): Buffer {
    return Buffer.concat(this.pieces)
  }
}

function write(writer: CaptureWriter, packets = PACKETS): void {
  const table = rowsOf(packets)
  for (let row = 0; row < packets.length; row++) writer.packet(table, row, row % 2 === 0, row * 1_500_000.25)
  writer.flush()
}

/** What tshark says of the file, a line a packet; undefined where it is not installed and nobody insists. */
function dissect(bytes: Buffer, ...fields: string[]): string[] | undefined {
  const checks = ['ip', 'tcp', 'udp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`])
  const wanted = fields.flatMap((field) => ['-e', field])
  const folder = mkdtempSync(join(tmpdir(), 'tunstack-'))
  try {
    const path = join(folder, 'capture')
    writeFileSync(path, bytes)
    const args = ['-r', path, '-T', 'fields', '-E', 'separator=,', ...wanted, ...checks]
    const done = spawnSync('tshark', args, { encoding: 'utf8' })
    if (done.error !== undefined && process.env.TUNSTACK_REQUIRE !== 'tools') return undefined
    if (done.status !== 0) throw done.error ?? new Error(done.stderr)
    return done.stdout.trimEnd().split('\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('pcap', () => {
  test('[draft-ietf-opsawg-pcap §4] the file header, and a header before each packet', () => {
    const file = new File()
    write(new PcapWriter(file.take, { epoch: EPOCH }))
    const { bytes } = file
    expect(bytes.readUInt32LE(0)).toBe(0xa1b2c3d4)
    expect([bytes.readUInt16LE(4), bytes.readUInt16LE(6)]).toEqual([2, 4])
    expect(bytes.readUInt32LE(20)).toBe(101)
    let at = 24
    PACKETS.forEach((packet, i) => {
      const micros = EPOCH + i * 1_500_000
      expect(bytes.readUInt32LE(at)).toBe(Math.floor(micros / 1e6))
      expect(bytes.readUInt32LE(at + 4)).toBe(micros % 1e6)
      expect(bytes.readUInt32LE(at + 8)).toBe(packet.length)
      expect(bytes.readUInt32LE(at + 12)).toBe(packet.length)
      expect(bytes.subarray(at + 16, at + 16 + packet.length).equals(packet)).toBe(true)
      at += 16 + packet.length
    })
    expect(bytes.length).toBe(at)
  })

  test('nanoseconds have a magic number of their own', () => {
    const file = new File()
    write(new PcapWriter(file.take, { epoch: EPOCH, nanoseconds: true }))
    expect(file.bytes.readUInt32LE(0)).toBe(0xa1b23c4d)
    const second = 24 + 16 + PACKETS[0]!.length
    expect(file.bytes.readUInt32LE(second + 4)).toBe(500_000_250)
  })

  test('of long packets only the beginning is kept', () => {
    const file = new File()
    write(new PcapWriter(file.take, { epoch: EPOCH, snapLength: 64 }))
    expect(file.bytes.readUInt32LE(16)).toBe(64)
    const third = 24 + 2 * 16 + PACKETS[0]!.length + 64
    expect(file.bytes.readUInt32LE(third + 8)).toBe(64)
    expect(file.bytes.readUInt32LE(third + 12)).toBe(1500)
    expect(file.bytes.length).toBe(third + 16 + 64)
  })

  test('the buffer is handed over when full, and what is refused is counted', () => {
    const file = new File()
    const writer = new PcapWriter(file.take, { epoch: 0, bufferSize: 70_000 })
    const table = rowsOf([PACKETS[2]!])
    for (let i = 0; i < 100; i++) writer.packet(table, 0, true, i)
    expect(file.pieces.length).toBe(2)
    file.isFull = true
    writer.flush()
    expect(writer.dropped).toBe(100 - Math.floor((file.bytes.length - 24) / 1516))
    expect(writer.isPending).toBe(false)
  })
})

describe('pcapng', () => {
  test('[draft-ietf-opsawg-pcapng §3.1] blocks have their length at both ends', () => {
    const file = new File()
    write(new PcapngWriter(file.take, { epoch: EPOCH, interfaceName: 'tun0' }))
    const types: number[] = []
    for (let at = 0; at < file.bytes.length; ) {
      const size = file.bytes.readUInt32LE(at + 4)
      expect(size % 4).toBe(0)
      expect(file.bytes.readUInt32LE(at + size - 4)).toBe(size)
      types.push(file.bytes.readUInt32LE(at))
      at += size
    }
    expect(types).toEqual([0x0a0d0d0a, 1, 6, 6, 6])
  })
})

describe('as tshark reads them', () => {
  const fields = ['frame.time_epoch', 'frame.len', 'frame.protocols', '_ws.malformed']
  const stamps = [0, 1_500_000.25, 3_000_000.5].map((now) =>
    (BigInt(EPOCH) * 1000n + BigInt(now * 1000)).toString(),
  )
  const stamp = (i: number, isNano: boolean): string => {
    const units = stamps[i]!
    return `${units.slice(0, 10)}.${isNano ? units.slice(10) : `${units.slice(10, 16)}000`}`
  }
  const lines = (isNano: boolean): string[] => [
    `${stamp(0, isNano)},61,raw:ip:udp:echo,`,
    `${stamp(1, isNano)},84,raw:ip:icmp:data,`,
    `${stamp(2, isNano)},1500,raw:ip:tcp:echo,`,
  ]

  test.each([false, true])('pcap, nanoseconds: %s', (nanoseconds) => {
    const file = new File()
    write(new PcapWriter(file.take, { epoch: EPOCH, nanoseconds }))
    const said = dissect(file.bytes, ...fields)
    if (said !== undefined) expect(said).toEqual(lines(nanoseconds))
  })

  test.each([false, true])('pcapng, nanoseconds: %s', (nanoseconds) => {
    const file = new File()
    write(new PcapngWriter(file.take, { epoch: EPOCH, nanoseconds, interfaceName: 'tun0' }))
    const said = dissect(file.bytes, ...fields, 'frame.interface_name', 'frame.packet_flags_direction')
    const ends = ['tun0,0x00000001', 'tun0,0x00000002', 'tun0,0x00000001']
    if (said !== undefined) expect(said).toEqual(lines(nanoseconds).map((line, i) => `${line},${ends[i]}`))
  })

  test('a super-segment with its checksum left to do is whole, and right', () => {
    const file = new File()
    const packet = tcpPacket(pattern(60_000), { flags: Flag.Ack })
    const pseudo = pseudoHeader(PEER, US, Protocol.Tcp, packet.length - IPV4_HEADER)
    put16(packet, IPV4_HEADER + TCP_CHECKSUM_OFFSET, pseudo)
    const table = rowsOf([packet], PacketFlag.NeedsChecksum | PacketFlag.Gso)
    table.set(0, Column.GsoSize, 1460)
    table.set(0, Column.ChecksumStart, IPV4_HEADER)
    table.set(0, Column.ChecksumOffset, TCP_CHECKSUM_OFFSET)
    const writer = new PcapngWriter(file.take, { epoch: EPOCH, interfaceName: 'tun0' })
    writer.packet(table, 0, true, 0)
    writer.flush()
    const said = dissect(file.bytes, 'ip.len', 'tcp.checksum.status', 'ip.checksum.status')
    if (said !== undefined) expect(said).toEqual(['60040,1,1'])
  })
})

describe('a tap', () => {
  test('sees packets in both directions at their time, and hands them over a fifth of a second later', () => {
    const file = new File()
    const bench = new MemoryBench()
    const device = new TappedDevice(
      bench.device,
      new PcapngWriter(file.take, { epoch: 0, interfaceName: 'mem0' }),
    )
    device.advance(SECOND)
    expect(device.nextDeadline()).toBe(NEVER)
    bench.arrive([PACKETS[0]!])
    device.readBatch()
    device.memory.set(PACKETS[1]!.subarray(0, 28), device.room())
    const payload = bench.arena.take(56)
    device.memory.set(PACKETS[1]!.subarray(28), payload)
    device.push(28, payload, 56, 0, 0, 0, 0, 0, 0)
    device.flush()
    expect(device.nextDeadline()).toBe(SECOND + 200 * MILLISECOND)
    expect(file.bytes.length).toBe(0)
    device.advance(SECOND + 200 * MILLISECOND)
    expect(device.nextDeadline()).toBe(NEVER)
    const said = dissect(file.bytes, 'frame.time_epoch', 'frame.len', 'frame.packet_flags_direction')
    if (said !== undefined) {
      expect(said).toEqual(['1.000000000,61,0x00000001', '1.000000000,84,0x00000002'])
    }
  })
})
