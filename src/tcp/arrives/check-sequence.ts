// hot path
import { add, after, afterOrAt, before, inWindow } from '../../wire/seq.ts'
import type { Segment } from '../../wire/tcp.ts'
import { Flag } from '../../wire/tcp.ts'
import type { Connection } from '../connection.ts'
import { reportOld } from '../duplicate-reports.ts'
import { isStale, updateTimestamp } from '../paws.ts'
import { isPlausible } from './check-ack.ts'
import { Continue, Stop, type Verdict } from './verdict.ts'

/** First: PAWS (RFC 7323 §5.3, which comes before), then the sequence number (RFC 9293 §3.10.7.4, table 6). */
export function checkSequence(c: Connection, seg: Segment): Verdict {
  if (isStale(c, seg)) {
    c.tcp.host.counters.PAWSEstab++
    return refuse(c, seg)
  }
  if (isRepeatedSynAck(c, seg)) {
    // Simultaneous open: the peer's SYN-ACK repeats the SYN that we have. What counts is its ACK, and its window, unscaled.
    seg.seq = c.receive.nxt
    seg.length--
  }
  return isAcceptable(c, seg) ? Continue : refuse(c, seg)
}

/** Every segment that is not acceptable is answered with an ACK, but a reset. */
function refuse(c: Connection, seg: Segment): Verdict {
  if (seg.has(Flag.Rst)) {
    c.tcp.host.counters.TCPDropOutOfWindowRst++
    return Stop
  }
  // What occupies sequence space tells that our ACK was lost. An empty segment may be an answer to an ACK of ours: limited, so
  // that two confused ends cannot answer each other for ever (CVE-2015's "ACK loop"); so is a SYN (RFC 5961 §4.2).
  if (isRepeatedSyn(c, seg)) c.send.owesSyn = true
  else if (seg.has(Flag.Syn)) {
    c.tcp.host.counters.TCPSYNChallenge++
    c.acks.oweChallenge()
  } else if (seg.length > 0) {
    refuseOld(c, seg)
    c.acks.oweDuplicate()
  } else c.acks.oweAnswer()
  c.speak()
  return Stop
}

/**
 * What comes again tells that our acknowledgement was lost, or is late. What we acknowledged last is echoed as it came last: an echo of the first
 * time would have the peer take all the time until its retransmission for a round trip (as on Linux and BSD, where such a segment is
 * still acceptable).
 */
function refuseOld(c: Connection, seg: Segment): void {
  if (!before(seg.seq, c.receive.nxt)) return
  const isLast = afterOrAt(seg.end, c.receive.acknowledged) && seg.has(Flag.Ack) && isPlausible(c, seg)
  if (isLast && c.options.timestamps && !isStale(c, seg)) updateTimestamp(c, seg)
  c.tcp.host.counters.DelayedACKLost++
  c.ackDelay.quicken(c)
  reportOld(c, seg.seq, seg.end)
}

function isAcceptable(c: Connection, seg: Segment): boolean {
  const { nxt, acceptable: wnd } = c.receive
  // A sender that has filled our window acknowledges from its right edge: an empty segment is good there, too. At RCV.NXT
  // everything goes on, for its ACK, URG and RST count even with a zero window (MUST-66); text beyond the window is trimmed.
  if (seg.seq === nxt || inWindow(seg.seq, nxt, seg.length === 0 ? wnd + 1 : wnd)) return true
  return seg.length > 0 && inWindow(add(seg.end, -1), nxt, wnd)
}

/** In SYN-RECEIVED of a Fast Open: our SYN-ACK was lost. */
const isRepeatedSyn = (c: Connection, seg: Segment): boolean =>
  c.fastOpenQueue !== undefined && seg.has(Flag.Syn) && !seg.has(Flag.Ack) && seg.seq === c.receive.irs

const isRepeatedSynAck = (c: Connection, seg: Segment): boolean =>
  seg.has(Flag.Syn) &&
  seg.has(Flag.Ack) &&
  c.send.isSynOutstanding &&
  seg.seq === c.receive.irs &&
  add(seg.seq, 1) === c.receive.nxt &&
  after(seg.ack, c.send.una) &&
  !after(seg.ack, c.send.nxt)
