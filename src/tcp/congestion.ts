import type { Duration, Instant } from '../base/time.ts'

/** ssthresh before the first loss: as high as can be (RFC 5681 §3.1). Linux's TCP_INFINITE_SSTHRESH, in bytes here. */
export const INFINITE_THRESHOLD = 0x7fffffff

/** What a congestion controller is told and asked; all sizes in bytes. One shared test suite holds every implementation (MAY-18) to it. */
export interface CongestionController {
  readonly name: string
  /** Congestion window. */
  readonly window: number
  /** Slow-start threshold. */
  readonly threshold: number
  /** The segment size is known, or has changed. */
  begin(segmentSize: number, initialWindow: number): void
  /** `acknowledged` bytes of new data outside recovery; `limited`: the window was what held the sender back (RFC 7661). */
  onAcknowledged(acknowledged: number, smoothedRtt: Duration, limited: boolean, now: Instant): void
  /** A loss was found by duplicate acknowledgements with `flight` bytes outstanding: RFC 5681 §3.2 steps 2 and 3. */
  onLoss(flight: number, now: Instant): void
  /** A further duplicate acknowledgement during recovery: RFC 5681 §3.2 step 4. */
  onDuplicate(): void
  /** A partial acknowledgement of `acknowledged` bytes: RFC 6582 §3.2 step 3. */
  onPartial(acknowledged: number): void
  /** Recovery is over, with `flight` bytes outstanding: RFC 6582 §3.2 step 3, full acknowledgement. */
  onRecovered(flight: number): void
  /** The retransmission timer expired with `flight` bytes outstanding; `again`: for the same segment as before. */
  onTimeout(flight: number, again: boolean): void
  /** The sender was idle for longer than the retransmission time-out: RFC 5681 §4.1. */
  onIdle(): void
}
