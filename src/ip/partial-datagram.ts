import { Arena } from '../base/arena.ts'
import type { Instant } from '../base/time.ts'
import { put8, put16, u16 } from '../wire/bytes.ts'
import { finish, sum } from '../wire/checksum.ts'
import { allMissing, allPresent, BITMAP, markPresent } from './fragment-map.ts'
import type { Packet } from './packet.ts'

/** Room for the longest header. */
const HEADER_ROOM = 64
/** Where pieces begin in the block, behind the map of what has come and fragment zero's header. */
const PIECES = BITMAP + HEADER_ROOM
/** In front of each piece: its offset in units of eight bytes, and its length. */
const PIECE = 4

/** ECN codepoints (RFC 3168 §5) as bits of `ecn`. */
const NOT_ECT = 1 << 0
const CE = 3

/**
 * A datagram of which fragments are missing: their bytes in the order in which they came, so that a lone fragment from a datagram's far
 * end takes no more memory than its own length. Kept and refilled, never thrown away.
 */
export class PartialDatagram {
  source = 0
  destination = 0
  /** Protocol and identification. */
  key = 0
  /** The block of the arena that holds it, or -1, and how many bytes were taken. */
  block = -1
  size = 0
  /** Where the last of its bytes ends, and how many there will be (-1: not known yet). */
  end = 0
  total = -1
  deadline: Instant = 0
  /** Neighbours by age, or -1. */
  older = -1
  newer = -1
  #received = 0
  /** Bytes of pieces. */
  #used = 0
  /** Of fragment zero, once it has come: bytes of its header, and where its payload lies from the block's beginning. */
  #headerLength = 0
  #first = 0
  #firstLength = 0
  /** A bit for each ECN codepoint seen. */
  #ecn = 0
  #tos = 0
  #ttl = 0
  #cast: Packet['cast'] = 'other'

  begin(packet: Packet, deadline: Instant): void {
    const header = packet.header
    this.source = header.source
    this.destination = header.destination
    this.key = (header.protocol << 16) | header.id
    this.block = -1
    this.size = 0
    this.end = 0
    this.total = -1
    this.deadline = deadline
    this.newer = -1
    this.#received = 0
    this.#used = 0
    this.#headerLength = 0
    this.#ecn = 0
    this.#cast = packet.cast
  }

  get isComplete(): boolean {
    return this.#received === this.total
  }

  get hasFirst(): boolean {
    return this.#headerLength > 0
  }

  /** RFC 3168 §5.3: a congestion mark does not mix with fragments that could not carry one. */
  get isEcnValid(): boolean {
    return (this.#ecn & (1 << CE)) === 0 || (this.#ecn & NOT_ECT) === 0
  }

  /** All of the range has come already. */
  has(memory: Uint8Array, from: number, length: number): boolean {
    return from < this.end && allPresent(memory, this.block, from, length)
  }

  /** Some of the range has come already. */
  overlaps(memory: Uint8Array, from: number, length: number): boolean {
    return from < this.end && !allMissing(memory, this.block, from, length)
  }

  /** Bytes of the arena that the datagram takes with another fragment of `length` payload bytes. */
  sizeWith(length: number): number {
    return Math.max(this.size, Arena.blockSize(PIECES + this.#used + PIECE + length))
  }

  /** Moves to a block of `size` bytes. False when the arena has none. */
  grow(arena: Arena, size: number): boolean {
    const block = arena.take(size)
    if (block === -1) return false
    if (this.block === -1) arena.bytes.fill(0, block, block + BITMAP)
    else {
      arena.bytes.copyWithin(block, this.block, this.block + PIECES + this.#used)
      arena.give(this.block, this.size)
    }
    this.block = block
    this.size = size
    return true
  }

  /** Takes `length` bytes of the fragment's payload in; there must be room, and nothing of them may have come before. */
  append(memory: Uint8Array, packet: Packet, length: number): void {
    const { header, start, payload } = packet
    const from = header.fragmentOffset
    const at = this.block + PIECES + this.#used
    put16(memory, at, from >>> 3)
    put16(memory, at + 2, length)
    memory.copyWithin(at + PIECE, payload, payload + length)
    markPresent(memory, this.block, from, length)
    this.#used += PIECE + length
    this.#received += length
    this.end = Math.max(this.end, from + length)
    this.#ecn |= 1 << (header.tos & 3)
    if (!header.moreFragments) this.total = from + length
    if (from !== 0) return
    memory.copyWithin(this.block + BITMAP, start, payload)
    this.#headerLength = header.headerLength
    this.#first = PIECES + this.#used - length
    this.#firstLength = length
    this.#tos = header.tos
    this.#ttl = header.ttl
  }

  /** Bytes of the block that `assemble` fills. */
  get assembledSize(): number {
    return HEADER_ROOM + this.total
  }

  /** Writes the whole datagram to the block at `to`, under fragment zero's header, and describes it in `packet`. */
  assemble(memory: Uint8Array, to: number, packet: Packet): void {
    const payload = to + HEADER_ROOM
    for (let at = this.block + PIECES, end = at + this.#used; at < end; ) {
      const length = u16(memory, at + 2)
      const piece = at + PIECE
      memory.copyWithin(payload + (u16(memory, at) << 3), piece, piece + length)
      at = piece + length
    }
    this.#describe(memory, payload, this.total, packet)
    const { start, header } = packet
    if ((this.#ecn & (1 << CE)) !== 0) header.tos |= CE
    put8(memory, start + 1, header.tos)
    put16(memory, start + 2, header.totalLength)
    put16(memory, start + 6, 0)
    put16(memory, start + 10, 0)
    put16(memory, start + 10, finish(sum(memory, start, header.headerLength)))
  }

  /** Describes fragment zero as it came; what lies in front of its payload is lost to its header. */
  describeFirst(memory: Uint8Array, packet: Packet): void {
    this.#describe(memory, this.block + this.#first, this.#firstLength, packet)
  }

  /** Puts fragment zero's header in front of a payload, and fills in the record. */
  #describe(memory: Uint8Array, payload: number, length: number, packet: Packet): void {
    const header = packet.header
    const kept = this.block + BITMAP
    packet.memory = memory
    packet.payload = payload
    packet.start = payload - this.#headerLength
    packet.end = payload + length
    packet.flags = 0
    packet.gsoSize = 0
    packet.cast = this.#cast
    packet.isLooped = false // what we send to ourselves is never cut
    memory.copyWithin(packet.start, kept, kept + this.#headerLength)
    header.source = this.source
    header.destination = this.destination
    header.protocol = (this.key >>> 16) & 0xff
    header.id = this.key & 0xffff
    header.headerLength = this.#headerLength
    header.totalLength = this.#headerLength + length
    header.fragmentOffset = 0
    header.moreFragments = false
    header.dontFragment = false
    header.tos = this.#tos
    header.ttl = this.#ttl
  }
}
