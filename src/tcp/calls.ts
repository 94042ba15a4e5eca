import type { Instant } from '../base/time.ts'
import { SECOND } from '../base/time.ts'
import type { Connection } from './connection.ts'
import { beginController, switchController } from './controller-switch.ts'
import { initialWindow } from './initial-window.ts'
import { limitOrphans } from './orphans.ts'
import { sendReset } from './reset.ts'
import { roomToSend } from './send-room.ts'
import type { Settings } from './settings.ts'
import { canSend, isSynchronized } from './state.ts'
import { TIME_WAIT_LENGTH } from './time-wait.ts'
import { Timer } from './timers.ts'

/** The handshake is over: what both sides agreed on takes effect. */
export function established(c: Connection, now: Instant): void {
  const { receive, settings } = c
  c.heardAt = now
  c.timers.cancel(Timer.Retransmit)
  c.path.begin(c, now)
  receive.segmentSize = Math.min(c.segmentSize, c.tcp.host.receiveMtu - 40)
  if (c.tcp.host.profile.receivesWholeSegments) receiveWholeSegments(c)
  if (c.fastOpenQueue === undefined || c.synRetransmits > 0) beginSending(c, now)
  c.fastOpenQueue?.left(false, c.tcp.seconds)
  c.fastOpenQueue = undefined
  c.send.maxWindow = Math.max(c.send.maxWindow, c.send.wnd)
  c.receiveSpace.begin(c, now)
  if (settings.keepAlive) c.timers.arm(Timer.Keepalive, now, settings.keepIdle)
  c.statistics.delivered++ // our SYN
  c.statistics.dataInAt = now
  c.tcp.establishedCount++
  if (c.send.hasFin && c.state === 'ESTABLISHED') c.moveTo('FIN-WAIT-1') // closed while data waited for the handshake
  c.notify()
  c.speak()
}

/** The path's first guesses: the congestion window, and after a lost SYN the time-out. */
export function beginSending(c: Connection, now: Instant): void {
  const { rtt, segmentSize } = c
  // RFC 5681 §3.1: a lost SYN or SYN-ACK makes the initial window one segment; RFC 6298 §5.7: and the first time-out 3 s.
  const wasLost = c.synRetransmits > 0
  if (wasLost && rtt.smoothed === 0) rtt.fallBack()
  const window = wasLost ? segmentSize : initialWindow(segmentSize)
  beginController(c, window, window, now)
}

/** The receive buffer is rounded up to whole segments of the peer's size (FreeBSD's tcp_mss). */
function receiveWholeSegments(c: Connection): void {
  const size = Math.min(c.options.sendMss, c.path.mss)
  if (!c.isActive) c.settings = c.settings.copy() // a listener's, and others share it
  c.settings.receiveBuffer = Math.ceil(c.settings.receiveBuffer / size) * size
  c.receive.limit = c.settings.receiveLimit
}

/**
 * SEND (RFC 9293 §3.10.2): queues bytes, which output may gather (MAY-16), but not for long (MUST-60). Returns how many were taken, 0 when the buffer is full.
 * The caller has seen that the state allows sending.
 */
export function send(c: Connection, from: Uint8Array, offset: number, length: number): number {
  const { queue } = c.send
  let count = roomToSend(c, length)
  if (count < length) c.send.isBufferShort = true
  if (count <= 0) return 0
  if (!queue.reserve(queue.length + count)) {
    // Where memory is short, as much as can be had without more of it.
    c.send.isBufferShort = true
    count = Math.min(count, Math.max(queue.capacity, c.tcp.memory.least) - queue.length)
    if (count <= 0 || !queue.reserve(queue.length + count)) return 0
  }
  c.recovery.rate.checkApplication(c)
  queue.put(queue.length, from, offset, count)
  queue.length += count
  if (c.state !== 'SYN-SENT') c.speak()
  return count
}

/** RECEIVE (RFC 9293 §3.10.3): copies up to `length` bytes to `to`, and with `consume` forgets them. Returns how many. */
export function receive(
  c: Connection,
  to: Uint8Array,
  offset: number,
  length: number,
  consume: boolean,
): number {
  const count = Math.min(length, c.receive.queue.length)
  if (count === 0) return 0
  c.receive.queue.get(0, to, offset, count)
  if (consume) discard(c, count)
  return count
}

/** Forgets `count` bytes of what was received, read or not. */
export function discard(c: Connection, count: number): void {
  c.receive.consume(count)
  if (c.restTicket === 0) c.tcp.rests.watch(c)
  if (c.receive.isUrgent && c.receive.urgentAhead === 0) c.receive.isUrgent = false
  if (c.state === 'CLOSED' || (!c.ackDelay.wasRead(c) && !c.receive.isWindowNews)) return
  c.acks.oweNow()
  c.speak()
}

/** CLOSE (RFC 9293 §3.10.4): no more to send. What is queued goes first, then a FIN. */
export function close(c: Connection, now: Instant): void {
  switch (c.state) {
    case 'SYN-SENT':
      c.tcp.finish(c, 'aborted')
      return
    case 'SYN-RECEIVED':
      if (c.send.queue.length > 0) break // queued until ESTABLISHED
      established(c, now)
      c.moveTo('FIN-WAIT-1')
      break
    case 'ESTABLISHED':
      c.moveTo('FIN-WAIT-1')
      break
    case 'CLOSE-WAIT':
      c.moveTo('LAST-ACK')
      break
    default:
      return
  }
  c.send.hasFin = true
  c.speak()
}

/** ABORT (RFC 9293 §3.10.5): everything queued is lost, and the peer is told by a reset where it may wait for something. */
export function abort(c: Connection): void {
  switch (c.state) {
    case 'SYN-RECEIVED':
    case 'ESTABLISHED':
    case 'FIN-WAIT-1':
    case 'FIN-WAIT-2':
    case 'CLOSE-WAIT':
      sendReset(c, c.tcp.host.replies)
      break
    case 'CLOSED':
      return
    default:
      break
  }
  c.receive.clear()
  c.tcp.finish(c, 'aborted')
}

/**
 * The user lets go of the connection: it is closed, reading too (MAY-1), and ends by itself. With data unread the peer must learn that it is lost
 * (SHLD-3): a reset instead of a FIN.
 */
export function release(c: Connection, now: Instant): void {
  c.user = undefined
  c.tcp.orphan(c)
  c.receive.isShut = true
  if (c.receive.queue.length > 0 && c.state !== 'CLOSED') {
    c.tcp.host.counters.TCPAbortOnClose++
    c.receive.clear()
    sendReset(c, c.tcp.host.replies)
    c.tcp.finish(c, 'aborted')
    return
  }
  c.receive.clear()
  close(c, now)
  if (c.state === 'FIN-WAIT-2') awaitFin(c, now)
  limitOrphans(c)
}

/**
 * An orphan in FIN-WAIT-2 waits for the peer's FIN only so long (`tcp_fin_timeout`, but 3.5 time-outs, in which a FIN may be sent again), or with
 * a negative TCP_LINGER2 not at all. It waits as a row of the table of TIME-WAIT, as on Linux: what is beyond that table's time, before.
 */
export function awaitFin(c: Connection, now: Instant): void {
  const { finTimeout } = c.settings
  if (finTimeout < 0) {
    c.tcp.host.counters.TCPAbortOnLinger++
    abort(c)
    return
  }
  const wait = Math.max(finTimeout, 3.5 * c.rtt.timeout)
  if (wait > TIME_WAIT_LENGTH) c.timers.arm(Timer.FinWait2, now, wait - TIME_WAIT_LENGTH)
  else c.tcp.leaveFinWait2(c, now, wait)
}

/** The user has changed its settings: they take effect at once. */
export function configure(c: Connection, settings: Settings, now: Instant): void {
  c.settings = settings
  // What has grown by itself does not shrink again because something else was set.
  if (settings.isSendBufferFixed || settings.sendBuffer > c.send.limit) c.send.limit = settings.sendBuffer
  if (settings.isReceiveBufferFixed || settings.receiveLimit > c.receive.limit)
    c.receive.limit = settings.receiveLimit
  c.receive.clamp = settings.windowLimit
  if (c.state === 'CLOSED') return
  if (settings.congestionControl !== c.congestion.name) switchController(c, now)
  keepAliveChanged(c, now)
  c.speak()
}

/** What is queued goes now, even a short segment that waits for more (TCP_NODELAY on Linux). */
export function push(c: Connection): void {
  c.send.isPushed = true
  c.speak()
}

/** SO_KEEPALIVE was switched, or its times changed. */
export function keepAliveChanged(c: Connection, now: Instant): void {
  if (!isSynchronized(c.state)) return // a closed connection's timers are somebody else's
  if (!c.settings.keepAlive) c.timers.cancel(Timer.Keepalive)
  else c.timers.arm(Timer.Keepalive, now, Math.max(SECOND, c.settings.keepIdle - (now - c.heardAt)))
}

/** What STATUS (RFC 9293 §3.10.6) tells beyond the fields themselves: may the user still send? */
export const isWritable = (c: Connection): boolean =>
  canSend(c.state) && !c.send.hasFin && c.send.queue.length < c.send.limit
