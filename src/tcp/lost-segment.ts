import type { Instant } from '../base/time.ts'
import type { Sending } from './sending.ts'

/** A segment (or super-segment) that was just presumed lost; refilled for each. */
export class LostSegment {
  /** Bytes. */
  length = 0
  /** Bytes in flight once it was sent, itself included, and bytes presumed lost since, itself included. */
  inFlight = 0
  lost = 0
  isAppLimited = false
  /** It does not continue what was presumed lost before it. */
  isRangeStart = false

  fill(length: number, sending: Sending, everLost: number): void {
    this.length = length
    this.inFlight = sending.inFlight
    this.lost = everLost - sending.lost
    this.isAppLimited = sending.isAppLimited
  }
}

/** Who wants to know of every loss. */
export interface LossWatcher {
  onLost(lost: LostSegment, now: Instant): void
}
