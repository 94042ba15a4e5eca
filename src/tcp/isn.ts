import type { Random } from '../base/random.ts'
import { SipHash } from '../base/siphash.ts'
import type { Instant } from '../base/time.ts'
import { type Seq, toSeq } from '../wire/seq.ts'
import type { TcpSysctls } from './sysctls.ts'

/**
 * Initial sequence numbers and timestamp offsets that an outsider cannot guess: a clock plus a keyed hash of the four-tuple
 * (RFC 6528 §3, RFC 9293 MUST-8, MUST-9, SHLD-1).
 */
export class SequenceSource {
  readonly #hash: SipHash
  readonly #timestamps: SipHash
  readonly #sysctl: TcpSysctls

  constructor(random: Random, sysctl: TcpSysctls) {
    this.#sysctl = sysctl
    this.#hash = new SipHash(random.bytes(16))
    this.#timestamps = new SipHash(random.bytes(16))
  }

  /** ISN = M + F(four-tuple, key), M ticking every 4 microseconds. */
  initial(local: number, localPort: number, remote: number, remotePort: number, now: Instant): Seq {
    const clock = Math.floor(now / 4) | 0
    return toSeq(clock + this.#hash.words(local, remote, (localPort << 16) | remotePort, 0))
  }

  /**
   * What is added to the millisecond clock: the same for all ports of a pair of hosts, so that a later connection's clock is later. With
   * `tcp_timestamps` 2 nothing is.
   */
  timestampOffset(local: number, remote: number): number {
    return this.#sysctl.tcp_timestamps === 2 ? 0 : this.#timestamps.words(local, remote, 0, 0)
  }
}
