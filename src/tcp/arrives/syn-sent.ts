// hot path
import type { Instant } from '../../base/time.ts'
import { add, after } from '../../wire/seq.ts'
import type { Segment } from '../../wire/tcp.ts'
import { Flag } from '../../wire/tcp.ts'
import { established } from '../calls.ts'
import type { Connection } from '../connection.ts'
import { isStrangeEcho, recordTimestamp } from '../paws.ts'
import { replyReset } from '../reset.ts'
import { sampleHandshake } from '../rtt-sample.ts'
import { Timer } from '../timers.ts'
import { checkFin } from './check-fin.ts'
import { checkUrg } from './check-urg.ts'
import { segmentText } from './segment-text.ts'

/** RFC 9293 §3.10.7.3: SYN-SENT. */
export function synSent(c: Connection, seg: Segment, now: Instant): void {
  const hasAck = seg.has(Flag.Ack)
  if (hasAck && !isAcceptable(c, seg, now)) {
    // First
    if (!seg.has(Flag.Rst)) replyReset(c.tcp, seg)
    return
  }
  if (seg.has(Flag.Rst)) {
    // Second; a reset counts only if it acknowledges our SYN (RFC 5961 §3.2).
    if (hasAck) c.tcp.finish(c, 'refused')
    return
  }
  if (!seg.has(Flag.Syn)) return // Fifth (third, security, is not ours; fourth is below)
  c.options.agree(seg)
  if (c.options.timestamps) recordTimestamp(c, seg)
  c.receive.begin(seg.seq, c.receive.synWindow, c.options.receiveShift)
  c.send.wnd = seg.window // never scaled in a SYN (RFC 7323 §2.2)
  c.send.maxWindow = seg.window
  c.send.wl1 = seg.seq
  c.send.wl2 = seg.ack
  if (!hasAck) {
    // Simultaneous open (MUST-10): our SYN-ACK repeats the SYN (figure 8).
    c.moveTo('SYN-RECEIVED')
    c.send.owesSyn = true
    c.timers.arm(Timer.Retransmit, now, c.rtt.timeout)
    c.speak()
    return
  }
  if (c.synRetransmits === 0) sampleHandshake(c, c.spokeAt, now)
  if (c.fastOpen !== undefined) c.tcp.fastOpen.answered(c, seg)
  c.bytesAcked += c.send.acknowledge(seg.ack)
  c.moveTo('ESTABLISHED')
  established(c, now)
  c.acks.oweNow()
  c.speak()
  carryOn(c, seg, now)
}

/** "If there are other controls or text in the segment, then continue processing at the sixth step." */
function carryOn(c: Connection, seg: Segment, now: Instant): void {
  if (seg.payloadLength === 0 && !seg.has(Flag.Fin | Flag.Urg)) return
  seg.seq = ((seg.seq + 1) | 0) as typeof seg.seq // the SYN is dealt with
  seg.length--
  checkUrg(c, seg)
  segmentText(c, seg, now)
  checkFin(c, now)
}

/** ISS < SEG.ACK =< SND.NXT; the data of a Fast Open's SYN lies beyond. */
function isAcceptable(c: Connection, seg: Segment, now: Instant): boolean {
  if (!after(seg.ack, c.send.iss)) return false
  if (after(seg.ack, add(c.send.nxt, c.fastOpen?.dataSent ?? 0))) return false
  if (!isStrangeEcho(c, seg, now)) return true
  c.tcp.host.counters.PAWSActive++
  return false
}
