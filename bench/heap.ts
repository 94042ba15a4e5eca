// Heap bytes of an operation: `node FLAGS bench/heap.ts KEY OPERATIONS`, with the flags of support/measure-heap.mjs. Prints JSON.
//
// With semi-spaces of 256 MB nothing is collected while it measures: what was allocated is still there.
import { PerformanceObserver } from 'node:perf_hooks'
import { PLANS } from './subjects/plans.ts'

/** Operations before the measurement, in rounds: code is compiled, and compiled again with what was learnt. */
const WARM_UP = 400_000
const ROUNDS = 40
const MEASUREMENTS = 3

/** Allocates one object per operation: what the measurement must see. */
class Control {
  kept = { x: 0 }

  run(count: number): void {
    for (let i = 0; i < count; i++) this.kept = { x: i }
  }
}

/** When the heap was collected, milliseconds. */
const collections: number[] = []
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) collections.push(entry.startTime)
}).observe({ entryTypes: ['gc'] })

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

function collect(): void {
  if (gc === undefined) throw new Error('run with --expose-gc')
  gc()
}

interface Operations {
  run(count: number): void
}

/** Heap bytes of one operation. Throws when the heap was collected meanwhile. */
async function measure(subject: Operations, operations: number): Promise<number> {
  collect()
  await pause(20)
  const began = performance.now()
  const before = process.memoryUsage().heapUsed
  subject.run(operations)
  const after = process.memoryUsage().heapUsed
  const ended = performance.now()
  await pause(20)
  if (collections.some((at) => at > began && at < ended)) throw new Error('the heap was collected meanwhile')
  return (after - before) / operations
}

/** The least of some measurements: what an operation allocates is in each, what the compiler allocates is not. */
async function leastOf(subject: Operations, operations: number, batch: number): Promise<number> {
  const round = Math.ceil(WARM_UP / ROUNDS / batch) * batch
  for (let i = 0; i < ROUNDS; i++) {
    subject.run(round)
    await pause(1)
  }
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < MEASUREMENTS; i++) least = Math.min(least, await measure(subject, operations))
  return least
}

const [key, operationsText] = process.argv.slice(2)
const plan = PLANS.find((p) => p.key === key)
if (plan === undefined) throw new Error(`nothing is called '${key}'`)
const { batch } = plan
const operations = Math.ceil(Number(operationsText) / batch) * batch
const bytes = await leastOf(plan.create(MEASUREMENTS * operations + 2 * WARM_UP), operations, batch)
const control = await leastOf(new Control(), operations, batch)
console.log(JSON.stringify({ key, operations, bytes, control }))
