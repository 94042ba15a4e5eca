import type { Arena } from '../base/arena.ts'
import { FlowTable, NO_FLOW } from '../base/flow-table.ts'
import type { Random } from '../base/random.ts'
import { type Instant, NEVER, SECOND } from '../base/time.ts'
import type { IpCounters } from './counters.ts'
import type { Packet } from './packet.ts'
import { PartialDatagram } from './partial-datagram.ts'
import type { IpSysctls } from './sysctls.ts'

/** What reassembly asks of the stack around it. */
export interface ReassemblyHost {
  readonly arena: Arena
  readonly random: Random
  readonly sysctl: IpSysctls
  readonly counters: IpCounters
  /** Takes a block of the arena back when this turn's output has been flushed. */
  giveLater(offset: number, length: number): void
}

/** Largest IP packet, bytes. */
const MAX_PACKET = 65_535
/**
 * Puts datagrams together from fragments (RFC 791 §3.2, RFC 1122 §3.2.1.4, RFC 815), in blocks of the arena that grow with what has come.
 *
 * Bounded: in all, for each source, and in time; when a bound is reached, the oldest unfinished datagram goes. A fragment that has come
 * already is dropped; one that overlaps in part takes the whole datagram with it, as on Linux (RFC 5722 §4 for IPv6).
 */
export class Reassembly {
  readonly #host: ReassemblyHost
  readonly #table: FlowTable
  readonly #slots: PartialDatagram[] = []
  readonly #free: number[] = []
  /** Bytes held of each source: keyed, too, since sources are forged. */
  readonly #bytesOf: FlowTable
  /** The ends of the list from the oldest datagram to the newest. */
  #oldest = -1
  #newest = -1
  /** Bytes of the arena that are held. */
  bytes = 0

  constructor(host: ReassemblyHost) {
    this.#host = host
    this.#table = new FlowTable(host.random.word(), host.random.word())
    this.#bytesOf = new FlowTable(this.#table.hash(0, 0, 0), this.#table.hash(0, 0, 1))
  }

  /** Unfinished datagrams. */
  get size(): number {
    return this.#table.size
  }

  /** Takes a fragment in. True when it completes its datagram: `packet` is then the whole datagram, valid until the turn's end. */
  add(packet: Packet, now: Instant): boolean {
    const { arena, counters } = this.#host
    const header = packet.header
    counters.ReasmReqds++
    let slot = this.#table.find(header.source, header.destination, keyOf(packet))
    if (slot === NO_FLOW) slot = this.#open(packet, now)
    const datagram = this.#slots[slot]!
    const length = fragmentLength(packet)
    if (!fits(datagram, packet, length)) return this.#fail(slot)
    if (datagram.has(arena.bytes, header.fragmentOffset, length)) {
      counters.ReasmDuplicates++
      return false
    }
    if (datagram.overlaps(arena.bytes, header.fragmentOffset, length)) {
      counters.ReasmOverlaps++
      return this.#fail(slot)
    }
    if (!this.#reserve(slot, datagram, length)) return this.#fail(slot)
    datagram.append(arena.bytes, packet, length)
    return datagram.isComplete && this.#finish(slot, datagram, packet)
  }

  /** When the oldest unfinished datagram is to be given up, or NEVER. */
  nextDeadline(): Instant {
    return this.#oldest === -1 ? NEVER : this.#slots[this.#oldest]!.deadline
  }

  /**
   * Gives up one datagram that is due. True when fragment zero had come: `packet` is then that fragment (as far as the header of Time
   * Exceeded needs it), valid until the turn's end.
   */
  expire(packet: Packet, now: Instant): boolean {
    const slot = this.#oldest
    const datagram = this.#slots[slot]!
    if (slot === -1 || datagram.deadline > now) return false
    this.#host.counters.ReasmTimeout++
    this.#host.counters.ReasmFails++
    const hasFirst = datagram.hasFirst
    if (hasFirst) datagram.describeFirst(this.#host.arena.bytes, packet)
    this.#close(slot, hasFirst)
    return hasFirst
  }

  #open(packet: Packet, now: Instant): number {
    const header = packet.header
    const slot = this.#free.pop() ?? this.#slots.push(new PartialDatagram()) - 1
    const datagram = this.#slots[slot]!
    datagram.begin(packet, now + this.#host.sysctl.ipfrag_time * SECOND)
    datagram.older = this.#newest
    if (this.#newest === -1) this.#oldest = slot
    else this.#slots[this.#newest]!.newer = slot
    this.#newest = slot
    this.#table.set(header.source, header.destination, keyOf(packet), slot)
    return slot
  }

  #finish(slot: number, datagram: PartialDatagram, packet: Packet): boolean {
    const { arena, counters } = this.#host
    if (!datagram.isEcnValid) return this.#fail(slot)
    const size = datagram.assembledSize
    const block = arena.take(size)
    if (block === -1) return this.#fail(slot)
    datagram.assemble(arena.bytes, block, packet)
    this.#host.giveLater(block, size)
    if (packet.header.totalLength > MAX_PACKET) return this.#fail(slot)
    counters.ReasmOKs++
    this.#close(slot, false)
    return true
  }

  /** Makes room for another `length` payload bytes within the bounds. False when there is none. */
  #reserve(slot: number, datagram: PartialDatagram, length: number): boolean {
    const size = datagram.sizeWith(length)
    const more = size - datagram.size
    if (more === 0) return true
    const { arena, sysctl } = this.#host
    if (size > sysctl.ipfrag_source_thresh || size > sysctl.ipfrag_high_thresh) return false
    this.#makeRoom(slot, datagram.source, more)
    if (!datagram.grow(arena, size)) return false
    this.#account(datagram.source, more)
    return true
  }

  /** Gives up the oldest datagrams, of the source and of all, until `more` bytes keep the bounds. `keep` stays. */
  #makeRoom(keep: number, source: number, more: number): void {
    const { ipfrag_high_thresh: total, ipfrag_source_thresh: ofSource } = this.#host.sysctl
    let slot = this.#oldest
    while (slot !== -1) {
      const isOfSource = this.#heldOf(source) + more > ofSource
      if (!isOfSource && this.bytes + more <= total) return
      const next = this.#slots[slot]!.newer
      if (slot !== keep && (!isOfSource || this.#slots[slot]!.source === source)) this.#fail(slot)
      slot = next
    }
  }

  #account(source: number, bytes: number): void {
    this.bytes += bytes
    const held = this.#heldOf(source) + bytes
    if (held === 0) this.#bytesOf.delete(source, 0, 0)
    else this.#bytesOf.set(source, 0, 0, held)
  }

  #heldOf(source: number): number {
    return Math.max(0, this.#bytesOf.find(source, 0, 0))
  }

  #fail(slot: number): false {
    this.#host.counters.ReasmFails++
    this.#close(slot, false)
    return false
  }

  /** Forgets the datagram; `isStillRead` while its bytes are part of this turn's output. */
  #close(slot: number, isStillRead: boolean): void {
    const datagram = this.#slots[slot]!
    this.#table.delete(datagram.source, datagram.destination, datagram.key)
    if (datagram.older === -1) this.#oldest = datagram.newer
    else this.#slots[datagram.older]!.newer = datagram.newer
    if (datagram.newer === -1) this.#newest = datagram.older
    else this.#slots[datagram.newer]!.older = datagram.older
    this.#free.push(slot)
    if (datagram.block === -1) return
    this.#account(datagram.source, -datagram.size)
    if (isStillRead) this.#host.giveLater(datagram.block, datagram.size)
    else this.#host.arena.give(datagram.block, datagram.size)
  }
}

const keyOf = (packet: Packet): number => (packet.header.protocol << 16) | packet.header.id

/** Bytes that count: all but the last fragment end at a multiple of eight (RFC 791 §3.2), and are cut to it as on Linux. */
const fragmentLength = (packet: Packet): number => {
  const length = packet.end - packet.payload
  return packet.header.moreFragments ? length & ~7 : length
}

/** False for a fragment that contradicts what has come, or that no valid datagram contains. */
function fits(datagram: PartialDatagram, packet: Packet, length: number): boolean {
  const { headerLength, fragmentOffset, moreFragments } = packet.header
  const end = fragmentOffset + length
  if (length === 0 || headerLength + end > MAX_PACKET) return false
  if (moreFragments) return datagram.total === -1 || end <= datagram.total
  return datagram.total === -1 ? end >= datagram.end : end === datagram.total
}
