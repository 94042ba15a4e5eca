// hot path
import { type Instant, NEVER } from '../../base/time.ts'
import { after, afterOrAt, before, distance, type Seq } from '../../wire/seq.ts'
import type { Segment } from '../../wire/tcp.ts'
import { Flag } from '../../wire/tcp.ts'
import type { Connection } from '../connection.ts'
import { noteLimit } from '../limits.ts'
import { expandSendBuffer } from '../send-buffer.ts'
import { hasRoom } from '../send-room.ts'
import { armReordering } from '../timeouts.ts'
import { Timer } from '../timers.ts'

/** The ESTABLISHED part of the fifth step: SND.UNA, the window, RTT, recovery, the retransmission timer. */
export function acknowledgement(c: Connection, seg: Segment, now: Instant): void {
  const window = offered(c, seg)
  const prior = c.send.una
  const isRepeated = isRepetition(c, seg, window)
  const advances = after(seg.ack, prior)
  if (advances) takeAcknowledged(c, seg, now)
  if (!before(seg.ack, prior)) {
    if (seg.length === 0) c.tcp.host.counters.TCPPureAcks++
    c.softError = undefined // something went through (Linux's sk_err_soft)
    updateWindow(c, seg, window, advances)
    recover(c, seg, prior, isRepeated, now)
  } else if (seg.sackCount > 0) recover(c, seg, prior, false, now) // overtaken, but what it says of later data is news
  if (advances) c.notify()
}

function takeAcknowledged(c: Connection, seg: Segment, now: Instant): void {
  const data = c.send.acknowledge(seg.ack)
  c.path.acknowledged(c, now)
  c.send.hasMoreComing = false
  c.bytesAcked += data
  const segments = Math.max(1, Math.ceil(data / c.segmentSize))
  c.statistics.delivered += segments
  if (c.ecn.isEcho(c, seg)) {
    c.statistics.deliveredMarked += segments
    c.tcp.host.counters.TCPDeliveredCE += segments
  }
  if (c.send.isBufferShort) expandSendBuffer(c)
  if (hasRoom(c)) c.send.isBufferShort = false
}

/** SEG.WND in bytes: that of a SYN is never scaled (RFC 7323 §2.2). */
export const offered = (c: Connection, seg: Segment): number =>
  seg.has(Flag.Syn) ? seg.window : seg.window << c.options.sendShift

/** What the acknowledgement says of losses, and what that means for the timers. Pure data on an idle sender says nothing. */
function recover(c: Connection, seg: Segment, prior: Seq, isRepeated: boolean, now: Instant): void {
  const { send, recovery, rtt } = c
  const advanced = send.una !== prior
  const isDuplicate = isRepeated && send.flight > 0 // RFC 5681 §2
  if (isRepeated && seg.sackCount === 0) c.tailProbe.repeated(seg)
  const isMarked = (advanced || send.flight > 0) && c.ecn.isEcho(c, seg)
  if (!advanced && !isDuplicate && seg.sackCount === 0 && !isMarked) return
  if (advanced && recovery.timeouts > 0) c.statistics.timeoutTime += now - recovery.stalledSince
  if (isMarked) recovery.congestionMarked(c, distance(prior, send.nxt), now)
  recovery.acknowledged(c, seg, prior, isDuplicate, now)
  if (advanced) {
    // RFC 6298 §5.2 and §5.3.
    if (send.flight === 0) c.timers.cancel(Timer.Retransmit)
    else c.timers.arm(Timer.Retransmit, now, rtt.timeout)
  }
  armReordering(c, now)
  if (advanced) c.tailProbe.schedule(c, now)
  else c.tailProbe.check(c)
  if (send.hasMore || recovery.hasLost) c.speak()
  else noteLimit(c, now)
}

/** It says what the one before said: a duplicate acknowledgement, if something is in flight. */
const isRepetition = (c: Connection, seg: Segment, window: number): boolean =>
  seg.ack === c.send.una && seg.length === 0 && window === c.send.wnd

/**
 * SND.WL1 and SND.WL2 keep an old segment from setting the window. What acknowledges more is not old, whatever came ahead of its turn (Linux's
 * tcp_may_update_window): the old window, counted from the new SND.UNA, would reach farther than the peer has ever offered.
 */
function updateWindow(c: Connection, seg: Segment, window: number, advances: boolean): void {
  const { send } = c
  const isLater = before(send.wl1, seg.seq) || (send.wl1 === seg.seq && afterOrAt(seg.ack, send.wl2))
  if (!advances && !isLater) return
  send.wl1 = seg.seq
  send.wl2 = seg.ack
  if (window === send.wnd) return
  const opened = window > send.wnd
  send.wnd = window
  if (window > send.maxWindow) send.maxWindow = window
  if (opened) {
    c.timers.cancel(Timer.Persist)
    send.shutSince = NEVER
    if (send.flight === 0) c.rtt.backoff = 0 // the persist timer's back-off is over
    c.speak()
  }
}
