// hot path
import { type Instant, MILLISECOND, SECOND } from '../base/time.ts'
import { beforeOrAt } from '../wire/seq.ts'
import type { Segment } from '../wire/tcp.ts'
import { Flag } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'

/** RFC 7323 §5.5: TS.Recent of a connection idle for longer than 24 days says nothing. Seconds. */
const TIMESTAMP_LIFETIME = 24 * 24 * 3600

/** A SYN may bear an older time than its open: that of the turn in which both happened. */
const LONGEST_TURN = SECOND

/** RFC 7323 §5.3, R1: the segment's timestamp is older than what we have seen. Resets are exempt (§5.2). */
export function isStale(c: Connection, seg: Segment): boolean {
  if (!c.options.timestamps || !seg.hasTimestamps || seg.has(Flag.Rst)) return false
  const age = (seg.tsVal - c.receive.tsRecent) | 0
  return age < 0 && c.tcp.seconds - c.receive.tsRecentAt < TIMESTAMP_LIFETIME
}

/** The answer to our SYN echoes a timestamp that none of ours had: it answers another connection's (Linux's PAWSActive). */
export function isStrangeEcho(c: Connection, seg: Segment, now: Instant): boolean {
  if (!c.tcp.host.profile.refusesStrangeEchoes) return false
  if (!c.options.timestamps || !seg.hasTimestamps || seg.tsEcr === 0) return false
  const age = (c.timestamp - seg.tsEcr) | 0
  return age < 0 || age * MILLISECOND > now - c.openedAt + LONGEST_TURN
}

/** RFC 7323 §4.3: TS.Recent follows segments that lie at or before the last ACK sent, and that are not stale. */
export function updateTimestamp(c: Connection, seg: Segment): void {
  if (seg.hasTimestamps && beforeOrAt(seg.seq, c.receive.acknowledged)) recordTimestamp(c, seg)
}

export function recordTimestamp(c: Connection, seg: Segment): void {
  c.receive.tsRecent = seg.tsVal
  c.receive.tsRecentAt = c.tcp.seconds
}
