import { discard, send } from '../tcp/calls.ts'
import type { Connection } from '../tcp/connection.ts'
import { add } from '../wire/seq.ts'
import { Ioctl, Msg, Poll } from './constants.ts'
import { Errno } from './errno.ts'

/** The receive and send queues of a connection as recv, ioctl and poll see them, with the urgent octet at its place. */

/** A handshake of ours is still going on: nothing can be read or written yet. A Fast Open by the peer can. */
export const isOpening = (c: Connection): boolean =>
  c.state === 'SYN-SENT' || (c.state === 'SYN-RECEIVED' && c.isActive)

/**
 * recv() from the stream: bytes copied, or left out with MSG_TRUNC; 0 when there are none. Reading stops before the urgent octet, and at it
 * leaves it out, unless it is inline: it is then lost, read out of band before or not.
 */
export function readStream(
  c: Connection,
  to: Uint8Array,
  offset: number,
  length: number,
  flags: number,
): number {
  const { queue } = c.receive
  let skipped = 0
  let available = queue.length
  if (c.receive.isUrgent) {
    const before = c.receive.urgentAhead - 1
    if (before > 0) available = Math.min(available, before)
    else if (!c.settings.isOutOfBandInline && available > 0) {
      skipped = 1
      available--
    }
  }
  const count = Math.min(length, available)
  if (count > 0 && (flags & Msg.Trunc) === 0) queue.get(skipped, to, offset, count)
  if ((flags & Msg.Peek) === 0 && skipped + count > 0) discard(c, skipped + count)
  return count
}

/** recv() with MSG_OOB: 1 and the urgent octet, or -EINVAL (none, read before, or inline), -ENOTCONN, -EAGAIN (still to come). */
export function readOutOfBand(
  c: Connection,
  to: Uint8Array,
  offset: number,
  length: number,
  flags: number,
): number {
  const { receive } = c
  if (c.settings.isOutOfBandInline || !receive.isUrgent || receive.isUrgentTaken) return -Errno.EINVAL
  if (c.state === 'CLOSED' && !receive.isFinTaken) return -Errno.ENOTCONN
  if (!hasUrgentOctet(c)) return c.state === 'CLOSED' || receive.isFinTaken ? 0 : -Errno.EAGAIN
  if ((flags & Msg.Peek) === 0) receive.isUrgentTaken = true
  if (length === 0) return 0
  if ((flags & Msg.Trunc) === 0) receive.queue.get(receive.urgentAhead - 1, to, offset, 1)
  return 1
}

/** The urgent octet is there and has not been read out of band: POLLPRI. */
function hasUrgentOctet(c: Connection): boolean {
  const { receive } = c
  return receive.isUrgent && !receive.isUrgentTaken && receive.urgentAhead <= receive.queue.length
}

/** SIOCATMARK: the urgent octet is the next one. */
const isAtMark = (c: Connection): boolean => c.receive.isUrgent && c.receive.urgentAhead === 1

/** SIOCINQ: what one recv() could read at most, up to the urgent octet. */
function inQueue(c: Connection): number {
  const { receive, settings } = c
  if (isOpening(c)) return 0
  if (!receive.isUrgent || settings.isOutOfBandInline || receive.urgentAhead > receive.queue.length)
    return receive.queue.length
  return receive.urgentAhead - 1
}

/** SIOCOUTQ: what the peer has not acknowledged; a FIN counts as one. */
function outQueue(c: Connection): number {
  if (isOpening(c) || c.state === 'CLOSED') return 0
  return c.send.queue.length + (c.send.hasFin && !c.send.isFinAcknowledged ? 1 : 0)
}

/** SIOCOUTQNSD: what was never sent; a FIN counts as one. */
function unsentQueue(c: Connection): number {
  if (isOpening(c) || c.state === 'CLOSED') return 0
  return c.send.unsent + (c.send.hasFin && !c.send.isFinSent ? 1 : 0)
}

/** Requests of ioctl, and what they tell. */
export const COUNTS: Readonly<Record<number, (c: Connection) => number>> = {
  [Ioctl.InQueue]: inQueue,
  [Ioctl.OutQueue]: outQueue,
  [Ioctl.OutQueueUnsent]: unsentQueue,
  [Ioctl.AtMark]: (c) => Number(isAtMark(c)),
}

/** send() to the stream: how many bytes were taken. With MSG_OOB the last of them is urgent, with MSG_MORE a short segment waits. */
export function writeStream(
  c: Connection,
  from: Uint8Array,
  offset: number,
  length: number,
  flags: number,
): number {
  const count = send(c, from, offset, length)
  if (count === 0) return 0
  if ((flags & Msg.Oob) !== 0) {
    c.send.up = add(c.send.base, c.send.queue.length)
    c.send.isUrgent = true
  }
  c.send.wrote((flags & Msg.More) !== 0 && count === length)
  return count
}

/** What has come, as poll tells it. */
export const arrivals = (c: Connection, lowWater: number): number =>
  (isReadable(c, lowWater) ? Poll.In | Poll.ReadNormal : 0) | (hasUrgentOctet(c) ? Poll.Pri : 0)

/** Enough for POLLIN: SO_RCVLOWAT bytes, or so many that the window is all but shut. */
function isReadable(c: Connection, lowWater: number): boolean {
  const { receive } = c
  const available = receive.queue.length
  if (available <= 0) return false
  const target = isAtMark(c) && !c.settings.isOutOfBandInline ? lowWater + 1 : lowWater
  return available >= target || receive.wnd <= receive.segmentSize
}
