// hot path
import { type Duration, type Instant, SECOND } from '../base/time.ts'
import type { RateSample } from './delivery-rate.ts'
import type { Memo } from './memo.ts'

/** How long a minimal round trip is believed, and after how long without one it is looked for. */
const MINIMUM_RTT_LIFE: Duration = 10 * SECOND
export const PROBE_RTT_INTERVAL: Duration = 5 * SECOND

/** BBR's long-term model of the path: its bandwidth and its round trip (draft-ietf-ccwg-bbr-06, "Updating Network Path Model Parameters"). */
export class BbrPath {
  /** BBR.round_count: round trips, timed by packets; and whether this acknowledgement begins one. */
  rounds = 0
  isRoundStart = false
  /** BBR.min_rtt, microseconds; Infinity: unknown. */
  minimumRtt: Duration = Number.POSITIVE_INFINITY
  /** BBR.probe_rtt_expired: no round trip as short as the last one has been seen for an interval. */
  isProbeDue = false
  #minimumAt: Instant = 0
  #probeMinimum: Duration = Number.POSITIVE_INFINITY
  #probeMinimumAt: Instant = 0
  #roundEnd = 0
  /** The best sample of the present cycle of probing, and of the one before; bytes a second. */
  #present = 0
  #previous = 0

  begin(smoothedRtt: Duration, now: Instant): void {
    if (smoothedRtt > 0) this.minimumRtt = smoothedRtt
    this.#minimumAt = now
    this.#probeMinimumAt = now
  }

  /** BBR.max_bw, bytes a second; 0: nothing measured. */
  get bandwidth(): number {
    return Math.max(this.#present, this.#previous)
  }

  /** StartRound: the round ends when something is acknowledged that is sent from now on. */
  startRound(delivered: number): void {
    this.#roundEnd = delivered
  }

  /** UpdateMaxBw, UpdateRound. `delivered`: in all, this acknowledgement included. */
  measure(sample: RateSample, delivered: number): void {
    this.isRoundStart = sample.hasData && sample.priorDelivered >= this.#roundEnd
    if (this.isRoundStart) {
      this.startRound(delivered)
      this.rounds++
    }
    const { rate } = sample
    if (rate > 0 && (rate >= this.bandwidth || !sample.isAppLimited) && rate > this.#present)
      this.#present = rate
  }

  /** AdvanceMaxBwFilter: a cycle of probing is over. One in which nothing was measured does not count. */
  advanceCycle(): void {
    if (this.#present === 0) return
    this.#previous = this.#present
    this.#present = 0
  }

  /** UpdateMinRTT. `rtt`: -1 when the acknowledgement times nothing. */
  timeRound(rtt: Duration, now: Instant): void {
    this.isProbeDue = now > this.#probeMinimumAt + PROBE_RTT_INTERVAL
    if (rtt >= 0 && (rtt < this.#probeMinimum || this.isProbeDue)) {
      this.#probeMinimum = rtt
      this.#probeMinimumAt = now
    }
    if (this.#probeMinimum < this.minimumRtt || now > this.#minimumAt + MINIMUM_RTT_LIFE) {
      this.minimumRtt = this.#probeMinimum
      this.#minimumAt = this.#probeMinimumAt
    }
  }

  /** The minimum has just been looked for. */
  probed(now: Instant): void {
    this.#probeMinimumAt = now
  }

  carry(memo: Memo): void {
    this.rounds = memo.number(this.rounds)
    this.isRoundStart = memo.flag(this.isRoundStart)
    this.minimumRtt = memo.number(this.minimumRtt)
    this.isProbeDue = memo.flag(this.isProbeDue)
    this.#minimumAt = memo.instant(this.#minimumAt)
    this.#probeMinimum = memo.number(this.#probeMinimum)
    this.#probeMinimumAt = memo.instant(this.#probeMinimumAt)
    this.#roundEnd = memo.number(this.#roundEnd)
    this.#present = memo.number(this.#present)
    this.#previous = memo.number(this.#previous)
  }
}
