import type { Instant } from '../base/time.ts'
import type { Packet } from './packet.ts'

/** A datagram of which fragments are missing. Kept and refilled, never thrown away. */
export class PartialDatagram {
  source = 0
  destination = 0
  /** Protocol and identification. */
  key = 0
  /** The block of the arena that holds it, or -1, and how many bytes were taken. */
  block = -1
  size = 0
  /** Of fragment zero, once it has come: bytes of its header and of its payload. */
  headerLength = 0
  firstLength = 0
  /** Payload bytes that have come, where the last of them ends, and how many there will be (-1: not known yet). */
  received = 0
  end = 0
  total = -1
  /** A bit for each ECN codepoint seen. */
  ecn = 0
  deadline: Instant = 0
  /** Neighbours by age, or -1. */
  older = -1
  newer = -1
  #tos = 0
  #ttl = 0
  #cast: Packet['cast'] = 'other'
  #isLooped = false

  get isComplete(): boolean {
    return this.received === this.total
  }

  begin(packet: Packet, deadline: Instant): void {
    const header = packet.header
    this.source = header.source
    this.destination = header.destination
    this.key = (header.protocol << 16) | header.id
    this.block = -1
    this.size = 0
    this.headerLength = 0
    this.firstLength = 0
    this.received = 0
    this.end = 0
    this.total = -1
    this.ecn = 0
    this.deadline = deadline
    this.newer = -1
    this.#tos = header.tos
    this.#ttl = header.ttl
    this.#cast = packet.cast
    this.#isLooped = packet.isLooped
  }

  /** Fills in what the record says of the datagram besides where it lies. */
  restore(packet: Packet): void {
    const header = packet.header
    header.source = this.source
    header.destination = this.destination
    header.protocol = (this.key >>> 16) & 0xff
    header.id = this.key & 0xffff
    header.headerLength = this.headerLength
    header.totalLength = this.headerLength + this.firstLength
    header.fragmentOffset = 0
    header.tos = this.#tos
    header.ttl = this.#ttl
    packet.gsoSize = 0
    packet.cast = this.#cast
    packet.isLooped = this.#isLooped
  }
}
