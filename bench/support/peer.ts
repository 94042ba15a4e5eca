import type { Arena } from '../../src/base/arena.ts'
import { Column, PacketFlag } from '../../src/base/packet-table.ts'
import { put16, put32 } from '../../src/wire/bytes.ts'
import { finish, fold, pseudoHeader, sum } from '../../src/wire/checksum.ts'
import { IPV4_HEADER, Protocol, writeIpv4 } from '../../src/wire/ipv4.ts'
import { add, type Seq, toSeq } from '../../src/wire/seq.ts'
import {
  Flag,
  readSegment,
  Segment,
  TCP_CHECKSUM_OFFSET,
  TCP_HEADER,
  writeTcpHeader,
} from '../../src/wire/tcp.ts'
import {
  putMss,
  putNop,
  putSackPermitted,
  putTimestamps,
  putWindowScale,
} from '../../src/wire/tcp-options.ts'
import type { NullDevice } from './null-device.ts'

export const US = 0x0a090002
export const PEER = 0x0a090001
export const OUR_PORT = 7
const PEER_PORT = 4000

const SEQ = IPV4_HEADER + 4
const ACK = IPV4_HEADER + 8
const TS_VAL = IPV4_HEADER + TCP_HEADER + 4
const CHECKSUM = IPV4_HEADER + TCP_CHECKSUM_OFFSET
/** Two NOPs and timestamps. */
const OPTIONS = 12

/** Initial sequence number just below the wrap. */
const ISS = toSeq(0x7fff_f000)

const WINDOW_SHIFT = 7

/**
 * The other end of one connection: writes its segments into the arena, as a device would have read them. Headers are written once, and
 * what changes from one segment to the next is patched.
 */
export class Peer {
  seq: Seq = ISS
  /** What of ours it acknowledges. */
  ack: Seq = toSeq(0)
  readonly #arena: Arena
  readonly #device: NullDevice
  readonly #flags: number
  /** Sum of what does not change in a slot's segment, the pseudo-header included. */
  readonly #fixed: number[] = []
  readonly #slots: number[] = []
  #payload = 0
  #gsoSize = 0
  #tsEcr = 0

  /** `isChecked`: the device has found the checksums right, or it will. */
  constructor(arena: Arena, device: NullDevice, isChecked: boolean) {
    this.#arena = arena
    this.#device = device
    this.#flags = isChecked ? PacketFlag.ChecksumValid : 0
  }

  /** Lays a SYN into the device's input. */
  open(mss: number): void {
    const { bytes } = this.#arena
    const at = this.#arena.take(256)
    let options = at + IPV4_HEADER + TCP_HEADER
    options = putSackPermitted(bytes, putMss(bytes, options, mss))
    options = putTimestamps(bytes, options, 1, 0)
    options = putWindowScale(bytes, putNop(bytes, options), WINDOW_SHIFT)
    this.#write(at, options - at, Flag.Syn, 65535)
    put16(bytes, at + CHECKSUM, finish(this.#sumOf(at, options - at)))
    this.#row(0, at, options - at)
    this.#device.input.count = 1
    this.seq = add(this.seq, 1)
  }

  /** Takes note of the SYN-ACK, which is what the device was last given. */
  opened(): void {
    const { memory, head, headLength } = this.#device
    const segment = new Segment()
    readSegment(segment, memory, head + IPV4_HEADER, head + headLength)
    this.ack = add(segment.seq, 1)
    this.#tsEcr = segment.tsVal
  }

  /** Makes `slots` segments of `payload` bytes that can be sent in one turn. `window`: bytes that it offers. */
  prepare(slots: number, payload: number, window: number, gsoSize = 0): void {
    const { bytes } = this.#arena
    const length = IPV4_HEADER + TCP_HEADER + OPTIONS + payload
    this.#payload = payload
    this.#gsoSize = gsoSize
    for (let slot = 0; slot < slots; slot++) {
      const at = this.#arena.take(length)
      this.#slots[slot] = at
      putTimestamps(bytes, putNop(bytes, putNop(bytes, at + IPV4_HEADER + TCP_HEADER)), 1, this.#tsEcr)
      for (let i = length - payload; i < length; i++) bytes[at + i] = i
      this.#write(at, length, Flag.Ack, window >> WINDOW_SHIFT)
      put32(bytes, at + SEQ, 0)
      put32(bytes, at + ACK, 0)
      put32(bytes, at + TS_VAL, 0)
      this.#fixed[slot] = fold(this.#sumOf(at, length))
    }
  }

  /** Lays the next segment in sequence into the device's input. */
  send(slot: number, milliseconds: number): void {
    const { bytes } = this.#arena
    const at = this.#slots[slot]!
    const { seq, ack } = this
    put32(bytes, at + SEQ, seq)
    put32(bytes, at + ACK, ack)
    put32(bytes, at + TS_VAL, milliseconds)
    const changing = words(seq) + words(ack) + words(milliseconds)
    put16(bytes, at + CHECKSUM, finish(this.#fixed[slot]! + changing))
    this.#row(slot, at, IPV4_HEADER + TCP_HEADER + OPTIONS + this.#payload)
    this.seq = add(seq, this.#payload)
  }

  #row(slot: number, at: number, length: number): void {
    const { input } = this.#device
    input.set(slot, Column.Head, at)
    input.set(slot, Column.HeadLength, length)
    input.set(slot, Column.Flags, this.#gsoSize === 0 ? this.#flags : this.#flags | PacketFlag.Gso)
    input.set(slot, Column.GsoSize, this.#gsoSize)
  }

  #write(at: number, length: number, flags: number, window: number): void {
    const { bytes } = this.#arena
    const tcp = at + IPV4_HEADER
    let end = tcp + TCP_HEADER
    // The header ends where the payload begins.
    end = (flags & Flag.Syn) !== 0 ? at + length : end + OPTIONS
    writeIpv4(bytes, at, length, 0, 1, 0, 64, Protocol.Tcp, PEER, US)
    writeTcpHeader(bytes, tcp, PEER_PORT, OUR_PORT, this.seq, this.ack, end - tcp, flags, window, 0)
  }

  #sumOf(at: number, length: number): number {
    const { bytes } = this.#arena
    const pseudo = pseudoHeader(PEER, US, Protocol.Tcp, length - IPV4_HEADER)
    return sum(bytes, at + IPV4_HEADER, length - IPV4_HEADER, pseudo)
  }
}

const words = (value: number): number => (value >>> 16) + (value & 0xffff)
