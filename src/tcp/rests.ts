// hot path: to be watched is two stores.
import { DelayQueue } from '../base/delay-queue.ts'
import { type Duration, type Instant, MILLISECOND, NEVER, SECOND } from '../base/time.ts'
import { Connection } from './connection.ts'
import { mayRest, Resting } from './rest.ts'
import { isLasting } from './state.ts'
import type { Tcp } from './tcp.ts'

/** How long a connection must have been silent. */
const SILENCE: Duration = SECOND
/** Looks are taken at such steps, lest every connection has a turn of its own. */
const STEP: Duration = 250 * MILLISECOND
/** Looks in a turn: a crowd that falls silent at once does not hold up others. */
const MOST = 64
/** So many at least are a crowd, and such a part of all that rest: while others are about to follow, and when nobody is. */
const CROWD = 512
const PART = 1 / 2
const LAST_PART = 1 / 16

/** Puts connections to rest that have been silent for a while, and wakes them. */
export class Rests {
  /** How many rest. */
  count = 0
  /** Called when a crowd has come to rest: what it was made of is garbage. */
  onCrowd: (() => void) | undefined
  readonly #tcp: Tcp
  readonly #queue = new DelayQueue(SILENCE)
  #ticket = 0
  #isBehind = false
  /** Since `onCrowd` was last called. */
  #rested = 0
  /** Of the last turn. */
  #now: Instant = 0

  constructor(tcp: Tcp) {
    this.#tcp = tcp
  }

  /** Something has happened on `c`, of which `restTicket` is 0: in a while it is looked at. */
  watch(c: Connection): void {
    if (c.user?.holds === undefined || !isLasting(c.state)) return
    this.#ticket = (this.#ticket + 1) & 0x3fffffff || 1
    c.restTicket = this.#ticket
    if (this.#queue.size === 0) this.#tcp.host.wake() // there was no deadline
    this.#queue.add(c.id, c.restTicket, this.#now)
  }

  /** Puts those to rest that can. Who cannot is looked at again when something has happened on it. */
  advance(now: Instant): void {
    const queue = this.#queue
    this.#now = now
    let left = MOST
    while (left > 0 && queue.take(now)) {
      left--
      const c = this.#tcp.table.at(queue.owner)
      if (!(c instanceof Connection) || c.restTicket !== queue.ticket) continue
      c.restTicket = 0
      if (now - Math.max(c.heardAt, c.spokeAt) < SILENCE) this.watch(c)
      else if (mayRest(c)) this.#rest(c)
    }
    this.#isBehind = left === 0
    if (this.#isCrowd) this.#tellCrowd()
  }

  nextDeadline(): Instant {
    const next = this.#queue.next()
    return this.#isBehind || next === NEVER ? next : Math.ceil(next / STEP) * STEP
  }

  /** The connection of which this is left, with everything as it was. */
  wake(resting: Resting): Connection {
    const c = resting.wake(this.#tcp)
    this.count--
    this.#tcp.memory.connections++
    this.#tcp.table.replace(c)
    c.user?.holds?.(c)
    this.watch(c)
    return c
  }

  get #isCrowd(): boolean {
    if (this.#isBehind || this.#rested < CROWD) return false
    return this.#rested >= this.count * (this.#queue.size === 0 ? LAST_PART : PART)
  }

  #tellCrowd(): void {
    this.#rested = 0
    this.onCrowd?.()
  }

  #rest(c: Connection): void {
    const resting = new Resting(c)
    this.count++
    this.#rested++
    this.#tcp.memory.connections--
    this.#tcp.table.replace(resting)
    c.user?.holds?.(resting)
  }
}
