// Measures everything, prints one table, and writes results/NAME.json.
//
// usage: npm run bench -- [--quick] [--only KEY]... [--name NAME]
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
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

/** Milliseconds of a batch by key: the median and the least of the samples. */
function measureTimes(plans, isQuick) {
  const folder = mkdtempSync(join(tmpdir(), 'tunstack-bench-'))
  const output = join(folder, 'times.json')
  const pattern = `^\\S+ (${plans.map(({ key }) => key).join('|')})$`
  try {
    node(
      [
        at('../node_modules/vitest/vitest.mjs'),
        'bench',
        '--run',
        '--config',
        at('vitest.config.ts'),
        '--testNamePattern',
        pattern,
        '--outputJson',
        output,
      ],
      { BENCH_QUICK: isQuick ? '1' : '' },
    )
    const { files } = JSON.parse(readFileSync(output, 'utf8'))
    const benchmarks = files.flatMap((file) => file.groups.flatMap((group) => group.benchmarks))
    return new Map(benchmarks.map(({ name, median, min }) => [name, { median, min }]))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const NANOSECONDS = 1e6

function figure(plan, time, heap) {
  if (time?.median === undefined) throw new Error(`no time was measured of ${plan.key}`)
  const { key, name, batch, bytes } = plan
  const nanoseconds = (time.median * NANOSECONDS) / batch
  return {
    key,
    name,
    nanoseconds: round(nanoseconds),
    best: round((time.min * NANOSECONDS) / batch),
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
