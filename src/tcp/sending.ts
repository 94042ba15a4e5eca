import type { Instant } from '../base/time.ts'

/** The connection's delivery clock (draft-ietf-ccwg-bbr-06 §4.1.2.1.1), as a segment remembers it from when it was sent. */
export interface DeliveryClock {
  readonly delivered: number
  readonly deliveredAt: Instant
  readonly firstSentAt: Instant
  readonly isAppLimited: boolean
}

/** What a segment remembers of its (last) sending; refilled for each that is asked about. */
export class Sending implements DeliveryClock {
  sentAt: Instant = 0
  delivered = 0
  deliveredAt: Instant = 0
  firstSentAt: Instant = 0
  isAppLimited = false
  /** Bytes in flight with it, and presumed lost until then. */
  inFlight = 0
  lost = 0
}
