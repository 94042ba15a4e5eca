// hot path
import type { Instant } from '../../base/time.ts'
import { add, after, before, distance, type Seq } from '../../wire/seq.ts'
import type { Segment } from '../../wire/tcp.ts'
import { Flag } from '../../wire/tcp.ts'
import type { Connection } from '../connection.ts'
import { reportDuplicate } from '../duplicate-reports.ts'
import { replyReset } from '../reset.ts'
import { canReceive } from '../state.ts'
import { Continue, Stop, type Verdict } from './verdict.ts'

/** Seventh: the segment text, trimmed to the window, and the place of a FIN that may be ahead of it. */
export function segmentText(c: Connection, seg: Segment, now: Instant): Verdict {
  if (seg.payloadLength === 0 && !seg.has(Flag.Fin)) return Continue
  if (!canReceive(c.state)) return Continue // the peer's FIN was received before: ignore (RFC 9293 §3.10.7.4)
  const { receive } = c
  if (receive.isShut && seg.payloadLength > 0 && after(add(seg.seq, seg.payloadLength), receive.nxt)) {
    c.tcp.host.counters.TCPAbortOnData++
    replyReset(c.tcp, seg)
    c.tcp.finish(c, 'reset')
    return Stop
  }
  const finAt = add(seg.seq, seg.payloadLength)
  if (seg.has(Flag.Fin) && !receive.hasFin && !after(finAt, receive.acceptableEdge)) {
    receive.hasFin = true
    receive.finAt = finAt
  }
  if (seg.payloadLength > 0) text(c, seg, now)
  else if (seg.has(Flag.Fin) && finAt !== receive.nxt) oweDuplicate(c)
  return Continue
}

function text(c: Connection, seg: Segment, now: Instant): void {
  const { receive, statistics } = c
  statistics.dataSegmentsIn += seg.segments
  const skipped = before(seg.seq, receive.nxt) ? distance(seg.seq, receive.nxt) : 0
  const left: Seq = add(seg.seq, skipped)
  const end = add(seg.seq, seg.payloadLength)
  const limit =
    receive.hasFin && before(receive.finAt, receive.acceptableEdge) ? receive.finAt : receive.acceptableEdge
  const length = distance(left, before(limit, end) ? limit : end)
  if (skipped > 0) reportDuplicate(c, seg.seq, receive.nxt)
  if (length <= 0) {
    if (receive.wnd === 0) c.tcp.host.counters.TCPWantZeroWindowAdv++
    oweDuplicate(c)
    return
  }
  c.ecn.arrived(c, seg)
  const from = receive.nxt
  if (skipped === 0 && receive.reassembly.overlaps(left, add(left, length)))
    reportDuplicate(c, receive.reassembly.overlapLeft, receive.reassembly.overlapRight)
  switch (receive.store(left, seg.memory, seg.payload + skipped, length)) {
    case 'in order':
      inOrder(c, seg, distance(from, receive.nxt), length, now)
      return
    case 'out of order':
      c.tcp.host.counters.TCPOFOQueue++
      statistics.outOfOrderSegments++
      oweDuplicate(c, c.options.sack ? 1 : seg.segments) // who has no SACK counts them, up to three
      return
    case 'duplicate':
      c.tcp.host.counters.TCPOFOMerge++
      oweDuplicate(c)
      return
    default:
      countDropped(c, left === from)
      oweDuplicate(c)
  }
}

function countDropped(c: Connection, wasInOrder: boolean): void {
  const { counters } = c.tcp.host
  if (!wasInOrder) {
    counters.TCPOFODrop++
    return
  }
  counters.PruneCalled++
  counters.RcvPruned++
  counters.TCPRcvQDrop++
}

/** RCV.NXT moved by `advanced`, of which `length` came with this segment: more of it means that a gap was filled. */
function inOrder(c: Connection, seg: Segment, advanced: number, length: number, now: Instant): void {
  const { receive, receiveSpace, acks, ackDelay } = c
  c.bytesReceived += advanced
  if (receive.queue.length > advanced) c.tcp.host.counters.TCPRcvCoalesce++ // behind what nobody has read yet
  c.statistics.dataInAt = now
  const size = Math.min(seg.gsoSize === 0 ? seg.payloadLength : seg.gsoSize, c.tcp.host.receiveMtu - 40)
  if (size < receive.segmentSize || seg.has(Flag.Psh)) ackDelay.ended()
  receive.measure(size)
  ackDelay.arrived(c, now)
  receiveSpace.arrived(c, seg, now)
  if (advanced > length || receive.reassembly.count > 0) acks.oweNow()
  else ackDelay.owe(c, now)
  c.speak()
  c.notify()
}

function oweDuplicate(c: Connection, segments = 1): void {
  c.acks.oweDuplicate(segments)
  c.speak()
}
