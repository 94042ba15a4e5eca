// hot path
import type { Duration, Instant } from '../base/time.ts'
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
    c.rtt.sample(Math.max(1, Math.round(now - sentAt)), shortest)
    return shortest
  }
  if (!advanced || !c.options.timestamps || !seg.hasTimestamps || seg.tsEcr === 0) return -1
  const elapsed = c.sinceEcho(seg)
  if (elapsed > 0) c.rtt.sample(elapsed, -1)
  return -1
}
