import type { Instant } from '../base/time.ts'

/** How things stood when a segment was sent. */
export class SendStamp {
  sentAt: Instant = 0
  /** Bytes delivered in all until then, when the last of them was, and the first sending of the flight. */
  delivered = 0
  deliveredAt: Instant = 0
  firstSentAt: Instant = 0
  /** Bytes in flight once it was sent, and bytes presumed lost until then. */
  inFlight = 0
  lost = 0
}
