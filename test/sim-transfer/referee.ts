import { Column, ROW } from '../../src/base/packet-table.ts'
import type { CaptureWriter } from '../../src/device/capture.ts'
import { completeChecksum, gather, lengthOf, type Rows } from '../../src/device/gather.ts'
import { Drop } from '../../src/wire/drop.ts'
import { Ipv4Header, Protocol, readIpv4 } from '../../src/wire/ipv4.ts'
import { add, after, before, distance, later, type Seq } from '../../src/wire/seq.ts'
import { Flag, readSegment, Segment, verifySegment } from '../../src/wire/tcp.ts'

/** What one end of a connection has said so far. */
interface Words {
  /** Initial sequence number, and whether the other end's present one is the one that these words answer. */
  iss: Seq
  isFresh: boolean
  /** Behind the last that was sent. */
  next: Seq
  /** Acknowledged at most, and the right edge offered at most. */
  ack: Seq
  edge: Seq
  hasOffered: boolean
  /** What the SYN offered, unscaled. */
  synWindow: number
  /** Of the options of the SYN; -1: no scaling. */
  scale: number
  mss: number
  isOver: boolean
  /** Nothing follows `next`. */
  hasEnded: boolean
}

const MAX_SCALE = 14

/**
 * Watches what both hosts send, before anything happens to it: what no TCP may do, whatever comes in. Edges are those ever offered, not those
 * that have arrived, so a host that keeps to what it was told keeps to them.
 */
export class Referee {
  readonly complaints: string[] = []
  /** Segments of TCP that each host has sent, as a network card counts them. */
  readonly sent = new Map<string, number>()
  readonly #ends = new Map<string, Words>()
  readonly #bytes = new Uint8Array(66_000)
  readonly #header = new Ipv4Header()
  readonly #segment = new Segment()

  /** One host's packets; `mtu` is its interface's. */
  witness(name: string, mtu: number): Pick<CaptureWriter, 'packet'> {
    return {
      packet: (table: Rows, row: number, _isInbound: boolean, now: number) => {
        const length = lengthOf(table, row)
        gather(table, row, this.#bytes, 0)
        completeChecksum(table, row, this.#bytes, 0, length)
        const size = table.rows[row * ROW + Column.GsoSize]!
        const fault = this.#judge(length, size, mtu)
        const { payloadLength } = this.#segment
        const isTcp = this.#header.protocol === Protocol.Tcp && this.#header.fragmentOffset === 0
        const segments = size === 0 ? 1 : Math.ceil(payloadLength / size)
        if (isTcp) this.sent.set(name, (this.sent.get(name) ?? 0) + segments)
        if (fault !== undefined && this.complaints.length < 20) {
          this.complaints.push(`${name} at ${now}: ${fault}: ${this.#describe()}`)
        }
      },
    }
  }

  /** A host has forgotten everything: what it says now is not what it said. */
  forget(): void {
    this.#ends.clear()
  }

  #judge(length: number, size: number, mtu: number): string | undefined {
    const header = this.#header
    if (readIpv4(header, this.#bytes, 0, length) !== Drop.None) return 'a malformed packet'
    if (header.protocol !== Protocol.Tcp || header.moreFragments || header.fragmentOffset > 0)
      return undefined
    const segment = this.#segment
    if (readSegment(segment, this.#bytes, header.headerLength, length) !== Drop.None)
      return 'a malformed segment'
    const packetLength = size === 0 ? length : header.headerLength + segment.headerLength + size
    if (packetLength > mtu) return `${packetLength} bytes on an interface of ${mtu}`
    if (!verifySegment(this.#bytes, header.headerLength, length, header.source, header.destination))
      return 'a wrong checksum'
    // Who cuts a super-segment does not move the urgent pointer.
    if (size > 0 && segment.has(Flag.Urg | Flag.Syn | Flag.Rst))
      return 'a super-segment of what cannot be cut'
    return this.#follow(segment, header)
  }

  #follow(segment: Segment, header: Ipv4Header): string | undefined {
    const from = `${header.source}:${segment.sourcePort}`
    const to = `${header.destination}:${segment.destinationPort}`
    const own = this.#ends.get(`${from} ${to}`)
    const other = this.#ends.get(`${to} ${from}`)
    if (segment.has(Flag.Rst)) {
      if (own !== undefined) own.isOver = true
      return segment.payloadLength > 0 ? 'a reset with data' : undefined
    }
    if (segment.has(Flag.Syn)) return this.#syn(segment, `${from} ${to}`, own, other)
    if (!segment.has(Flag.Ack)) return 'no acknowledgment'
    // What TIME-WAIT and cookies say belongs to connections that are gone, or not there yet.
    if (own === undefined || other === undefined) return undefined
    if (segment.seq === add(own.iss, 1) && isWithin(segment.ack, other)) own.isFresh = true
    // An older handshake's, which was by cookie: nobody remembers it.
    const isOlder = before(segment.seq, own.iss) || before(segment.ack, other.iss)
    if (!own.isFresh || isOlder) return undefined
    return spoken(segment, own, other)
  }

  #syn(segment: Segment, key: string, own: Words | undefined, other: Words | undefined): string | undefined {
    // The same number again, within its clock's tick, where TIME-WAIT is not kept.
    const isAnother = own?.hasOffered === true && !segment.has(Flag.Ack)
    if (own === undefined || own.iss !== segment.seq || own.isOver || !own.isFresh || isAnother) {
      this.#ends.set(key, {
        iss: segment.seq,
        isFresh: !segment.has(Flag.Ack) || other === undefined || isWithin(segment.ack, other),
        next: segment.end,
        ack: segment.ack,
        edge: segment.ack,
        hasOffered: false,
        synWindow: segment.window,
        scale: segment.windowScale,
        mss: segment.mss,
        isOver: false,
        hasEnded: false,
      })
      const isAnswer = other !== undefined && segment.has(Flag.Ack) && isWithin(segment.ack, other)
      if (other !== undefined && !isAnswer) other.isFresh = false
      return undefined
    }
    own.isFresh = true
    own.next = later(own.next, segment.end)
    if (own.mss !== segment.mss) return `an MSS of ${own.mss} before`
    return undefined
  }

  #describe(): string {
    const s = this.#segment
    const flags = [...'FSRPAUEC'].filter((_, i) => (s.flags & (1 << i)) !== 0).join('')
    const sacks = [...s.sackEdges.subarray(0, 2 * s.sackCount)].map((edge) => edge >>> 0).join(' ')
    return `${s.sourcePort}>${s.destinationPort} ${flags} ${s.seq >>> 0}(${s.payloadLength}) ack ${s.ack >>> 0} win ${s.window} sack [${sacks}]`
  }
}

function spoken(segment: Segment, own: Words, other: Words): string | undefined {
  const sentBefore = own.next
  own.next = later(own.next, segment.end)
  if (segment.has(Flag.Fin)) own.hasEnded = true
  if (after(segment.seq, sentBefore)) return `leaves out ${distance(sentBefore, segment.seq)} bytes`
  if (after(segment.ack, other.next))
    return `acknowledges ${distance(other.next, segment.ack)} bytes that were never sent`
  return offered(segment, own, other) ?? within(segment, own, other) ?? sacked(segment, other)
}

/** Neither the acknowledgment nor the right edge moves back, but for what a scale cannot express (RFC 7323 §2.4). */
function offered(segment: Segment, own: Words, other: Words): string | undefined {
  const scale = scaleOf(own, other)
  const edge = add(segment.ack, segment.window << scale)
  const lost = own.hasOffered ? distance(edge, own.edge) : 0
  if (own.hasOffered && before(segment.ack, own.ack))
    return `acknowledges ${distance(segment.ack, own.ack)} bytes less than before`
  own.edge = later(own.hasOffered ? own.edge : add(other.iss, 1 + own.synWindow), edge)
  own.ack = segment.ack
  own.hasOffered = true
  // What TIME-WAIT offers matters to nobody.
  const isAll = other.hasEnded && segment.ack === other.next
  return lost >= 1 << scale && !isAll ? `the right edge moves back by ${lost}` : undefined
}

/** Data within what the other end has ever offered. */
function within(segment: Segment, own: Words, other: Words): string | undefined {
  if (segment.payloadLength === 0) return undefined
  const limit = other.hasOffered ? other.edge : add(own.iss, 1 + other.synWindow)
  const beyond = distance(limit, add(segment.seq, segment.payloadLength))
  return beyond > 0 ? `${beyond} bytes beyond the window` : undefined
}

/** It acknowledges the other's SYN, and perhaps its data. */
const isWithin = (ack: Seq, other: Words): boolean => after(ack, other.iss) && !after(ack, other.next)

const scaleOf = (own: Words, other: Words): number =>
  own.scale >= 0 && other.scale >= 0 ? Math.min(own.scale, MAX_SCALE) : 0

function sacked(segment: Segment, other: Words): string | undefined {
  for (let i = 0; i < segment.sackCount; i++) {
    const left = segment.sackEdges[2 * i]! as Seq
    const right = segment.sackEdges[2 * i + 1]! as Seq
    if (!before(left, right)) return 'an empty SACK block'
    if (after(right, other.next)) return 'a SACK block of what was never sent'
    const isDuplicate = i === 0
    if (!isDuplicate && before(left, segment.ack)) return 'a SACK block below the acknowledgment'
  }
  return undefined
}
