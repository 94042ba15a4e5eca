// hot path
import type { Instant } from '../base/time.ts'
import type { Connection } from './connection.ts'
import { Limit } from './statistics.ts'

/** Notes what holds the connection back, now that it has said what it may. */
export function noteLimit(c: Connection, now: Instant): void {
  c.statistics.limitedBy(limitOf(c), now)
}

function limitOf(c: Connection): Limit {
  const { send, congestion, recovery, segmentSize } = c
  if (send.isDone) return Limit.Idle
  const unsent = send.unsent
  const isCongested = recovery.inFlight(c) + Math.min(unsent, segmentSize) > congestion.window
  if (isCongested) return Limit.Busy
  if (unsent > 0) return send.usable < Math.min(unsent, segmentSize) ? Limit.PeerWindow : Limit.Busy
  return send.isBufferShort && c.state !== 'CLOSED' ? Limit.SendBuffer : Limit.Busy
}
