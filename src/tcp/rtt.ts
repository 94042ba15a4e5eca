// hot path
import { type Duration, type Instant, MILLISECOND } from '../base/time.ts'
import type { Memo } from './memo.ts'
import { LINUX, type TcpProfile } from './profile.ts'
import { Extreme, WindowedExtreme } from './windowed-extreme.ts'

/** Linux's bounds (TCP_RTO_MIN, TCP_RTO_MAX, TCP_TIMEOUT_INIT, TCP_TIMEOUT_FALLBACK), microseconds. See docs/deviations.md for the floor. */
export const RTO_MIN: Duration = 200_000
export const RTO_MAX: Duration = 120_000_000
export const RTO_INITIAL: Duration = 1_000_000
export const RTO_FALLBACK: Duration = 3_000_000

/** Host, container, local network. */
const NEAR: Duration = MILLISECOND

/** The retransmission time-out (MUST-18, RFC 6298 §2). All times are whole microseconds, the clock's granularity (RFC 6298 §4). */
export class RoundTrip {
  /** SRTT, or 0 before the first sample. */
  smoothed: Duration = 0
  variation: Duration = 0
  /** The smallest sample of the last `tcp_min_rtt_wlen`, or 0. */
  minimum: Duration = 0
  /** The last sample, or 0. */
  latest: Duration = 0
  /** How often the time-out has been doubled since the last acknowledgement of new data. */
  backoff = 0
  #base: Duration
  readonly #minimum = new WindowedExtreme(Extreme.Least)
  readonly #profile: TcpProfile

  constructor(profile: TcpProfile = LINUX) {
    this.#profile = profile
    this.#base = profile.initialTimeout // RFC 6298 §2.1
  }

  /** The current time-out, backed off (RFC 6298 §5.5, MUST-19). */
  get timeout(): Duration {
    // The usual case apart: a power is a call of the C library.
    return this.backoff === 0
      ? this.#base
      : Math.min(this.#base * 2 ** this.backoff, this.#profile.longestTimeout)
  }

  /** So short is the path, that longer queues of ours make no connection faster: they are what it waits for. */
  get isNear(): boolean {
    return this.minimum > 0 && this.minimum < NEAR
  }

  /** The time-out before any back-off. */
  get base(): Duration {
    return this.#base
  }

  /**
   * RFC 6298 §2.2 and §2.3, the variance term held at Linux's floor. `shortest`: the sample of the segment acknowledged last, which saw
   * the path alone; -1: there is none. It is forgotten after `lifetime`.
   */
  sample(
    measured: Duration,
    shortest: Duration = measured,
    now: Instant = 0,
    lifetime: Duration = Number.POSITIVE_INFINITY,
  ): void {
    this.latest = measured
    if (shortest > 0) this.minimum = this.#minimum.add(shortest, now, lifetime)
    if (this.smoothed === 0) {
      this.smoothed = measured
      this.variation = measured >> 1
    } else {
      const error = Math.abs(this.smoothed - measured)
      this.variation += (error - this.variation) >> 2
      this.smoothed = Math.max(1, this.smoothed + ((measured - this.smoothed) >> 3))
    }
    const { shortestVariation, shortestTimeout, timeoutSlop, longestTimeout } = this.#profile
    const estimate = this.smoothed + Math.max(shortestVariation, 4 * this.variation)
    this.#base = Math.min(Math.max(estimate, shortestTimeout) + timeoutSlop, longestTimeout)
    this.backoff = 0
  }

  /** RFC 6298 §5.7: the SYN had to be sent again and there was no sample. */
  fallBack(): void {
    this.#base = RTO_FALLBACK
    this.backoff = 0
  }

  /** See `rest.ts`. */
  carry(memo: Memo): void {
    this.smoothed = memo.number(this.smoothed)
    this.variation = memo.number(this.variation)
    this.minimum = memo.number(this.minimum)
    this.latest = memo.number(this.latest)
    this.backoff = memo.number(this.backoff)
    this.#base = memo.number(this.#base)
    this.#minimum.carry(memo)
  }
}
