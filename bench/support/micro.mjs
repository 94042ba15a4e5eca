// Measures time and heap of what bench/subjects holds.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LOADER, measureHeap } from './measure-heap.mjs'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

function node(args, env = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: at('../..'),
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  if (status !== 0) throw new Error(`${args.join(' ')}\n${stdout}${stderr}`)
  return stdout
}

/** What can be measured: key, name, batch, bytes, isHeapMeasured. */
export const readPlans = () => JSON.parse(node([...LOADER, at('../list.ts')]))

/** By key: nanoseconds of an operation, the median of the samples and the best twentieth. */
function measureTimes(plans, isQuick) {
  const folder = mkdtempSync(join(tmpdir(), 'tunstack-bench-'))
  const output = join(folder, 'times')
  const pattern = `^\\S+ (${plans.map(({ key }) => key).join('|')})$`
  const vitest = [
    at('../../node_modules/vitest/vitest.mjs'),
    'bench',
    '--run',
    '--config',
    at('../vitest.config.ts'),
  ]
  try {
    const said = node([...vitest, '--testNamePattern', pattern], {
      BENCH_QUICK: isQuick ? '1' : '',
      BENCH_OUTPUT: output,
    })
    const times = new Map(linesOf(output).map((time) => [time.key, time]))
    const missing = plans.find(({ key }) => !times.has(key))
    if (missing !== undefined) throw new Error(`no time was measured of ${missing.key}\n${said}`)
    return times
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const linesOf = (path) =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : []

function figure(plan, { nanoseconds, best }, heap) {
  const { key, name, bytes } = plan
  return {
    key,
    name,
    nanoseconds: round(nanoseconds),
    best: round(best),
    ...(bytes === undefined ? {} : { megabytesPerSecond: round((bytes / nanoseconds) * 1000) }),
    ...(heap === undefined ? {} : { heapBytes: round(heap.bytes, 3), control: round(heap.control) }),
  }
}

const round = (value, digits = 1) => Number(value.toFixed(digits))

/** The figures of these plans. */
export function measureMicro(plans, isQuick) {
  console.error('bench: measuring time')
  const times = measureTimes(plans, isQuick)
  console.error('bench: measuring the heap')
  return plans.map((plan) =>
    figure(
      plan,
      times.get(plan.key),
      plan.isHeapMeasured ? measureHeap(plan.key, isQuick ? 200_000 : 1_000_000) : undefined,
    ),
  )
}
