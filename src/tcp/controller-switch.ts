import type { Instant } from '../base/time.ts'
import type { Connection } from './connection.ts'
import { initialWindow } from './initial-window.ts'
import { isSynchronized } from './state.ts'

/** The connection's algorithm begins, at `window` bytes; after idling it goes back to `initial`. */
export function beginController(c: Connection, initial: number, window: number, now: Instant): void {
  const { segmentSize } = c
  const smoothedRtt = c.rtt.smoothed
  const hasSack = c.options.sack
  const { rate } = c.recovery
  c.congestion.begin({ segmentSize, initialWindow: initial, window, smoothedRtt, hasSack, rate }, now)
}

/**
 * TCP_CONGESTION on a connection: the new algorithm goes on from the window and the threshold of the old one, with nothing else of what that
 * knew. As on Linux a model of the path begins without a threshold. A reduction that is under way goes on as the new one has it.
 */
export function switchController(c: Connection, now: Instant): void {
  const { window, threshold, ownsWindow } = c.congestion
  c.useController(c.settings.congestionControl)
  const { congestion, recovery } = c
  // It begins when the handshake is over, but that of a Fast Open by the peer, which sends already.
  if (!isSynchronized(c.state) && c.fastOpenQueue === undefined) return
  beginController(c, initialWindow(c.segmentSize), window, now)
  if (congestion.ownsWindow) recovery.reduction.cancel()
  else {
    congestion.threshold = threshold
    if (ownsWindow && recovery.inReduction)
      recovery.reduction.begin(congestion, congestion.thresholdAfterLoss(c.send.flight, now))
  }
  congestion.onPhase(recovery.phase, now)
}
