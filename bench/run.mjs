// Measures everything, prints one table, and writes results/NAME.json.
//
// usage: npm run bench -- [--quick] [--only KEY]... [--name NAME]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { LOADER, measureHeap } from './support/measure-heap.mjs'
import { machine, printTable, writeResults } from './support/report.mjs'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true },
        name: { type: 'string' },
      },
    })
    return values
  } catch (error) {
    console.error(`bench: ${error.message}`)
    process.exit(2)
  }
}

function node(args, env = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: at('..'),
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  if (status !== 0) throw new Error(`${args.join(' ')}\n${stdout}${stderr}`)
  return stdout
}

/** What can be measured: key, name, batch, bytes, isHeapMeasured. */
const readPlans = () => JSON.parse(node([...LOADER, at('list.ts')]))

/** By key: nanoseconds of an operation, the median of the samples and the best twentieth. */
function measureTimes(plans, isQuick) {
  const folder = mkdtempSync(join(tmpdir(), 'tunstack-bench-'))
  const output = join(folder, 'times')
  const pattern = `^\\S+ (${plans.map(({ key }) => key).join('|')})$`
  const vitest = [
    at('../node_modules/vitest/vitest.mjs'),
    'bench',
    '--run',
    '--config',
    at('vitest.config.ts'),
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

const options = readOptions()
try {
  const plans = readPlans().filter(({ key }) => options.only === undefined || options.only.includes(key))
  if (plans.length === 0) throw new Error(`nothing is called ${options.only.join(', ')}`)
  console.error('bench: measuring time')
  const times = measureTimes(plans, options.quick)
  console.error('bench: measuring the heap')
  const figures = plans.map((plan) =>
    figure(
      plan,
      times.get(plan.key),
      plan.isHeapMeasured ? measureHeap(plan.key, options.quick ? 200_000 : 1_000_000) : undefined,
    ),
  )
  const results = { ...machine(), figures }
  printTable(results)
  // A part or a short run is no result to keep.
  if (!options.quick && options.only === undefined) writeResults(results, options.name)
} catch (error) {
  console.error(`bench: ${error.message}`)
  process.exit(1)
}
