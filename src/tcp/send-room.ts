import { add, before, distance, earlier } from '../wire/seq.ts'
import type { Connection } from './connection.ts'

/** Payload of the largest super-segment: what an IP packet holds beside the longest headers. */
export const SUPER_SEGMENT = 65535 - 20 - 60

/** A third of the send buffer is free, and less than half of TCP_NOTSENT_LOWAT unsent: worth telling a writer (Linux's sk_stream_is_writeable). */
export const hasRoom = (c: Connection): boolean =>
  3 * (c.send.limit - c.send.queue.length) >= c.send.limit && 2 * c.send.unsent < notSentLowWater(c)

/**
 * How many of `length` bytes SEND takes. As on Linux data is queued in pieces, each as long as may go out at once: a new one is begun while less than
 * the send buffer is queued and less than TCP_NOTSENT_LOWAT unsent, and what is begun is filled, though it passes either.
 */
export function roomToSend(c: Connection, length: number): number {
  const { send } = c
  const goal = pieceSize(c, c.segmentSize)
  const lowWater = notSentLowWater(c)
  // What the windows let go at once does not count as unsent, and leaves its piece.
  const sent = add(send.nxt, sendableNow(c))
  let taken = 0
  while (taken < length) {
    const at = add(send.end, taken)
    if (before(send.piece, sent)) send.piece = earlier(sent, at)
    if (send.piece === at) {
      const isFull = send.queue.length + taken >= send.limit
      if (isFull || Math.max(0, distance(sent, at)) >= lowWater) break
    }
    const left = goal - distance(send.piece, at)
    if (left > 0) taken += Math.min(left, length - taken)
    else send.piece = at
  }
  return taken
}

/** What may go out at once: half the largest window that the peer has offered, in whole segments (Linux's size goal). */
export function pieceSize(c: Connection, segmentSize: number): number {
  const most = Math.min(SUPER_SEGMENT, c.send.maxWindow >> 1)
  return Math.max(segmentSize, most - (most % segmentSize))
}

const sendableNow = (c: Connection): number =>
  Math.max(0, Math.min(c.congestion.window - c.recovery.inFlight(c), c.send.usable))

/** Held to an int32: Linux's default is beyond, and a number beyond is an object. */
const notSentLowWater = (c: Connection): number => {
  const lowWater = c.settings.notSentLowWater
  if (lowWater !== 0) return lowWater
  return c.tcp.host.sysctl.tcp_notsent_lowat > 0x7fffffff
    ? 0x7fffffff
    : c.tcp.host.sysctl.tcp_notsent_lowat | 0
}
