import type { Arena } from '../../src/base/arena.ts'
import { Column, PacketFlag, PacketTable } from '../../src/base/packet-table.ts'
import type { Random } from '../../src/base/random.ts'
import type { Instant } from '../../src/base/time.ts'
import { splitSegment } from '../../src/conformance/split-segment.ts'
import type { CaptureWriter } from '../../src/device/capture.ts'
import { completeChecksum, gather, lengthOf, type Rows } from '../../src/device/gather.ts'
import { NO_IMPAIRMENTS } from '../../src/device/impairments.ts'
import { Path } from '../../src/device/path.ts'
import { IcmpType, UnreachableCode } from '../../src/wire/icmp.ts'
import { DONT_FRAGMENT, IPV4_HEADER, Protocol } from '../../src/wire/ipv4.ts'
import { fragmentsOf, icmpPacket, resum } from '../support/packets.ts'
import type { Way } from './plan.ts'

const LARGEST = 65_536 + 64
const FRAGMENT = 6
const TOS = 1
const PROTOCOL = 9
const SOURCE = 12
const DESTINATION = 16
const CONGESTION_EXPERIENCED = 3
/** As the kernel hands them over. */
const GROUPS = [1, 2, 7, 45]

/** What a router quotes of a packet (RFC 792). */
const QUOTED = 28

/**
 * One direction of a way on which everything happens that happens on the Internet, and at its ends: super-segments are cut and put together,
 * packets are too large, marked, slandered, or fall into an outage.
 */
export class Road extends Path {
  /** The way back, by which routers answer. */
  back: Road | undefined
  /** Largest packet that gets through. */
  mtu = LARGEST
  /** For so many reasons nothing gets through. */
  cuts = 0
  /** Whoever it leads to takes super-segments. */
  takesSuperSegments = false
  /** Sees every packet that is sent. */
  witness: Pick<CaptureWriter, 'packet'> | undefined
  /** As tcpdump would see them at the sender, and at the receiver. */
  departures: CaptureWriter | undefined
  arrivals: CaptureWriter | undefined
  /** Packets that a host has sent, before anything happened to them. */
  departed = 0
  readonly #way: Way
  readonly #random: Random
  readonly #one = new PacketTable(new Uint8Array(LARGEST), 1)

  constructor(arena: Arena, random: Random, way: Way) {
    const { delay = 0, rate = 0 } = way
    const impairments = { ...NO_IMPAIRMENTS, ...way.impairments, delay, rate }
    super(arena, random, { impairments, queue: way.queue, capacity: way.capacity })
    this.#way = way
    this.#random = random
  }

  override send(table: Rows, row: number, now: Instant): void {
    this.departed++
    this.witness?.packet(table, row, false, now)
    this.departures?.packet(table, row, false, now)
    if (this.cuts > 0) return
    const { marks, slander } = this.#way
    const size = table.rows[row * 10 + Column.GsoSize]!
    if (size === 0 && lengthOf(table, row) <= this.mtu && marks + slander === 0) super.send(table, row, now)
    else this.#sendCopy(copyOf(table, row), size, now)
  }

  override take(now: Instant): number {
    const row = super.take(now)
    if (row !== -1) this.arrivals?.packet(this.table, row, true, now)
    return row
  }

  /** A packet of a router's. */
  inject(packet: Uint8Array, now: Instant): void {
    if (this.cuts === 0) this.#forward(packet, 0, now)
  }

  #sendCopy(packet: Uint8Array, size: number, now: Instant): void {
    if (this.#chance(this.#way.slander)) this.#slander(packet, now)
    const tos = packet[TOS]!
    if ((tos & 3) !== 0 && this.#chance(this.#way.marks)) {
      packet[TOS] = tos | CONGESTION_EXPERIENCED
      resum(packet)
    }
    if (size === 0) this.#squeeze(packet, now)
    else this.#sendSuperSegment(packet, size, now)
  }

  /** In pieces of one or, where they are taken, of several segments. */
  #sendSuperSegment(packet: Uint8Array, size: number, now: Instant): void {
    const isWhole = this.takesSuperSegments && this.mtu >= 1500
    const group = isWhole ? GROUPS[this.#random.below(GROUPS.length)]! : 1
    for (const piece of splitSegment(packet, size * group)) {
      if (group === 1) this.#squeeze(piece, now)
      else this.#forward(piece, piece.length > size + 60 ? size : 0, now)
    }
  }

  /** Through where the way is narrow. */
  #squeeze(packet: Uint8Array, now: Instant): void {
    const bits = (packet[FRAGMENT]! << 8) | packet[FRAGMENT + 1]!
    if (packet.length <= this.mtu) this.#forward(packet, 0, now)
    else if ((bits & DONT_FRAGMENT) !== 0) this.#complain(packet, now)
    else if (bits === 0) {
      for (const piece of fragmentsOf(packet, (this.mtu - IPV4_HEADER) & ~7)) this.#forward(piece, 0, now)
    }
  }

  #complain(packet: Uint8Array, now: Instant): void {
    if (this.#way.isSilent) return
    const mtu = this.#way.isOldRouter ? 0 : this.mtu
    this.#tell(IcmpType.Unreachable, UnreachableCode.FragmentationNeeded, mtu, packet, now)
  }

  #slander(packet: Uint8Array, now: Instant): void {
    const { slanders } = this.#way
    const [type, code] = slanders[this.#random.below(slanders.length)]!
    this.#tell(type, code, 0, packet, now)
  }

  #tell(type: number, code: number, rest: number, packet: Uint8Array, now: Instant): void {
    if (packet[PROTOCOL] !== Protocol.Tcp) return
    const view = new DataView(packet.buffer, packet.byteOffset)
    const between = { source: view.getInt32(DESTINATION), destination: view.getInt32(SOURCE) }
    this.back?.inject(icmpPacket(type, code, rest, packet.subarray(0, QUOTED), between), now)
  }

  #forward(packet: Uint8Array, size: number, now: Instant): void {
    const one = this.#one
    one.memory.set(packet)
    one.set(0, Column.Head, 0)
    one.set(0, Column.HeadLength, packet.length)
    one.set(0, Column.Flags, size === 0 ? 0 : PacketFlag.Gso | PacketFlag.ChecksumValid)
    one.set(0, Column.GsoSize, size)
    super.send(one, 0, now)
  }

  #chance(probability: number): boolean {
    return probability > 0 && this.#random.fraction() < probability
  }
}

/** The packet in the row, whole and with its checksum. */
function copyOf(table: Rows, row: number): Uint8Array {
  const copy = new Uint8Array(lengthOf(table, row))
  gather(table, row, copy, 0)
  completeChecksum(table, row, copy, 0, copy.length)
  return copy
}
