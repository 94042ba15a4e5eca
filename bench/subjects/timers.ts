import { TimerTable } from '../../src/base/timer-table.ts'
import { Instants } from '../support/instants.ts'
import type { Plan, Subject } from './subject.ts'

const ROWS = 4096
const COLUMNS = 5

/** A timer of each of 4,096 connections in turn, while another one of each is armed for later. */
class Timers implements Subject {
  readonly #table = new TimerTable(COLUMNS)
  readonly #cancels: boolean
  readonly #instants = new Instants(1024)

  constructor(cancels: boolean) {
    this.#cancels = cancels
    for (let i = 0; i < ROWS; i++) this.#table.arm(this.#table.allocate(), 0, this.#instants.next(), 1000 * i)
  }

  run(count: number): void {
    const table = this.#table
    for (let i = 0; i < count; ) {
      const now = this.#instants.next()
      for (let last = i + 64; i < last; i++) {
        const row = i % ROWS
        table.arm(row, 1, now, 40_000)
        if (this.#cancels) table.cancel(row, 1)
      }
    }
    if (table.isArmed(0, 1) === this.#cancels) throw new Error('not the timer that was armed')
  }
}

export const timerPlans: Plan[] = [
  {
    key: 'timer-cancel',
    name: 'arm a timer and cancel it',
    batch: 1 << 16,
    isHeapMeasured: true,
    create: () => new Timers(true),
  },
  {
    key: 'timer-move',
    name: 'move a timer that is armed',
    batch: 1 << 16,
    isHeapMeasured: true,
    create: () => new Timers(false),
  },
]
