import type { Duration, Instant } from '../base/time.ts'
import type { DeliveryRate, RateSample } from './delivery-rate.ts'
import type { LossWatcher } from './lost-segment.ts'
import type { Memo } from './memo.ts'

/** ssthresh before the first loss: as high as can be (RFC 5681 §3.1). Linux's TCP_INFINITE_SSTHRESH, in bytes here. */
export const INFINITE_THRESHOLD = 0x7fffffff

/** Where loss recovery stands; Linux's names are Open, Disorder, CWR, Recovery and Loss. */
export type Phase = 'open' | 'disorder' | 'reduction' | 'recovery' | 'loss'

/** What is known when the handshake is over, or when another algorithm is to go on. */
export interface Opening {
  /** Eff.snd.MSS, the initial window (RFC 6928), and the one to begin with; bytes. */
  segmentSize: number
  initialWindow: number
  window: number
  /** Microseconds; 0: there was no sample. */
  smoothedRtt: Duration
  /** More than one loss in a round trip can be seen. */
  hasSack: boolean
  /** The connection's delivery clock, for as long as it lives. */
  rate: DeliveryRate
}

/**
 * A congestion control algorithm: how large the window is, and how it grows and shrinks. When something was lost, and how the window comes
 * down during recovery, is `Recovery`'s affair. All sizes in bytes. One shared test suite holds every implementation to
 * this (MAY-18).
 */
export interface CongestionController extends LossWatcher {
  readonly name: string
  /** Congestion window. Recovery sets it while a reduction is in progress (RFC 9937), unless the algorithm `ownsWindow`. */
  window: number
  /** Slow-start threshold. */
  threshold: number
  /** The algorithm models the path instead of reacting to loss: proportional rate reduction keeps its hands off. */
  readonly ownsWindow: boolean
  /** Bytes a second at which to send; 0: as the window allows. */
  readonly pacingRate: number
  /** The handshake is over, or another algorithm's time. */
  begin(opening: Opening, now: Instant): void
  /** The segment size has changed, and the initial window with it. */
  resize(segmentSize: number, initialWindow: number): void
  /** `delivered` bytes arrived, the window was what held the sender back, and it may grow. */
  grow(delivered: number, smoothedRtt: Duration, now: Instant): void
  /** Every acknowledgement, whatever the phase: `rtt` is that of the segment sent last among those that it reports, microseconds, or -1. */
  onAcknowledgement(sample: RateSample, rtt: Duration, now: Instant): void
  /** The slow-start threshold that a loss (or a mark of ECN) with `flight` bytes outstanding asks for. */
  thresholdAfterLoss(flight: number, now: Instant): number
  /** What was taken for a loss was none, or the time-out spurious: the window that stood before. */
  undo(): void
  onPhase(phase: Phase, now: Instant): void
  /** There is something to send again, with nothing in flight and after the application had nothing. */
  onIdleEnd(now: Instant): void
  /** The sender was idle for longer than the retransmission time-out: RFC 5681 §4.1. */
  restart(now: Instant): void
  /** Keeps all that it knows in `memo` while nothing is in flight, or takes it from it; `rate` is as in `Opening`. */
  carry(memo: Memo, rate: DeliveryRate): void
}
