// hot path
import type { Duration, Instant } from '../base/time.ts'
import type { Connection } from './connection.ts'
import type { Delivery } from './delivery.ts'

/** What an acknowledgement that told of `delivered` bytes does to the congestion window; `wasLoss`: a time-out was being repaired. */
export function steerWindow(
  c: Connection,
  delivery: Delivery,
  delivered: number,
  advanced: boolean,
  wasLoss: boolean,
  rtt: Duration,
  now: Instant,
): void {
  const { congestion, recovery } = c
  const { reduction } = recovery
  const { sample } = recovery.rate
  sample.inFlight = recovery.inFlight(c)
  sample.isWindowLimited = c.windowUse.wasLimited
  congestion.onAcknowledgement(sample, rtt, now)
  if (congestion.ownsWindow) return
  if (recovery.inReduction && reduction.isActive) {
    const advances = advanced && recovery.phase === 'recovery'
    // Newly lost, and not how much more is lost than before: a loss counts though another was repaired.
    reduction.acknowledged(congestion, delivered, sample.newlyLost, sample.inFlight, advances, c.segmentSize)
  } else if (mayGrow(c, delivery, delivered) && c.windowUse.isLimited(congestion)) {
    // RFC 3465 §2.3: after a time-out, without SACK, an ACK may cover much that had arrived long before; it counts for one segment.
    const isVague = wasLoss && !c.options.sack
    congestion.grow(isVague ? Math.min(delivered, c.segmentSize) : delivered, c.rtt.smoothed, now)
  }
}

/** On a path that reorders SACKs tell of progress, too (Linux's tcp_may_raise_cwnd). */
function mayGrow(c: Connection, delivery: Delivery, delivered: number): boolean {
  if (delivery.cumulative > 0) return true
  return delivered > 0 && c.recovery.losses.threshold > c.tcp.host.sysctl.tcp_reordering
}
