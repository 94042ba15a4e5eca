// hot path: runs once a turn for each connection that has something to say.
import { type Instant, MILLISECOND } from '../base/time.ts'
import { add, afterOrAt, before, distance } from '../wire/seq.ts'
import { Flag } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'
import type { SegmentSink } from './host.ts'
import { noteLimit } from './limits.ts'
import { optionsLength } from './options.ts'
import { sackBlocks, sendAck, sendProbe, sendSegment, sendSyn, spoke } from './segments.ts'
import { Timer } from './timers.ts'

/** Payload of the largest super-segment: what an IP packet holds beside the longest headers. */
const SUPER_SEGMENT = 65535 - 20 - 60

/** Says what is due now: acknowledgements, what was lost, what is new. False when the sink had no room for all of it. */
export function output(c: Connection, out: SegmentSink, now: Instant): boolean {
  switch (c.state) {
    case 'CLOSED':
      return true
    case 'SYN-SENT':
      return speakSyn(c, out, now)
    case 'SYN-RECEIVED':
      return speakSyn(c, out, now) && speakDuplicates(c, out, now) && speakAck(c, out)
    default: {
      const isAllSaid =
        speakSyn(c, out, now) &&
        speakDuplicates(c, out, now) &&
        speakProbe(c, out, now) &&
        speakLost(c, out, now) &&
        speakNew(c, out, now) &&
        speakFin(c, out, now) &&
        speakAck(c, out)
      noteLimit(c, now)
      return isAllSaid
    }
  }
}

function speakSyn(c: Connection, out: SegmentSink, now: Instant): boolean {
  if (!c.send.owesSyn) return true
  if (!sendSyn(c, out)) return false
  c.send.owesSyn = false
  if (c.synRetransmits === 0) c.rtt.start(c.send.nxt, now)
  return true
}

/** Each out-of-order or duplicate segment gets an acknowledgement of its own. */
function speakDuplicates(c: Connection, out: SegmentSink, now: Instant): boolean {
  while (c.acks.duplicates > 0) if (!sendAck(c, out)) return false
  return (!c.acks.challenge && !c.acks.answer) || speakLimited(c, out, now)
}

/** A challenge, or the answer to what may be an answer, only if the limiters let it. */
function speakLimited(c: Connection, out: SegmentSink, now: Instant): boolean {
  const { counters, sysctl } = c.tcp.host
  const isChallenge = c.acks.challenge
  const isTimely = c.acks.takeLimited(now, sysctl.tcp_invalid_ratelimit * MILLISECOND)
  if (!isChallenge) {
    if (isTimely) return sendAck(c, out)
    counters.TCPACKSkippedSeq++
  } else if (isTimely && c.tcp.allowChallenge(now)) {
    counters.TCPChallengeACK++
    return sendAck(c, out)
  } else counters.TCPACKSkippedChallenge++
  return true
}

/** The persist timer's segment: what fits a window too small to be worth it, or nothing but an old number (RFC 9293 §3.8.6.1). */
function speakProbe(c: Connection, out: SegmentSink, now: Instant): boolean {
  const { send } = c
  if (!send.owesProbe) return true
  const length = Math.min(send.unsent, send.usable, c.segmentSize)
  if (length > 0 && send.flight === 0) {
    if (!sendNew(c, out, length, c.segmentSize, true, now)) return false
  } else if (!sendProbe(c, out)) return false
  send.owesProbe = false
  return true
}

/** What is presumed lost: a fast retransmission at once, after a time-out as the congestion window allows. */
function speakLost(c: Connection, out: SegmentSink, now: Instant): boolean {
  const { send, recovery } = c
  while (recovery.lost > 0) {
    if (recovery.phase === 'loss' && recovery.inFlight(send) >= c.congestion.window) return true
    if (send.isSynOutstanding) {
      // Closed in SYN-RECEIVED: our SYN-ACK was lost.
      if (!sendSyn(c, out)) return false
      recovery.resent(1)
      retransmitted(c, 0, now)
      continue
    }
    const seq = recovery.resend
    // Beyond the peer's (shrunken) window only the oldest segment is tried again (RFC 9293 SHLD-16, MAY-7).
    if (seq !== send.una && afterOrAt(seq, add(send.una, send.wnd))) return true
    const size = sizeNow(c)
    const data = Math.max(0, Math.min(size, distance(seq, send.end), recovery.lost))
    const hasFin = send.isFinSent && add(seq, data) === send.end && recovery.lost > data
    if (data === 0 && !hasFin) {
      recovery.resent(recovery.lost)
      return true
    }
    const isLast = add(seq, data) === send.end
    const flags = (hasFin ? Flag.Fin : 0) | (isLast && data > 0 ? Flag.Psh : 0)
    if (!sendSegment(c, out, seq, data, flags, 0)) return false
    recovery.resent(data + (hasFin ? 1 : 0))
    retransmitted(c, data, now)
  }
  return true
}

function retransmitted(c: Connection, data: number, now: Instant): void {
  const { counters } = c.tcp.host
  c.rtt.cancel()
  c.retransmits++
  c.bytesRetransmitted += data
  counters.RetransSegs++
  if (c.recovery.phase === 'recovery') counters.TCPFastRetrans++
  else if (c.recovery.phase === 'loss') counters.TCPSlowStartRetrans++
  spoke(c, now)
}

function speakNew(c: Connection, out: SegmentSink, now: Instant): boolean {
  const { send } = c
  if (send.unsent > 0 && send.flight === 0) afterIdle(c, now)
  const { profile, sysctl } = c.tcp.host
  const burst = profile.pushesBursts ? sysctl.tcp_min_tso_segs : Number.POSITIVE_INFINITY
  for (let count = 1; send.unsent > 0; count++) {
    const size = sizeNow(c)
    const length = allowed(c, size, out.segmentationOffload && c.settings.discoversPathMtu)
    if (length <= 0) {
      // SHLD-29: the first probe of a shut window is due after a time-out.
      if (send.flight === 0 && !c.timers.isArmed(Timer.Persist))
        c.timers.arm(Timer.Persist, now, c.rtt.timeout)
      return true
    }
    if (!sendNew(c, out, length, size, (length > size && profile.pushesBursts) || count % burst === 0, now))
      return false
  }
  return true
}

/** Payload of a full segment beside the SACK blocks that it has to carry. */
const sizeNow = (c: Connection): number =>
  c.segmentSize - optionsLength(c.options, sackBlocks(c)) + optionsLength(c.options, 0)

/** How many bytes may be sent as the next segment: full ones (SHLD-28), the windows (RFC 5681 §2), Nagle, and silly-window avoidance (MUST-38). */
function allowed(c: Connection, size: number, offload: boolean): number {
  const { send, recovery } = c
  const unsent = send.unsent
  const window = c.congestion.window + recovery.limitedTransmit(size) - recovery.inFlight(send)
  const most = offload ? SUPER_SEGMENT - (SUPER_SEGMENT % size) : size
  const length = Math.min(unsent, send.usable, window, most)
  const rest = length % size
  if (length <= 0 || rest === 0) return length
  if (length === unsent ? maySendShort(c) : length === send.usable && length >= send.maxWindow >> 1)
    return length
  return length - rest
}

/** Nagle's algorithm (SHLD-7, MUST-17) in Minshall's reading: one short segment may be outstanding. A FIN is not held back. */
function maySendShort(c: Connection): boolean {
  const { send, settings } = c
  if (send.hasFin || send.isUrgent || send.isPushed) return true
  if (settings.cork || send.hasMoreComing) return false
  return settings.noDelay || !before(send.una, send.small)
}

/** Sends `length` new bytes in segments of `size`, with the FIN when they are the last. */
function sendNew(
  c: Connection,
  out: SegmentSink,
  length: number,
  size: number,
  endsBurst: boolean,
  now: Instant,
): boolean {
  const { send } = c
  const seq = send.nxt
  const end = add(seq, length)
  const isLast = end === send.end
  const hasFin = isLast && send.hasFin
  // PSH ends what the user gave (MUST-61, SHLD-27), and comes at least every half window, so that no receiver holds data back. Linux also sets it on
  // each super-segment, and so on every second segment of those that leave together, for the receiver to gather them.
  const isEnd = isLast && !send.isUnfinished
  const pushes = isEnd || endsBurst || distance(send.pushed, end) > send.maxWindow >> 1
  const flags = (hasFin ? Flag.Fin : 0) | (pushes ? Flag.Psh : 0)
  if (!sendSegment(c, out, seq, length, flags, length > size ? size : 0)) return false
  c.timers.cancel(Timer.Persist) // what was held back is on its way
  send.nxt = hasFin ? add(end, 1) : end
  if (pushes) send.pushed = end
  if (length % size !== 0) send.small = end
  c.rtt.start(send.nxt, now)
  spoke(c, now)
  return true
}

/** A FIN by itself, all data having been sent before. The window does not hold it back. */
function speakFin(c: Connection, out: SegmentSink, now: Instant): boolean {
  const { send } = c
  if (!send.hasFin || send.isFinSent || send.unsent > 0) return true
  if (!sendSegment(c, out, send.nxt, 0, Flag.Fin, 0)) return false
  send.nxt = add(send.nxt, 1)
  spoke(c, now)
  return true
}

/** An acknowledgement by itself, when no segment has carried it. */
const speakAck = (c: Connection, out: SegmentSink): boolean => !c.acks.now || sendAck(c, out)

/** RFC 5681 §4.1: after an idle time longer than the RTO the window is the initial one again. */
function afterIdle(c: Connection, now: Instant): void {
  if (c.tcp.host.sysctl.tcp_slow_start_after_idle !== 0 && now - c.spokeAt > c.rtt.timeout)
    c.congestion.onIdle()
}
