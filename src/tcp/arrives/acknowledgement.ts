// hot path
import { type Instant, MILLISECOND, NEVER } from '../../base/time.ts'
import { after, afterOrAt, before } from '../../wire/seq.ts'
import type { Segment } from '../../wire/tcp.ts'
import { Flag } from '../../wire/tcp.ts'
import type { Connection } from '../connection.ts'
import { noteLimit } from '../limits.ts'
import { RTO_MAX } from '../rtt.ts'
import { hasRoom } from '../send-room.ts'
import { Timer } from '../timers.ts'

/** The ESTABLISHED part of the fifth step: SND.UNA, the window, RTT, recovery, the retransmission timer. */
export function acknowledgement(c: Connection, seg: Segment, now: Instant): void {
  const window = offered(c, seg)
  if (after(seg.ack, c.send.una)) newData(c, seg, now)
  else if (isDuplicate(c, seg, window)) duplicate(c, now)
  if (!before(seg.ack, c.send.una)) updateWindow(c, seg, window)
}

/** SEG.WND in bytes: that of a SYN is never scaled (RFC 7323 §2.2). */
export const offered = (c: Connection, seg: Segment): number =>
  seg.has(Flag.Syn) ? seg.window : seg.window << c.options.sendShift

function newData(c: Connection, seg: Segment, now: Instant): void {
  const { send, recovery, rtt } = c
  // Read before SND.UNA moves: was it the congestion window that held us back? (RFC 7661 §4.3's "limited".)
  const limited = send.flight + c.segmentSize >= c.congestion.window || recovery.phase !== 'open'
  const wasOpen = recovery.phase === 'open'
  const data = send.acknowledge(seg.ack)
  send.hasMoreComing = false
  c.bytesAcked += data
  c.statistics.delivered += Math.max(1, Math.ceil(data / c.segmentSize))
  if (recovery.timeouts > 0) c.statistics.timeoutTime += now - recovery.stalledSince
  if (hasRoom(c)) send.isBufferShort = false
  // Karn: what was sent again is timed by its echoed timestamp or not at all (RFC 6298 §3).
  const isTimed = rtt.acknowledged(seg.ack, now)
  if (!isTimed && !wasOpen && c.options.timestamps && seg.hasTimestamps) sampleEcho(c, seg)
  recovery.acknowledged(send, data, c.segmentSize, limited, c.congestion, rtt, now)
  // RFC 6298 §5.2 and §5.3.
  if (send.flight === 0) c.timers.cancel(Timer.Retransmit)
  else c.timers.arm(Timer.Retransmit, now, rtt.timeout)
  if (send.hasMore || recovery.lost > 0) c.speak()
  else noteLimit(c, now)
  if (data > 0) c.notify()
}

/** Time since the segment that this one echoes was sent (RFC 7323 §4), to the millisecond; an echo of what we never sent tells nothing. */
function sampleEcho(c: Connection, seg: Segment): void {
  const elapsed = (c.timestamp - seg.tsEcr) | 0
  if (elapsed >= 0 && elapsed <= RTO_MAX / MILLISECOND) c.rtt.sample(Math.max(1, elapsed) * MILLISECOND)
}

/** RFC 5681 §2: a duplicate acknowledgement. */
const isDuplicate = (c: Connection, seg: Segment, window: number): boolean =>
  seg.ack === c.send.una && seg.length === 0 && window === c.send.wnd && c.send.flight > 0

function duplicate(c: Connection, now: Instant): void {
  if (c.recovery.duplicate(c.send, c.segmentSize, c.congestion, now)) {
    c.tcp.host.counters.TCPRenoRecovery++
    c.rtt.cancel()
  }
  c.speak()
}

/** SND.WL1 and SND.WL2 keep an old segment from setting the window. */
function updateWindow(c: Connection, seg: Segment, window: number): void {
  const { send } = c
  if (!(before(send.wl1, seg.seq) || (send.wl1 === seg.seq && afterOrAt(seg.ack, send.wl2)))) return
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
