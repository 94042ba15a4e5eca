import { bench, describe } from 'vitest'
import type { Plan, Subject } from './subjects/subject.ts'

const isQuick = process.env.BENCH_QUICK === '1'

/** Milliseconds. */
const TIME = isQuick ? 200 : 1500
const WARM_UP = isQuick ? 100 : 500

/** One bench for each plan; a sample is a batch of operations. */
export function measure(title: string, plans: readonly Plan[]): void {
  describe(title, () => {
    for (const plan of plans) {
      let subject: Subject | undefined
      bench(
        plan.key,
        () => {
          subject ??= plan.create()
          subject.run(plan.batch)
        },
        { time: TIME, warmupTime: WARM_UP, iterations: 5, warmupIterations: 2 },
      )
    }
  })
}
