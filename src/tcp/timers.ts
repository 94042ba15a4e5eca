import type { Duration, Instant } from '../base/time.ts'
import type { TimerTable } from '../base/timer-table.ts'

/** Columns of the timer table. */
export const Timer = {
  /** RFC 6298. */
  Retransmit: 0,
  /** Zero-window probes and the sender's silly-window override, RFC 9293 §3.8.6.1 and §3.8.6.2.1. */
  Persist: 1,
  DelayedAck: 2,
  Keepalive: 3,
  /** Orphan in FIN-WAIT-2, `tcp_fin_timeout`. */
  FinWait2: 4,
  /** RFC 8985 §7: tail-loss probe. */
  TailLoss: 5,
  /** RFC 8985 §6.2: the reordering window. */
  Reorder: 6,
  /** A paced connection's next departure. */
  Pace: 7,
} as const

export const TIMER_COLUMNS = 8

/** One connection's row of the table. */
export class Timers {
  readonly #table: TimerTable
  readonly #row: number

  constructor(table: TimerTable, row: number) {
    this.#table = table
    this.#row = row
  }

  arm(timer: number, now: Instant, delay: Duration): void {
    this.#table.arm(this.#row, timer, now, delay)
  }

  cancel(timer: number): void {
    this.#table.cancel(this.#row, timer)
  }

  isArmed(timer: number): boolean {
    return this.#table.isArmed(this.#row, timer)
  }

  deadline(timer: number): Instant {
    return this.#table.deadline(this.#row, timer)
  }

  take(timer: number, now: Instant): boolean {
    return this.#table.take(this.#row, timer, now)
  }
}
