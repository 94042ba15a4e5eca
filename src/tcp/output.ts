// hot path: runs once a turn for each connection that has something to say.
import { type Instant, MILLISECOND } from '../base/time.ts'
import { add, after, afterOrAt, before, distance } from '../wire/seq.ts'
import { Flag } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'
import type { SegmentSink } from './host.ts'
import { noteLimit } from './limits.ts'
import { Mark } from './mark.ts'
import { NO_PROBE, PROBE_WAITS } from './mtu-search.ts'
import { optionsLength } from './options.ts'
import { countSackBlocks, sendAck, sendProbe, sendSegment, sendSyn, spoke } from './segments.ts'
import type { SendState } from './send.ts'
import { SUPER_SEGMENT } from './send-room.ts'
import { Timer } from './timers.ts'
import { toPieceEnd, trainLength } from './train.ts'

/** Where a segment stands among those that leave together. */
const Train = { Within: 0, End: 1, Alone: 2 } as const

/**
 * Segments that may be out whatever their size, and then one for every 512 bytes of send buffer: a peer may ask for tiny ones
 * (CVE-2019-11479).
 */
const LEAST_ROWS = 1024
const ROW_SHIFT = 9

/**
 * Says what is due now: acknowledgements, what was lost, what is new. False when the sink had no room for all of it, or the connection's
 * share of this turn is used up.
 */
export function output(c: Connection, out: SegmentSink, now: Instant): boolean {
  switch (c.state) {
    case 'CLOSED':
      return true
    case 'SYN-SENT':
      return speakSyn(c, out, now)
    case 'SYN-RECEIVED':
      // A Fast Open by the peer may be answered with data before its handshake is over (RFC 7413 §4.2.2).
      return c.fastOpenQueue === undefined
        ? speakSyn(c, out, now) && speakDuplicates(c, out, now) && speakAck(c, out)
        : speakSyn(c, out, now) && speakDuplicates(c, out, now) && speakNew(c, out, now) && speakAck(c, out)
    default: {
      const isAllSaid =
        speakSyn(c, out, now) &&
        speakDuplicates(c, out, now) &&
        speakProbe(c, out, now) &&
        speakData(c, out, now) &&
        speakFin(c, out, now) &&
        speakAck(c, out)
      noteLimit(c, now)
      return isAllSaid
    }
  }
}

/** What is lost goes first, but for F-RTO's try with new data after a time-out (RFC 5682 §2.1 step 2b). */
function speakData(c: Connection, out: SegmentSink, now: Instant): boolean {
  const { recovery } = c
  const nxt = c.send.nxt
  c.path.check(c, now)
  if (!speakTailProbe(c, out, now) || !speakLost(c, out, now) || !speakNew(c, out, now)) return false
  if (recovery.wantsNew) {
    recovery.wantsNew = false
    if (!speakLost(c, out, now)) return false
  }
  if (c.send.nxt !== nxt) c.tailProbe.schedule(c, now)
  return true
}

function speakSyn(c: Connection, out: SegmentSink, now: Instant): boolean {
  if (!c.send.owesSyn) return true
  if (!sendSyn(c, out)) return false
  c.send.owesSyn = false
  c.spokeAt = now
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
  } else if (isTimely && c.tcp.challenges.take(now)) {
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
    if (!sendNew(c, out, length, c.segmentSize, Train.End, now)) return false
  } else if (!sendProbe(c, out)) return false
  send.owesProbe = false
  return true
}

/** What is presumed lost, as far as the congestion window allows. */
function speakLost(c: Connection, out: SegmentSink, now: Instant): boolean {
  const { send, recovery } = c
  const { board } = recovery
  if (recovery.wantsNew) return true
  let train = -1
  for (let row = board.nextLost(); row !== -1; row = board.nextLost()) {
    const room = Math.min(c.congestion.window - recovery.inFlight(c), c.pacer.allowance(c, now))
    if (room <= 0) return true
    const seq = board.startOf(row)
    // Beyond the peer's (shrunken) window only the oldest segment is tried again (RFC 9293 SHLD-16, MAY-7).
    if (row > 0 && afterOrAt(seq, add(send.una, send.wnd))) return true
    if (!resend(c, out, row, room, row === train, now)) return false
    train = (board.marksOf(row) & Mark.EndsTrain) === 0 ? row + 1 : -1
  }
  return true
}

/** Sends the row again, cut to what one segment and `room` take; `follows`: the one before it in its train has just gone. */
function resend(
  c: Connection,
  out: SegmentSink,
  row: number,
  room: number,
  follows: boolean,
  now: Instant,
): boolean {
  const { send, recovery } = c
  const { board } = recovery
  const size = sizeNow(c)
  const most = out.segmentationOffload && isSuperFine(c) ? Math.max(size, room - (room % size)) : size
  const seq = board.startOf(row)
  while (board.lengthOf(row) < size && board.join(row)); // pieces cut for a smaller segment, or by small writes
  if (board.lengthOf(row) > Math.min(most, SUPER_SEGMENT))
    board.split(row, add(seq, Math.min(most, SUPER_SEGMENT)))
  const hasFin = send.hasFin && board.endOf(row) === add(send.end, 1)
  const data = board.lengthOf(row) - (hasFin ? 1 : 0)
  const flags =
    (hasFin ? Flag.Fin : 0) |
    (data > 0 && pushesAgain(c, row, data > size, follows, room <= data) ? Flag.Psh : 0)
  if (!sendSegment(c, out, seq, data, flags, data > size ? size : 0)) return false
  c.path.search.giveUp()
  const wasResent = (board.marksOf(row) & Mark.EverResent) !== 0
  recovery.resent(c, row, now)
  c.pacer.sent(c, data)
  countResent(c, data, Math.max(1, Math.ceil(data / size)), wasResent)
  // RFC 6298 §5: the timer sends nothing again within a time-out of when it was sent last.
  if (row === 0 && recovery.timeouts === 0) c.timers.arm(Timer.Retransmit, now, c.rtt.timeout)
  spoke(c, now)
  return true
}

/** What had PSH has it again, and so has what leaves as a train again. */
function pushesAgain(
  c: Connection,
  row: number,
  isSuper: boolean,
  follows: boolean,
  endsRoom: boolean,
): boolean {
  const marks = c.recovery.board.marksOf(row)
  if ((marks & Mark.Pushed) !== 0) return true
  const ends = endsRoom || (marks & Mark.EndsTrain) !== 0
  return c.tcp.host.profile.pushesBursts && (isSuper || (follows && ends))
}

/** What carries nothing new is no part of OutSegs (RFC 4022 §4), where all that is sent has been counted. */
function countResent(c: Connection, data: number, segments: number, wasResent: boolean): void {
  const { counters } = c.tcp.host
  c.retransmits += segments
  c.bytesRetransmitted += data
  counters.RetransSegs += segments
  counters.OutSegs -= segments
  if (wasResent) counters.TCPLostRetransmit++
  if (c.recovery.phase === 'recovery') counters.TCPFastRetrans++
  else if (c.recovery.phase === 'loss') counters.TCPSlowStartRetrans++
}

/** RFC 8985 §7.3: new data when the peer's window has room, else the last segment again. The congestion window does not count. */
function speakTailProbe(c: Connection, out: SegmentSink, now: Instant): boolean {
  const { send, recovery, tailProbe } = c
  if (!tailProbe.isOwed) return true
  const length = Math.min(send.unsent, send.usable, sizeNow(c))
  if (length > 0) {
    if (!sendNew(c, out, length, sizeNow(c), Train.Alone, now)) return false
    tailProbe.sent(c, false, now)
    return true
  }
  const { board } = recovery
  let row = board.count - 1
  if (row < 0) return true
  const size = sizeNow(c)
  if (board.lengthOf(row) > size) {
    board.split(row, add(board.endOf(row), -size))
    row++
  }
  if (!resend(c, out, row, size, false, now)) return false
  tailProbe.sent(c, true, now)
  return true
}

function speakNew(c: Connection, out: SegmentSink, now: Instant): boolean {
  const { send } = c
  if (send.unsent > 0 && send.flight === 0) afterIdle(c, now)
  let train = 0
  let left = 0
  const share = add(send.nxt, c.tcp.turn.share)
  for (let count = 1; send.unsent > 0; count++) {
    if (!before(send.nxt, share)) {
      observe(c)
      return false
    }
    const size = sizeNow(c)
    const burst = c.pacer.allowance(c, now)
    if (burst === 0) break
    const probe = count === 1 ? c.path.search.next(c, size, now) : NO_PROBE
    if (probe === PROBE_WAITS) break
    if (probe > 0) {
      if (!sendMtuProbe(c, out, probe, now)) return false
      continue
    }
    const isSuper = out.segmentationOffload && isSuperFine(c)
    const most = isSuper ? burst : size
    const length = allowed(c, size, most)
    if (length <= 0) {
      // SHLD-29: the first probe of a shut window is due after a time-out.
      if (send.flight === 0 && !c.timers.isArmed(Timer.Persist))
        c.timers.arm(Timer.Persist, now, c.rtt.timeout)
      break
    }
    if (length > size) left = train = 0
    else if (left === 0) left = train = trainLength(c, size, burst)
    if (left > 0) left--
    const place = left > 0 ? Train.Within : train === 1 ? Train.Alone : Train.End
    if (!sendNew(c, out, length, size, place, now)) return false
  }
  observe(c)
  return true
}

/**
 * A super-segment is cut by others: none of its segments may be fragmented, only one must say that the window was reduced, and the urgent
 * pointer of each counts from another number.
 */
const isSuperFine = (c: Connection): boolean =>
  c.settings.discoversPathMtu && !c.path.mayFragment && !c.ecn.owesCwr && !isUrgentAhead(c.send)

/** Urgent data has not been acknowledged (Linux's tcp_urg_mode). */
const isUrgentAhead = (send: SendState): boolean => send.isUrgent && after(send.up, send.una)

/** A segment larger than the path is known to take (RFC 4821 §7.3). */
function sendMtuProbe(c: Connection, out: SegmentSink, length: number, now: Instant): boolean {
  const seq = c.send.nxt
  if (!sendNew(c, out, length, length, Train.Alone, now)) return false
  c.path.search.sent(c, seq, c.send.nxt, length)
  return true
}

/** Notes whether the congestion window, or the application, is what ended this output. */
function observe(c: Connection): void {
  const { send, recovery } = c
  const inFlight = recovery.inFlight(c)
  const limited = inFlight + c.segmentSize > c.congestion.window
  c.windowUse.observe(limited, inFlight, send.una, send.nxt)
  recovery.rate.checkApplication(c)
}

/** Payload of a full segment beside the SACK blocks that it has to carry. */
const sizeNow = (c: Connection): number =>
  c.segmentSize - optionsLength(c.options, countSackBlocks(c)) + optionsLength(c.options, 0)

/**
 * How many bytes, up to `burst`, may be sent as the next segment: full ones (SHLD-28), the windows (RFC 5681 §2), Nagle, silly windows
 * (MUST-38).
 */
function allowed(c: Connection, size: number, burst: number): number {
  const { send, recovery } = c
  if (recovery.board.count >= Math.max(LEAST_ROWS, send.limit >> ROW_SHIFT)) return 0
  const unsent = send.unsent
  const window = c.congestion.window - recovery.inFlight(c)
  const most = Math.min(SUPER_SEGMENT - (SUPER_SEGMENT % size), Math.floor(burst / size) * size)
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
  place: number,
  now: Instant,
): boolean {
  const { send } = c
  const seq = send.nxt
  const end = add(seq, length)
  const isLast = end === send.end
  const hasFin = isLast && send.hasFin
  // PSH ends what the user gave (MUST-61, SHLD-27), and comes with the next piece's end after half a window, so that no receiver
  // holds data back. Linux also sets it on each super-segment, and so at the end of those that leave together, for the receiver
  // to gather them.
  const isEnd = isLast && !send.isUnfinished
  const isPushed =
    isEnd ||
    (distance(send.pushed, end) > send.maxWindow >> 1 && (length < size || toPieceEnd(c, size) <= length))
  const pushes = isPushed || (place === Train.End && c.tcp.host.profile.pushesBursts)
  const flags = (hasFin ? Flag.Fin : 0) | (pushes ? Flag.Psh : 0)
  if (!sendSegment(c, out, seq, length, flags, length > size ? size : 0)) return false
  c.timers.cancel(Timer.Persist) // what was held back is on its way
  send.nxt = hasFin ? add(end, 1) : end
  if (isPushed) send.pushed = end
  if (length % size !== 0) send.small = end
  if (length >= size) c.path.sentFull(seq, size)
  c.recovery.sent(c, seq, send.nxt, now)
  c.recovery.board.markLast((isPushed ? Mark.Pushed : 0) | (place === Train.Within ? 0 : Mark.EndsTrain))
  c.pacer.sent(c, length)
  c.ackDelay.answered(now)
  spoke(c, now)
  return true
}

/** A FIN by itself, all data having been sent before. The window does not hold it back. */
function speakFin(c: Connection, out: SegmentSink, now: Instant): boolean {
  const { send } = c
  if (!send.hasFin || send.isFinSent || send.unsent > 0) return true
  if (!sendSegment(c, out, send.nxt, 0, Flag.Fin, 0)) return false
  send.nxt = add(send.nxt, 1)
  c.recovery.sent(c, add(send.nxt, -1), send.nxt, now)
  spoke(c, now)
  c.tailProbe.schedule(c, now)
  return true
}

/** An acknowledgement by itself, when no segment has carried it. */
const speakAck = (c: Connection, out: SegmentSink): boolean => !c.acks.now || sendAck(c, out)

/** Sending begins anew. RFC 5681 §4.1: after an idle time longer than the RTO the window is the initial one again. */
function afterIdle(c: Connection, now: Instant): void {
  if (c.recovery.rate.isAppLimited) c.congestion.onIdleEnd(now)
  if (c.tcp.host.sysctl.tcp_slow_start_after_idle !== 0 && now - c.spokeAt > c.rtt.timeout)
    c.congestion.restart(now)
}
