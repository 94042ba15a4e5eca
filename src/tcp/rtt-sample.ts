// hot path
import { type Duration, type Instant, SECOND } from '../base/time.ts'
import type { Segment } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'
import type { Delivery } from './delivery.ts'

/**
 * RFC 6298 §3: every acknowledgement of something never sent again is a sample; else its timestamp, or none (Karn). Returns the round trip of
 * the segment that was sent last among these, microseconds, or -1.
 */
export function sampleRtt(
  c: Connection,
  seg: Segment,
  delivery: Delivery,
  advanced: boolean,
  now: Instant,
): Duration {
  const isClear = !delivery.hadResent && delivery.firstSentAt >= 0
  const sentAt = isClear ? delivery.firstSentAt : delivery.sackedSentAt
  if (sentAt >= 0) {
    const last = isClear ? delivery.lastSentAt : sentAt
    const shortest = Math.max(1, Math.round(now - last))
    const isSuspect = isPerhapsDelayed(c, delivery) && shortest > c.rtt.minimum && c.rtt.minimum > 0
    c.rtt.sample(Math.max(1, Math.round(now - sentAt)), isSuspect ? -1 : shortest, now, lifetimeOf(c))
    return shortest
  }
  if (!advanced || !c.options.timestamps || !seg.hasTimestamps || seg.tsEcr === 0) return -1
  const elapsed = c.sinceEcho(seg)
  if (elapsed > 0) c.rtt.sample(elapsed, -1)
  return -1
}

/** One short segment: its acknowledgement may have waited, and says nothing of the path (Linux's FLAG_ACK_MAYBE_DELAYED). */
const isPerhapsDelayed = (c: Connection, delivery: Delivery): boolean =>
  delivery.delivered < c.segmentSize && !delivery.hadSacked

/** The peer answered a SYN or SYN-ACK that was sent only once, at `sentAt`. */
export function sampleHandshake(c: Connection, sentAt: Instant, now: Instant): void {
  const measured = Math.max(1, Math.round(now - sentAt))
  c.rtt.sample(measured, measured, now, lifetimeOf(c))
}

/** For how long the smallest sample counts. */
const lifetimeOf = (c: Connection): Duration => c.tcp.host.sysctl.tcp_min_rtt_wlen * SECOND
