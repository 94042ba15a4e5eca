import { Arena } from '../base/arena.ts'
import { FlowTable, NO_FLOW } from '../base/flow-table.ts'
import type { Random } from '../base/random.ts'
import { type Instant, NEVER, SECOND } from '../base/time.ts'
import { put8, put16 } from '../wire/bytes.ts'
import { finish, sum } from '../wire/checksum.ts'
import type { IpCounters } from './counters.ts'
import { allMissing, allPresent, BITMAP, markPresent } from './fragment-map.ts'
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
/** Room for fragment zero's header before the payload: the longest header is 60 bytes. */
const HEADER_ROOM = 64
const PAYLOAD = BITMAP + HEADER_ROOM

/** ECN codepoints (RFC 3168 §5) as bits of `PartialDatagram.ecn`. */
const NOT_ECT = 1
const CE = 3

/**
 * Puts datagrams together from fragments (RFC 791 §3.2, RFC 815), in blocks of the arena that grow with what has come.
 *
 * Bounded: in all, for each source, and in time; when a bound is reached, the oldest unfinished datagram goes. A fragment that has come
 * already is dropped; one that overlaps in part takes the whole datagram with it, as on Linux (RFC 5722 for IPv6).
 */
export class Reassembly {
  readonly #host: ReassemblyHost
  readonly #table: FlowTable
  readonly #slots: PartialDatagram[] = []
  readonly #free: number[] = []
  readonly #bytesOf = new Map<number, number>()
  /** The ends of the list from the oldest datagram to the newest. */
  #oldest = -1
  #newest = -1
  /** Bytes of the arena that are held. */
  bytes = 0

  constructor(host: ReassemblyHost) {
    this.#host = host
    this.#table = new FlowTable(host.random.word(), host.random.word())
  }

  /** Unfinished datagrams. */
  get size(): number {
    return this.#table.size
  }

  /** Takes a fragment in. True when it completes its datagram: `packet` is then the whole datagram, valid until the turn's end. */
  add(packet: Packet, now: Instant): boolean {
    this.#host.counters.ReasmReqds++
    const header = packet.header
    let slot = this.#table.find(header.source, header.destination, keyOf(packet))
    if (slot === NO_FLOW) slot = this.#open(packet, now)
    const datagram = this.#slots[slot]!
    const length = fragmentLength(packet)
    if (!this.#fits(datagram, packet, length)) return this.#fail(slot)
    const from = header.fragmentOffset
    const memory = this.#host.arena.bytes
    if (datagram.block !== -1 && from < datagram.end) {
      if (allPresent(memory, datagram.block, from, length)) return this.#duplicate()
      if (!allMissing(memory, datagram.block, from, length)) {
        this.#host.counters.ReasmOverlaps++
        return this.#fail(slot)
      }
    }
    if (!this.#reserve(slot, datagram, from + length)) return this.#fail(slot)
    this.#store(datagram, packet, length)
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
    const hasFirst = datagram.headerLength > 0
    if (hasFirst) {
      packet.memory = this.#host.arena.bytes
      packet.payload = datagram.block + PAYLOAD
      packet.start = packet.payload - datagram.headerLength
      packet.end = packet.payload + datagram.firstLength
      datagram.restore(packet)
    }
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

  /** False for a fragment that contradicts what has come, or that no valid datagram contains. */
  #fits(datagram: PartialDatagram, packet: Packet, length: number): boolean {
    const header = packet.header
    const end = header.fragmentOffset + length
    if (length === 0 || header.headerLength + end > MAX_PACKET) return false
    if (header.moreFragments) return datagram.total === -1 || end <= datagram.total
    return datagram.total === -1 ? end >= datagram.end : end === datagram.total
  }

  #store(datagram: PartialDatagram, packet: Packet, length: number): void {
    const memory = this.#host.arena.bytes
    const { header, start, payload } = packet
    const at = datagram.block + PAYLOAD
    memory.copyWithin(at + header.fragmentOffset, payload, payload + length)
    markPresent(memory, datagram.block, header.fragmentOffset, length)
    datagram.received += length
    datagram.end = Math.max(datagram.end, header.fragmentOffset + length)
    datagram.ecn |= 1 << (header.tos & 3)
    if (!header.moreFragments) datagram.total = header.fragmentOffset + length
    if (header.fragmentOffset === 0) {
      memory.copyWithin(at - header.headerLength, start, payload)
      datagram.headerLength = header.headerLength
      datagram.firstLength = length
    }
  }

  #finish(slot: number, datagram: PartialDatagram, packet: Packet): boolean {
    const totalLength = datagram.headerLength + datagram.total
    const ecn = datagram.ecn
    // RFC 3168 §5.3: a mark must survive, and does not mix with fragments that could not carry one.
    const isMarked = (ecn & (1 << CE)) !== 0
    if (totalLength > MAX_PACKET || (isMarked && (ecn & NOT_ECT) !== 0)) return this.#fail(slot)
    packet.memory = this.#host.arena.bytes
    packet.payload = datagram.block + PAYLOAD
    packet.start = packet.payload - datagram.headerLength
    packet.end = packet.payload + datagram.total
    packet.flags = 0
    datagram.restore(packet)
    if (isMarked) packet.header.tos |= CE
    packet.header.totalLength = totalLength
    rewriteHeader(packet)
    this.#host.counters.ReasmOKs++
    this.#close(slot, true)
    return true
  }

  /** Makes room for `end` payload bytes within the bounds. False when there is none. */
  #reserve(slot: number, datagram: PartialDatagram, end: number): boolean {
    if (datagram.block !== -1 && PAYLOAD + end <= datagram.size) return true
    const size = Arena.blockSize(PAYLOAD + end)
    const { arena, sysctl } = this.#host
    if (size > sysctl.ipfrag_source_thresh || size > sysctl.ipfrag_high_thresh) return false
    this.#makeRoom(slot, datagram.source, size - datagram.size)
    const block = arena.take(size)
    if (block === -1) return false
    if (datagram.block === -1) arena.bytes.fill(0, block, block + BITMAP)
    else {
      arena.bytes.copyWithin(block, datagram.block, datagram.block + PAYLOAD + datagram.end)
      arena.give(datagram.block, datagram.size)
    }
    this.#account(datagram.source, size - datagram.size)
    datagram.block = block
    datagram.size = size
    return true
  }

  /** Gives up the oldest datagrams, of the source and of all, until `more` bytes keep the bounds. `keep` stays. */
  #makeRoom(keep: number, source: number, more: number): void {
    const { ipfrag_high_thresh: total, ipfrag_source_thresh: ofSource } = this.#host.sysctl
    let slot = this.#oldest
    while (slot !== -1) {
      const isOfSource = (this.#bytesOf.get(source) ?? 0) + more > ofSource
      if (!isOfSource && this.bytes + more <= total) return
      const next = this.#slots[slot]!.newer
      if (slot !== keep && (!isOfSource || this.#slots[slot]!.source === source)) this.#fail(slot)
      slot = next
    }
  }

  #account(source: number, bytes: number): void {
    this.bytes += bytes
    const held = (this.#bytesOf.get(source) ?? 0) + bytes
    if (held === 0) this.#bytesOf.delete(source)
    else this.#bytesOf.set(source, held)
  }

  #duplicate(): false {
    this.#host.counters.ReasmDuplicates++
    return false
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

/** Fragment zero's header, as that of the whole datagram. */
function rewriteHeader(packet: Packet): void {
  const { memory, start, header } = packet
  header.moreFragments = false
  header.dontFragment = false
  put8(memory, start + 1, header.tos)
  put16(memory, start + 2, header.totalLength)
  put16(memory, start + 6, 0)
  put16(memory, start + 10, 0)
  put16(memory, start + 10, finish(sum(memory, start, header.headerLength)))
}
