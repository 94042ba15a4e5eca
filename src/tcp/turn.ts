// hot path: once a turn.
import { Rounds } from '../base/rounds.ts'
import { type Duration, type Instant, MILLISECOND } from '../base/time.ts'
import type { Connection } from './connection.ts'

/** New data of all connections in a turn, bytes: so much is written in a millisecond or less, whatever the device. */
const TOGETHER = 512 * 1024
/** The least that one gets: a super-segment, or as many packets as are worth a turn. */
const LEAST_SUPER = 64 * 1024
const LEAST = 16 * 1024
/** Who has spoken within so long, or in the period before, is one of the crowd: who happens to speak alone for a turn does not send for all. */
const PERIOD: Duration = 10 * MILLISECOND
/** Periods after which a crowd is forgotten though no turn came between. */
const FORGOTTEN = 10

/** What a processor's cache holds of all their queues; a queue of no more than so much is worth having, and of no less. */
const CACHE = 2 << 20
export const LARGEST_CACHED = 1 << 20
const SMALLEST = 256 * 1024

/** What connections that are served in the same turn have to share. */
export class Turn {
  /** Who has something to say. */
  readonly speakers = new Rounds<Connection>()
  /** New data that one connection may send, bytes. */
  share = 0
  /** What is received had to wait in the device's queue: there is more behind it. */
  isBehind = false
  /** How many speak lately. */
  crowd = 1
  /** The present period, those who have spoken in it, and in the one before. */
  #period = 0
  #count = 0
  #before = 0

  /** What one connection may queue, if all who speak lately are to find theirs in a cache; bytes. */
  get cached(): number {
    return Math.min(LARGEST_CACHED, Math.max(SMALLEST, Math.floor(CACHE / this.crowd)))
  }

  /**
   * The speakers get their share. What is sent in one turn is often acknowledged before the next, so that all who have more to send get the same,
   * whatever their congestion windows are; and if each sent all of its window, everybody's round trip would last as long as that takes.
   */
  begin(hasOffload: boolean, now: Instant): void {
    this.speakers.begin()
    const period = Math.floor(now / PERIOD) | 0
    if (period !== this.#period) this.#next(period)
    const least = hasOffload ? LEAST_SUPER : LEAST
    this.crowd = Math.max(1, this.speakers.left, this.#count, this.#before)
    this.share = Math.max(least, Math.floor(TOGETHER / this.crowd))
  }

  /** `c` has its turn. */
  takes(c: Connection): void {
    if (c.period === this.#period) return
    c.period = this.#period
    this.#count++
  }

  #next(period: number): void {
    this.#before = period - this.#period < FORGOTTEN ? this.#count : 0
    this.#count = 0
    this.#period = period
  }
}
