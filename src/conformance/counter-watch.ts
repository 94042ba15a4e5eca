import type { Counters } from '../stack/counters.ts'

/** Tells which of a stack's counters have moved. */
export class CounterWatch {
  readonly #groups: readonly (readonly [string, Record<string, unknown>])[]
  #before: number[] = []

  constructor(counters: Counters) {
    this.#groups = Object.entries(counters) as [string, Record<string, unknown>][]
  }

  /** From now on. */
  mark(): void {
    let i = 0
    for (const [, group] of this.#groups) {
      for (const name in group) {
        const value = group[name]
        this.#before[i++] = typeof value === 'number' ? value : 0
      }
    }
  }

  /** `tcp.InSegs +1` for each counter that moved since the mark. */
  moved(): string[] {
    const lines: string[] = []
    let i = 0
    for (const [label, group] of this.#groups) {
      for (const name in group) {
        const value = group[name]
        const change = (typeof value === 'number' ? value : 0) - (this.#before[i++] ?? 0)
        if (change !== 0) lines.push(`${label}.${name} +${change}`)
      }
    }
    return lines
  }
}
