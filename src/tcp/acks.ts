// hot path
import type { Duration, Instant } from '../base/time.ts'
import type { Memo } from './memo.ts'
import type { TcpProfile } from './profile.ts'

/** Duplicates of one turn that get an acknowledgement of their own. */
const MAX_DUPLICATES = 64

/** Which acknowledgements a connection owes. Input marks here, for all segments of a turn (MUST-58, MUST-59); output speaks. */
export class Acks {
  /** An acknowledgement at the turn's end. */
  now = false
  /** One when the delay is over (MUST-40), or with the next segment. */
  delayed = false
  /** Out-of-order and duplicate segments, each of which gets its own (RFC 5681 §4.2, MAY-13). */
  duplicates = 0
  /** RFC 5961's challenge; the limiters are asked when it is sent. */
  challenge = false
  /** An answer to an empty segment that was not acceptable, perhaps a probe: limited like a challenge, but none. */
  answer = false
  /** Acknowledgements yet to be sent without delay. */
  quick: number
  /** The most of these at a time. */
  readonly quickMost: number
  #limitedAt: Instant = Number.NEGATIVE_INFINITY
  readonly #everySecond: boolean

  constructor(profile: TcpProfile) {
    this.quick = profile.quickAcks
    this.quickMost = profile.quickAcks
    this.#everySecond = profile.acksEverySecond
  }

  get isOwed(): boolean {
    return this.now || this.duplicates > 0 || this.challenge || this.answer
  }

  oweNow(): void {
    this.now = true
  }

  oweDuplicate(segments = 1): void {
    this.duplicates = Math.min(MAX_DUPLICATES, this.duplicates + segments)
  }

  oweChallenge(): void {
    this.challenge = true
  }

  oweAnswer(): void {
    this.answer = true
  }

  /**
   * Data arrived in order: `unacknowledged` bytes since the last acknowledgement. SHLD-18, SHLD-19. `isTwoWay`: an answer is likely to
   * carry it. True when it is owed at once.
   */
  oweForData(unacknowledged: number, segmentSize: number, isTwoWay: boolean): boolean {
    const isSecond = this.delayed && this.#everySecond
    const isQuick = this.quick > 0 && !isTwoWay
    if (unacknowledged > segmentSize || isQuick || isSecond) this.now = true
    else this.delayed = true
    return this.now
  }

  /** An acknowledgement went out, with or without data. True when it was the last of the quick ones. */
  sent(): boolean {
    const wasQuick = this.quick > 0 && (this.now || this.delayed || this.duplicates > 0)
    if (wasQuick) this.quick--
    if (this.duplicates > 0) this.duplicates--
    this.now = false
    this.delayed = false
    return wasQuick && this.quick === 0
  }

  /** Takes the owed challenge or answer; true when `interval` has passed since the last one (`tcp_invalid_ratelimit`). */
  takeLimited(now: Instant, interval: Duration): boolean {
    this.challenge = false
    this.answer = false
    if (now - this.#limitedAt < interval) return false
    this.#limitedAt = now
    return true
  }

  clear(): void {
    this.now = false
    this.delayed = false
    this.duplicates = 0
    this.challenge = false
    this.answer = false
  }

  /** See `rest.ts`. None is owed. */
  carry(memo: Memo): void {
    this.quick = memo.number(this.quick)
    this.#limitedAt = memo.instant(this.#limitedAt)
  }
}
