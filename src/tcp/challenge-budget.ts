import { type Instant, SECOND } from '../base/time.ts'
import type { TcpHost } from './host.ts'

/**
 * How many challenge ACKs the whole stack sends (RFC 5961 §7): `tcp_challenge_ack_limit` a second, at a random level, so that a stranger cannot
 * count what is left of it and so learn what somebody else's connection has used (CVE-2016-5696).
 */
export class ChallengeBudget {
  readonly #host: TcpHost
  #left = 0
  #since: Instant = Number.NEGATIVE_INFINITY

  constructor(host: TcpHost) {
    this.#host = host
  }

  /** Takes one, if there is one. */
  take(now: Instant): boolean {
    const limit = this.#host.sysctl.tcp_challenge_ack_limit
    if (limit === 0x7fffffff) return true
    if (now - this.#since >= SECOND) {
      this.#since = now
      this.#left = ((limit + 1) >> 1) + this.#host.random.below(limit)
    }
    return this.#left-- > 0
  }
}
