import { appendFileSync } from 'node:fs'
import { bench, describe } from 'vitest'
import type { Plan, Subject } from './subjects/subject.ts'
import { ascending, median } from './support/statistics.ts'

const isQuick = process.env.BENCH_QUICK === '1'
/** Where to append a line of JSON for each plan; vitest's own report has no quantiles below the median. */
const OUTPUT = process.env.BENCH_OUTPUT

/** Milliseconds. */
const TIME = isQuick ? 200 : 1500
const WARM_UP = isQuick ? 100 : 500

/**
 * Milliseconds of the processor's time: what other processes take does not count, and a stack has one thread. Microseconds are
 * the finest that is told, which a batch is long enough for.
 */
function now(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** One bench for each plan; a sample is a batch of operations. */
export function measure(title: string, plans: readonly Plan[]): void {
  describe(title, () => {
    for (const plan of plans) {
      let subject: Subject | undefined
      let samples: number[] = []
      bench(
        plan.key,
        () => {
          subject ??= plan.create()
          const began = now()
          subject.run(plan.batch)
          samples.push(now() - began)
        },
        {
          now,
          time: TIME,
          warmupTime: WARM_UP,
          iterations: 5,
          warmupIterations: 2,
          setup: () => {
            samples = []
          },
          teardown: (_task, mode) => {
            if (mode === 'run') report(plan, samples)
          },
        },
      )
    }
  })
}

/** Nanoseconds of an operation: the median, and what one sample in twenty stays below. */
function report({ key, batch }: Plan, samples: number[]): void {
  if (OUTPUT === undefined) return
  const times = ascending(samples.map((milliseconds) => (milliseconds * 1e6) / batch))
  const nanoseconds = median(times)
  const best = times[Math.floor(times.length / 20)]
  appendFileSync(OUTPUT, `${JSON.stringify({ key, nanoseconds, best })}\n`)
}
