// hot path: arming a timer is two stores; nothing is allocated but when a row is taken.
import { Deadlines } from './deadlines.ts'
import { type Duration, type Instant, NEVER } from './time.ts'

/**
 * A table of timers: a row for each owner (a connection), a column for each kind of timer.
 *
 * The queue of deadlines knows a row only by the earliest moment at which one of its timers may be due.
 */
export class TimerTable {
  readonly columns: number
  readonly #deadlines: Deadlines
  #at: Float64Array
  /** The deadline under which the queue holds the row: at or before each of the row's timers. */
  #queued: Float64Array
  #rows: number
  #free: number[] = []
  #used = 0

  constructor(columns: number, rows = 16) {
    this.columns = columns
    this.#rows = rows
    this.#deadlines = new Deadlines(rows)
    this.#at = new Float64Array(rows * columns).fill(NEVER)
    this.#queued = new Float64Array(rows).fill(NEVER)
  }

  /** Takes a row with no timer armed. */
  allocate(): number {
    const row = this.#free.pop() ?? this.#used++
    if (row >= this.#rows) this.#grow()
    return row
  }

  /** Gives a row back; its timers are forgotten. */
  release(row: number): void {
    this.#at.fill(NEVER, row * this.columns, (row + 1) * this.columns)
    this.#queued[row] = NEVER
    this.#deadlines.clear(row)
    this.#free.push(row)
  }

  /** Arms (or moves) a timer to `now + delay`. */
  arm(row: number, column: number, now: Instant, delay: Duration): void {
    const at = now + delay
    this.#at[row * this.columns + column] = at
    if (at < this.#queued[row]!) {
      this.#queued[row] = at
      this.#deadlines.set(row, now, delay)
    }
  }

  cancel(row: number, column: number): void {
    this.#at[row * this.columns + column] = NEVER
  }

  isArmed(row: number, column: number): boolean {
    return this.#at[row * this.columns + column] !== NEVER
  }

  /** When the timer is due; NEVER when it is not armed. */
  deadline(row: number, column: number): Instant {
    return this.#at[row * this.columns + column]!
  }

  /** True once when the timer is due: it is disarmed by the asking. */
  take(row: number, column: number, now: Instant): boolean {
    const i = row * this.columns + column
    if (this.#at[i]! > now) return false
    this.#at[i] = NEVER
    return true
  }

  /** True while any timer of the row is armed. */
  anyArmed(row: number): boolean {
    return this.#earliest(row) !== NEVER
  }

  /** The earliest moment at which a timer may be due, or NEVER. */
  next(): Instant {
    return this.#deadlines.next()
  }

  /**
   * A row that has a timer at or before `now`, or -1. The caller takes the due timers and then calls `requeue(row)`.
   */
  takeDue(now: Instant): number {
    for (;;) {
      const row = this.#deadlines.take(now)
      if (row === -1) return -1
      this.#queued[row] = NEVER
      if (this.#earliest(row) <= now) return row
      this.requeue(row, now)
    }
  }

  /** Puts the row back under its earliest timer, if it has one. */
  requeue(row: number, now: Instant): void {
    const earliest = this.#earliest(row)
    if (earliest >= this.#queued[row]!) return
    this.#queued[row] = earliest
    this.#deadlines.set(row, now, earliest - now)
  }

  #earliest(row: number): Instant {
    let earliest = NEVER
    for (let i = row * this.columns, end = i + this.columns; i < end; i++) {
      if (this.#at[i]! < earliest) earliest = this.#at[i]!
    }
    return earliest
  }

  #grow(): void {
    const rows = this.#rows * 2
    const at = new Float64Array(rows * this.columns).fill(NEVER)
    const queued = new Float64Array(rows).fill(NEVER)
    at.set(this.#at)
    queued.set(this.#queued)
    this.#at = at
    this.#queued = queued
    this.#deadlines.grow(rows)
    this.#rows = rows
  }
}
