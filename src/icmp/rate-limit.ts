import type { Random } from '../base/random.ts'
import { SipHash } from '../base/siphash.ts'
import { type Instant, MILLISECOND, SECOND } from '../base/time.ts'
import type { IcmpCounters } from './counters.ts'
import type { IcmpSysctls } from './sysctls.ts'

/** Intervals that a destination may save up (Linux's XRLIM_BURST_FACTOR). */
const BURST = 6
/** Destinations share buckets by a keyed hash, so that the table is bounded and nobody can empty a chosen stranger's bucket. */
const BUCKETS = 1024

/** What limits errors sent (RFC 1812 §4.3.2.8): a token bucket for all together and one for each destination, as Linux has them. */
export class RateLimit {
  readonly #sysctl: IcmpSysctls
  readonly #counters: IcmpCounters
  readonly #random: Random
  readonly #hash: SipHash
  /** Messages that may go out now, and when that was reckoned. */
  #credit: number
  #stamp: Instant = 0
  /** By bucket: saved time in microseconds, and when that was reckoned. */
  readonly #saved = new Float64Array(BUCKETS).fill(Number.POSITIVE_INFINITY)
  readonly #stamps = new Float64Array(BUCKETS)

  constructor(sysctl: IcmpSysctls, counters: IcmpCounters, random: Random) {
    this.#sysctl = sysctl
    this.#counters = counters
    this.#random = random
    this.#hash = new SipHash(random.bytes(16))
    this.#credit = sysctl.icmp_msgs_burst
  }

  /** True when a message of the type may go to `destination` now; its token is then spent. */
  allow(type: number, destination: number, now: Instant): boolean {
    if (type > 31 || ((this.#sysctl.icmp_ratemask >>> type) & 1) === 0) return true
    if (!this.#allowGlobal(now)) {
      this.#counters.OutRateLimitGlobal++
      return false
    }
    if (!this.#allowHost(destination, now)) {
      this.#counters.OutRateLimitHost++
      return false
    }
    return true
  }

  /**
   * A message costs one token on average, but none or two by chance: with an exact count, whoever draws errors from us could reckon how many
   * we send to others, and learn from it which ports are open (CVE-2020-25705).
   */
  #allowGlobal(now: Instant): boolean {
    const { icmp_msgs_per_sec: rate, icmp_msgs_burst: burst } = this.#sysctl
    const earned = (Math.min(now - this.#stamp, SECOND) * rate) / SECOND
    this.#credit = Math.min(this.#credit + earned, burst)
    this.#stamp = now
    if (this.#credit < 1) return false
    this.#credit = Math.max(this.#credit - this.#random.below(3), 0)
    return true
  }

  #allowHost(destination: number, now: Instant): boolean {
    const interval = this.#sysctl.icmp_ratelimit * MILLISECOND
    if (interval === 0) return true
    const bucket = this.#hash.words(destination, 0, 0, 0) & (BUCKETS - 1)
    const saved = Math.min(this.#saved[bucket]! + now - this.#stamps[bucket]!, BURST * interval)
    const isAllowed = saved >= interval
    this.#saved[bucket] = isAllowed ? saved - interval : saved
    this.#stamps[bucket] = now
    return isAllowed
  }
}
