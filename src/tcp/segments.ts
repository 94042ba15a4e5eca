// hot path: one header is written in place for each segment; payload goes out by ranges of the send queue.
import type { Instant } from '../base/time.ts'
import { add, distance, type Seq } from '../wire/seq.ts'
import { Flag, TCP_HEADER, writeTcpHeader } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'
import { CAPABLE } from './ecn.ts'
import type { SegmentSink, TcpHost } from './host.ts'
import { optionsLength, synOptionsLength, writeOptions, writeSynOptions } from './options.ts'
import type { Settings } from './settings.ts'
import { Timer } from './timers.ts'

/** SACK blocks that fit beside timestamps, and without them (RFC 2018 §3). */
const SACK_WITH_TIMESTAMPS = 3
const SACK_ALONE = 4

const edges = new Int32Array(2 * SACK_ALONE)

/** Sends the SYN, or once the peer's is known the SYN-ACK, of an open by us. False when there is no room now. */
export function sendSyn(c: Connection, out: SegmentSink): boolean {
  const at = out.room()
  if (at < 0) return false
  const isAnswer = c.state !== 'SYN-SENT'
  const { profile } = c.tcp.host
  if (profile.plainSynFrom > 0 && c.synRetransmits >= profile.plainSynFrom) c.options.decline()
  // RFC 7413 §4.2.2: what had to be sent again goes without.
  const cookie = c.synRetransmits === 0 ? c.fastOpen?.cookie : undefined
  const headerLength = TCP_HEADER + synOptionsLength(c.options, profile) + (cookie?.optionLength ?? 0)
  const window = isAnswer ? Math.min(c.receive.wnd, 0xffff) : c.receive.synWindow
  const flags = isAnswer ? Flag.Syn | Flag.Ack : Flag.Syn
  const ack = isAnswer ? c.receive.nxt : (0 as Seq)
  const ecn = ecnOfSyn(c, isAnswer)
  if (ecn === 0) c.ecn.isPlain = true
  writeTcpHeader(
    out.memory,
    at,
    c.localPort,
    c.remotePort,
    c.send.iss,
    ack,
    headerLength,
    flags | ecn,
    window,
    0,
  )
  const echo = isAnswer ? c.receive.tsRecent : 0
  const mss = announcedMss(c.tcp.host, c.settings)
  const end = writeSynOptions(c.options, profile, out.memory, at + TCP_HEADER, mss, c.timestamp, echo)
  cookie?.write(out.memory, end)
  const tos = c.settings.typeOfService
  const data = isAnswer ? 0 : synData(c)
  if (data === 0) emit(c, out, headerLength, 0, 0, 0, 0, 0, tos)
  else {
    const { queue } = c.send
    const first = queue.contiguous(0, data)
    emit(c, out, headerLength, queue.rangeAt(0), first, queue.wrapsTo, data - first, 0, tos)
  }
  if (isAnswer) c.receive.acknowledged = c.receive.nxt
  if (c.send.nxt === c.send.iss) c.send.nxt = add(c.send.iss, 1)
  return true
}

/** A SYN that has to be sent again does not ask for ECN any more: that may have been why it was dropped (RFC 3168 §6.1.1.1). */
function ecnOfSyn(c: Connection, isAnswer: boolean): number {
  if (!c.options.ecn) return 0
  if (isAnswer) return Flag.Ece
  const isDoubtful = c.synRetransmits > 0 && c.tcp.host.sysctl.tcp_ecn_fallback !== 0
  return isDoubtful ? 0 : Flag.Ece | Flag.Cwr
}

/** Bytes that go with the first SYN of a Fast Open (RFC 7413 §4.2.2). */
function synData(c: Connection): number {
  if (c.fastOpen === undefined || c.synRetransmits > 0) return 0
  c.fastOpen.dataSent = Math.min(c.fastOpen.mostData, c.send.queue.length)
  return c.fastOpen.dataSent
}

/**
 * The MSS to announce in every SYN (MUST-14, SHLD-5, MAY-3): what our interface, which has one MTU, takes without options (MUST-67,
 * SHLD-6).
 */
export function announcedMss(host: TcpHost, settings: Settings): number {
  const mss = host.receiveMtu - 40
  return settings.maxSegment === 0 ? mss : Math.min(mss, settings.maxSegment)
}

/** How many SACK blocks the next segment of `c` carries. */
export function countSackBlocks(c: Connection): number {
  const ranges = c.receive.reassembly.count + (c.duplicates.count > 0 ? 1 : 0)
  if (ranges === 0 || !c.options.sack) return 0
  return Math.min(ranges, c.options.timestamps ? SACK_WITH_TIMESTAMPS : SACK_ALONE)
}

/** A duplicate comes first, and behind it the range that it lies in, if there is one (RFC 2883 §4). */
function fillSackBlocks(c: Connection, count: number): void {
  if (count === 0) return
  const { reassembly } = c.receive
  if (c.duplicates.take(edges)) {
    reassembly.touch(edges[0] as Seq)
    reassembly.sackBlocks(edges, 1, count)
  } else reassembly.sackBlocks(edges, 0, count)
}

/**
 * Sends the segment [seq, seq + length) of the send queue with `flags` (ACK is added). `gsoSize`: it is a super-segment of such
 * pieces. False when there is no room now.
 */
export function sendSegment(
  c: Connection,
  out: SegmentSink,
  seq: Seq,
  length: number,
  flags: number,
  gsoSize: number,
): boolean {
  const at = out.room()
  if (at < 0) return false
  const { send, options, ecn } = c
  const isNew = length > 0 && seq === send.nxt && !send.owesProbe
  const blocks = countSackBlocks(c)
  const headerLength = TCP_HEADER + optionsLength(options, blocks)
  const isUrgent = send.isUrgent && distance(seq, send.up) > 0 && distance(seq, send.up) <= 0xffff
  writeTcpHeader(
    out.memory,
    at,
    c.localPort,
    c.remotePort,
    seq,
    c.receive.nxt,
    headerLength,
    flags | Flag.Ack | (isUrgent ? Flag.Urg : 0) | ecn.flagsOf(isNew),
    windowField(c),
    isUrgent ? distance(seq, send.up) : 0,
  )
  fillSackBlocks(c, blocks)
  writeOptions(options, out.memory, at + TCP_HEADER, c.timestamp, c.receive.tsRecent, blocks, edges)
  if (length === 0) {
    emit(c, out, headerLength, 0, 0, 0, 0, 0, c.settings.typeOfService)
  } else {
    const from = distance(send.base, seq)
    const first = send.queue.contiguous(from, length)
    const { typeOfService } = c.settings
    const tos = isNew && options.ecn && !ecn.isPlain ? typeOfService | CAPABLE : typeOfService
    emit(
      c,
      out,
      headerLength,
      send.queue.rangeAt(from),
      first,
      send.queue.wrapsTo,
      length - first,
      gsoSize,
      tos,
    )
    if (isNew) ecn.sentNew()
  }
  c.receive.acknowledged = c.receive.nxt
  c.ackDelay.sent(c.acks.sent())
  c.timers.cancel(Timer.DelayedAck)
  return true
}

/** Counts and sends what was written at `room()`. */
function emit(
  c: Connection,
  out: SegmentSink,
  headerLength: number,
  first: number,
  firstLength: number,
  second: number,
  secondLength: number,
  gsoSize: number,
  tos: number,
): void {
  const payload = firstLength + secondLength
  const segments = gsoSize === 0 ? 1 : Math.ceil(payload / gsoSize)
  c.tcp.host.counters.OutSegs += segments
  c.segmentsOut += segments
  if (payload > 0) {
    c.statistics.dataSegmentsOut += segments
    c.statistics.dataOctetsOut += payload
  }
  const { timeToLive, discoversPathMtu } = c.settings
  out.send(
    c.local,
    c.remote,
    tos,
    timeToLive,
    headerLength,
    first,
    firstLength,
    second,
    secondLength,
    gsoSize,
    !discoversPathMtu || c.path.mayFragment,
  )
}

/** The window to offer, scaled; moves the edge on when silly-window avoidance lets it (RFC 9293 §3.8.6.2.2). */
function windowField(c: Connection): number {
  const { receive } = c
  const counters = c.tcp.host.counters
  const wasShut = receive.wnd === 0 && receive.acknowledged === receive.nxt
  if (receive.isEdgeMovable) receive.edge = receive.possibleEdge
  const field = Math.min((receive.wnd + receive.rounding) >> receive.shift, 0xffff)
  if (field === 0 && !wasShut) counters.TCPToZeroWindowAdv++
  else if (field > 0 && wasShut) counters.TCPFromZeroWindowAdv++
  return field
}

/** A pure acknowledgement. */
export const sendAck = (c: Connection, out: SegmentSink): boolean =>
  sendSegment(c, out, acceptableSeq(c), 0, 0, 0)

/**
 * SND.NXT; or the edge of a window that the peer has shrunk since, where it still accepts an ACK. Less than a unit of its window
 * field is no shrinking (Linux's tcp_acceptable_seq).
 */
function acceptableSeq(c: Connection): Seq {
  const { usable, nxt } = c.send
  return usable > -(1 << c.options.sendShift) ? nxt : add(nxt, usable)
}

/** Keep-alive and zero-window probe: an old sequence number, which the peer must answer (SHLD-12, MUST-36, as Linux's xmit_probe). */
export const sendProbe = (c: Connection, out: SegmentSink): boolean =>
  sendSegment(c, out, add(c.send.una, -1), 0, 0, 0)

/** Notes that data was sent; the timer runs from then on (RFC 6298 §5.1). */
export function spoke(c: Connection, now: Instant): void {
  c.spokeAt = now
  if (c.send.queue.length > 0) c.statistics.dataOutAt = now
  if (!c.timers.isArmed(Timer.Retransmit)) c.timers.arm(Timer.Retransmit, now, c.rtt.timeout)
}
