// hot path
import type { Duration, Instant } from '../base/time.ts'
import type { Memo } from './memo.ts'

/** Why a connection with something to send does not send more. */
export const Limit = {
  /** There is nothing to send. */
  Idle: 0,
  /** The network, the peer's acknowledgements, or Nagle. */
  Busy: 1,
  /** The peer's window. */
  PeerWindow: 2,
  /** Our send buffer is too small for what the user would write. */
  SendBuffer: 3,
} as const
export type Limit = (typeof Limit)[keyof typeof Limit]

/** What STATUS (RFC 9293 §3.10.6) tells of a connection's past, by the names of RFC 4898 where it has them. */
export class Statistics {
  /** Payload sent, what was sent again included, and the segments that carried it. */
  dataOctetsOut = 0
  dataSegmentsOut = 0
  dataSegmentsIn = 0
  /** Segments that came before their turn. */
  outOfOrderSegments = 0
  /** Segments that the peer has acknowledged, our SYN included. */
  delivered = 0
  /** Those of them whose acknowledgement told of congestion (RFC 3168). */
  deliveredMarked = 0
  /** Expiries of the retransmission timer, the runs of them without an acknowledgement between, and how long the ended runs took. */
  timeouts = 0
  timeoutRuns = 0
  timeoutTime: Duration = 0
  /** When data last came in order, and went out. */
  dataInAt: Instant
  dataOutAt: Instant
  #limit: Limit = Limit.Idle
  #since: Instant = 0
  #busy: Duration = 0
  #peerWindow: Duration = 0
  #sendBuffer: Duration = 0

  constructor(now: Instant) {
    this.dataInAt = now
    this.dataOutAt = now
  }

  /** From now on this holds us back. */
  limitedBy(limit: Limit, now: Instant): void {
    if (limit === this.#limit) return
    const time = now - this.#since
    if (this.#limit === Limit.Busy) this.#busy += time
    else if (this.#limit === Limit.PeerWindow) this.#peerWindow += time
    else if (this.#limit === Limit.SendBuffer) this.#sendBuffer += time
    this.#limit = limit
    this.#since = now
  }

  get limit(): Limit {
    return this.#limit
  }

  /** Time with something to send or unacknowledged. */
  busyTime(now: Instant): Duration {
    const current = this.#limit === Limit.Busy ? now - this.#since : 0
    return this.#busy + current + this.peerWindowTime(now) + this.sendBufferTime(now)
  }

  /** The part of it in which the peer's window held us back. */
  peerWindowTime(now: Instant): Duration {
    return this.#peerWindow + (this.#limit === Limit.PeerWindow ? now - this.#since : 0)
  }

  /** The part of it in which the send buffer was too small. */
  sendBufferTime(now: Instant): Duration {
    return this.#sendBuffer + (this.#limit === Limit.SendBuffer ? now - this.#since : 0)
  }

  /** See `rest.ts`. */
  carry(memo: Memo): void {
    this.dataOctetsOut = memo.number(this.dataOctetsOut)
    this.dataSegmentsOut = memo.number(this.dataSegmentsOut)
    this.dataSegmentsIn = memo.number(this.dataSegmentsIn)
    this.outOfOrderSegments = memo.number(this.outOfOrderSegments)
    this.delivered = memo.number(this.delivered)
    this.deliveredMarked = memo.number(this.deliveredMarked)
    this.timeouts = memo.number(this.timeouts)
    this.timeoutRuns = memo.number(this.timeoutRuns)
    this.timeoutTime = memo.number(this.timeoutTime)
    this.dataInAt = memo.instant(this.dataInAt)
    this.dataOutAt = memo.instant(this.dataOutAt)
    this.#limit = memo.number(this.#limit)
    this.#since = memo.instant(this.#since)
    this.#busy = memo.number(this.#busy)
    this.#peerWindow = memo.number(this.#peerWindow)
    this.#sendBuffer = memo.number(this.#sendBuffer)
  }
}
