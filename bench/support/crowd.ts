import { Arena } from '../../src/base/arena.ts'
import { Column, PacketFlag } from '../../src/base/packet-table.ts'
import type { Instant } from '../../src/base/time.ts'
import { turn } from '../../src/device/loop.ts'
import { Stack } from '../../src/stack/stack.ts'
import type { Connection, TcpUser } from '../../src/tcp/connection.ts'
import type { Resting } from '../../src/tcp/rest.ts'
import { i32, u16 } from '../../src/wire/bytes.ts'
import { IPV4_HEADER, Protocol, writeIpv4 } from '../../src/wire/ipv4.ts'
import { add, toSeq } from '../../src/wire/seq.ts'
import { Flag, readSegment, Segment, TCP_HEADER, writeTcpHeader } from '../../src/wire/tcp.ts'
import {
  putMss,
  putNop,
  putSackPermitted,
  putTimestamps,
  putWindowScale,
} from '../../src/wire/tcp-options.ts'
import { NullDevice } from './null-device.ts'
import { OUR_PORT, US } from './peer.ts'

const ARENA = 64 * 1024 * 1024
const MTU = 1500
const MSS = 1460
const WINDOW = 0xffff
const WINDOW_SHIFT = 7

/** Peers are at 10.16.0.0 and up, each with so many ports from this one on. */
const FIRST_REMOTE = 0x0a100000
const FIRST_PORT = 1024
const PORTS = 1 << 15

/** Packets of a turn. */
export const BATCH = 64

const DESTINATION = 16
const DESTINATION_PORT = IPV4_HEADER + 2

/** The least that can hold a connection, at our end. */
export class Holder implements TcpUser {
  connection: Connection | Resting

  constructor(connection: Connection) {
    this.connection = connection
    connection.user = this
  }

  changed(): void {}

  holds(c: Connection | Resting): void {
    this.connection = c
  }
}

/** What a peer knows of its connection. */
const Known = { Seq: 0, Ack: 1, Echo: 2 } as const
const KNOWN = 3

/**
 * A stack at 10.9.0.2 and many peers, each with one connection to OUR_PORT, which speak by real segments in turns of up to 64. A peer takes
 * a row of integers: what grows is the stack.
 */
export class Crowd {
  readonly arena = new Arena(ARENA)
  readonly stack: Stack
  readonly device = new NullDevice(this.arena, MTU, false)
  /** Not a small integer, as in a stack that has run for some time. */
  now: Instant = 2 ** 32 + 0.5
  /** Segments that peers were sent. */
  heard = 0
  readonly #known: Int32Array
  readonly #slots: number
  readonly #segment = new Segment()
  #count = 0

  /** For up to `size` peers. */
  constructor(size: number) {
    this.stack = new Stack({ arena: this.arena, address: { address: US, prefix: 8 }, seed: 1, mtu: MTU })
    this.stack.onFault = (error) => {
      throw error
    }
    this.#known = new Int32Array(size * KNOWN)
    this.#slots = this.arena.take(BATCH * 2048)
    const { device } = this
    const push = device.push.bind(device)
    device.push = (headLength, first, firstLength, second, secondLength) => {
      push(headLength, first, firstLength, second, secondLength)
      this.#hear(headLength, firstLength + secondLength)
    }
  }

  /** Lets the peers from `first` on open their connections. */
  open(first: number, count: number): void {
    for (let peer = first; peer < first + count; peer++) this.#known[peer * KNOWN] = 0x7fff_f000
    this.#each(first, count, (peer) => this.#add(peer, Flag.Syn, 0))
    this.#each(first, count, (peer) => this.#add(peer, Flag.Ack, 0))
  }

  /** Each of them sends `payload` bytes. */
  send(first: number, count: number, payload: number): void {
    this.#each(first, count, (peer) => this.#add(peer, Flag.Ack | Flag.Psh, payload))
  }

  /** Each of them acknowledges what it has heard. */
  acknowledge(first: number, count: number): void {
    this.#each(first, count, (peer) => this.#add(peer, Flag.Ack, 0))
  }

  /** Adds a segment of the peer to the turn to come: data, or an acknowledgement. */
  add(peer: number, payload: number): void {
    this.#add(peer, payload === 0 ? Flag.Ack : Flag.Ack | Flag.Psh, payload)
  }

  /** A turn on what was added; some microseconds later than the last one. Returns when the next is due. */
  turn(): Instant {
    this.device.input.count = this.#count
    this.#count = 0
    this.now += 20
    const next = turn(this.stack, this.device, this.now)
    this.device.input.count = 0
    return next
  }

  #each(first: number, count: number, act: (peer: number) => void): void {
    for (let peer = first; peer < first + count; peer++) {
      act(peer)
      if (this.#count === BATCH) this.turn()
    }
    this.turn()
  }

  #add(peer: number, flags: number, payload: number): void {
    const { bytes } = this.arena
    const { input } = this.device
    const at = this.#slots + this.#count * 2048
    const tcp = at + IPV4_HEADER
    const known = peer * KNOWN
    const seq = toSeq(this.#known[known + Known.Seq]!)
    const ack = toSeq(this.#known[known + Known.Ack]!)
    const data = this.#writeOptions(tcp + TCP_HEADER, flags, this.#known[known + Known.Echo]!)
    const end = data + payload
    const isSyn = (flags & Flag.Syn) !== 0
    const window = isSyn ? WINDOW : WINDOW >> WINDOW_SHIFT
    const port = FIRST_PORT + (peer % PORTS)
    writeIpv4(bytes, at, end - at, 0, 1, 0, 64, Protocol.Tcp, remoteOf(peer), US)
    writeTcpHeader(bytes, tcp, port, OUR_PORT, seq, ack, data - tcp, flags, window, 0)
    input.set(this.#count, Column.Head, at)
    input.set(this.#count, Column.HeadLength, end - at)
    input.set(this.#count, Column.Flags, PacketFlag.ChecksumValid)
    input.set(this.#count, Column.GsoSize, 0)
    this.#count++
    this.#known[known + Known.Seq] = add(seq, payload + (isSyn ? 1 : 0))
  }

  #writeOptions(at: number, flags: number, echo: number): number {
    const { bytes } = this.arena
    const clock = Math.floor(this.now / 1000) | 0
    if ((flags & Flag.Syn) === 0) return putTimestamps(bytes, putNop(bytes, putNop(bytes, at)), clock, echo)
    const stamps = putSackPermitted(bytes, putMss(bytes, at, MSS))
    return putWindowScale(bytes, putNop(bytes, putTimestamps(bytes, stamps, clock, 0)), WINDOW_SHIFT)
  }

  #hear(headLength: number, payload: number): void {
    const { memory, head } = this.device
    const remote = i32(memory, head + DESTINATION)
    const peer = (remote - FIRST_REMOTE) * PORTS + u16(memory, head + DESTINATION_PORT) - FIRST_PORT
    const segment = this.#segment
    readSegment(segment, memory, head + IPV4_HEADER, head + headLength)
    const length = payload + (segment.has(Flag.Syn) ? 1 : 0)
    this.#known[peer * KNOWN + Known.Ack] = add(segment.seq, length)
    this.#known[peer * KNOWN + Known.Echo] = segment.tsVal
    this.heard++
  }
}

const remoteOf = (peer: number): number => FIRST_REMOTE + Math.floor(peer / PORTS)
