import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NEVER } from '../../src/base/time.ts'
import { TimerTable } from '../../src/base/timer-table.ts'

const COLUMNS = 3

/** The table beside a plain record of what is armed. */
class Pair {
  readonly table = new TimerTable(COLUMNS, 2)
  readonly model = new Map<number, number[]>()
  now = 0

  row(n: number): number | undefined {
    const rows = [...this.model.keys()]
    return rows[n % Math.max(1, rows.length)]
  }

  get armed(): number[] {
    return [...this.model.values()].flat().filter((at) => at !== NEVER)
  }

  /** Serves everything that is due, as a turn does; `rearm` is the delay with which each taken timer is armed again. */
  serve(rearm: number | undefined): void {
    const served = new Set<number>()
    for (let row = this.table.takeDue(this.now); row !== -1; row = this.table.takeDue(this.now)) {
      expect(served.has(row)).toBe(false)
      served.add(row)
      expect(this.takeRow(row, rearm)).toBeGreaterThan(0)
      this.table.requeue(row, this.now)
    }
    expect(this.armed.every((at) => at > this.now)).toBe(true)
  }

  takeRow(row: number, rearm: number | undefined): number {
    const timers = this.model.get(row)!
    let taken = 0
    for (let column = 0; column < COLUMNS; column++) {
      const isDue = timers[column]! <= this.now
      expect(this.table.take(row, column, this.now)).toBe(isDue)
      expect(this.table.take(row, column, this.now)).toBe(false)
      if (!isDue) continue
      taken++
      timers[column] = NEVER
      if (rearm !== undefined) this.arm(row, column, rearm)
    }
    return taken
  }

  arm(row: number, column: number, delay: number): void {
    this.table.arm(row, column, this.now, delay)
    this.model.get(row)![column] = this.now + delay
  }

  check(): void {
    const earliest = Math.min(NEVER, ...this.armed)
    const next = this.table.next()
    expect(next).toBeLessThanOrEqual(earliest)
    if (this.model.size === 0) expect(next).toBe(NEVER)
    for (const [row, timers] of this.model) {
      expect(timers.map((_, column) => this.table.deadline(row, column))).toEqual(timers)
      expect(timers.map((_, column) => this.table.isArmed(row, column))).toEqual(
        timers.map((at) => at !== NEVER),
      )
      expect(this.table.anyArmed(row)).toBe(timers.some((at) => at !== NEVER))
    }
  }
}

const column = fc.nat(COLUMNS - 1)
const step = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('allocate' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), row: fc.nat() }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('arm' as const), row: fc.nat(), column, delay: fc.nat(1000) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), row: fc.nat(), column }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      time: fc.nat(400),
      rearm: fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined }),
    }),
  },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function run(pair: Pair, s: Step): void {
  if (s.kind === 'allocate') {
    const row = pair.table.allocate()
    expect(pair.model.has(row)).toBe(false)
    pair.model.set(row, new Array(COLUMNS).fill(NEVER))
    return
  }
  if (s.kind === 'pass') {
    pair.now += s.time
    pair.serve(s.rearm)
    return
  }
  const row = pair.row(s.row)
  if (row === undefined) return
  if (s.kind === 'arm') pair.arm(row, s.column, s.delay)
  else if (s.kind === 'cancel') {
    pair.table.cancel(row, s.column)
    pair.model.get(row)![s.column] = NEVER
  } else {
    pair.table.release(row)
    pair.model.delete(row)
  }
}

describe('the table of timers', () => {
  test('serves every timer once, at or after its moment, through arming, cancelling, reuse of rows and growth', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const pair = new Pair()
        for (const s of steps) {
          run(pair, s)
          pair.check()
        }
        pair.now += 2000
        pair.serve(undefined)
        expect(pair.table.next()).toBe(NEVER)
      }),
      { numRuns: 80 },
    )
  })

  test('a timer pushed back by every acknowledgement is due once, at the last moment', () => {
    const table = new TimerTable(COLUMNS)
    const row = table.allocate()
    for (let now = 0; now < 100; now++) table.arm(row, 1, now, 200)
    expect(table.takeDue(298)).toBe(-1)
    expect(table.takeDue(299)).toBe(row)
    expect(table.take(row, 1, 299)).toBe(true)
    table.requeue(row, 299)
    expect([table.takeDue(1e12), table.next()]).toEqual([-1, NEVER])
  })

  test('a row released while it is due is not served, nor is the next owner of the row', () => {
    const table = new TimerTable(COLUMNS)
    const row = table.allocate()
    table.arm(row, 0, 0, 10)
    table.release(row)
    expect(table.allocate()).toBe(row)
    expect(table.anyArmed(row)).toBe(false)
    expect(table.takeDue(100)).toBe(-1)
    table.arm(row, 2, 100, 5)
    expect(table.takeDue(105)).toBe(row)
  })

  test('a row released while it is served stays away from the queue', () => {
    const table = new TimerTable(COLUMNS)
    const row = table.allocate()
    table.arm(row, 0, 0, 10)
    table.arm(row, 1, 0, 20)
    expect(table.takeDue(10)).toBe(row)
    table.release(row)
    table.requeue(row, 10)
    expect([table.takeDue(1e12), table.next()]).toEqual([-1, NEVER])
  })

  test('fractions of a microsecond do not make a timer early or lose it', () => {
    const fraction = fc.double({ min: 0, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(fraction, fraction, fraction, (start, near, far) => {
        const table = new TimerTable(COLUMNS)
        const row = table.allocate()
        table.arm(row, 0, start, Math.min(near, far))
        table.arm(row, 1, start, Math.max(near, far))
        const first = table.deadline(row, 0)
        expect(table.takeDue(first)).toBe(row)
        expect(table.take(row, 0, first)).toBe(true)
        table.requeue(row, first)
        const last = Math.max(table.deadline(row, 1), table.next())
        expect(last - start).toBeCloseTo(Math.max(near, far), 3)
        expect(table.takeDue(last)).toBe(row)
        expect(table.take(row, 1, last)).toBe(true)
      }),
    )
  })
})
