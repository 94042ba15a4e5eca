// Measures everything, prints the tables, writes results/NAME.json and draws results/NAME.svg.
//
// usage: npm run bench -- [--quick] [--only KEY]... [--name NAME] [--seconds S] [--rounds N]
//        npm run bench -- --chart NAME
//
// KEY: micro, wire, or what the tables of either are made of (bench/README.md).
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { LOADER } from './support/measure-heap.mjs'
import { measureMicro, readPlans } from './support/micro.mjs'
import { machine, printMachine, printTable, writeResults } from './support/report.mjs'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

const SCENARIOS = ['up-1', 'up-8', 'down-1', 'down-8', 'rr', 'crr-1', 'crr-8', 'idle']

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true },
        name: { type: 'string' },
        seconds: { type: 'string' },
        rounds: { type: 'string' },
        chart: { type: 'string' },
      },
    })
    return values
  } catch (error) {
    console.error(`bench: ${error.message}`)
    process.exit(2)
  }
}

/** What is asked for: plans of the micro benches, and keys of scenarios. */
function choose(only) {
  const plans = readPlans()
  if (only === undefined) return { plans, scenarios: SCENARIOS }
  const keys = [...plans.map(({ key }) => key), ...SCENARIOS]
  const unknown = only.find((key) => key !== 'micro' && key !== 'wire' && !keys.includes(key))
  if (unknown !== undefined)
    throw new Error(`nothing is called ${unknown}; there are micro, wire, ${keys.join(', ')}`)
  return {
    plans: plans.filter(({ key }) => only.includes('micro') || only.includes(key)),
    scenarios: SCENARIOS.filter((key) => only.includes('wire') || only.includes(key)),
  }
}

/** Prints its own tables; what it measured, or undefined when nothing can be. */
function measureWire(scenarios, { quick, seconds, rounds }) {
  const folder = mkdtempSync(join(tmpdir(), 'tunstack-bench-'))
  const output = join(folder, 'wire.json')
  const args = [
    ...LOADER,
    at('wire/main.ts'),
    ...(quick ? ['--quick'] : []),
    ...(seconds === undefined ? [] : ['--seconds', seconds]),
    ...(rounds === undefined ? [] : ['--rounds', rounds]),
    ...scenarios.flatMap((key) => ['--scenario', key]),
    ...['--output', output],
  ]
  try {
    const { status } = spawnSync(process.execPath, args, { cwd: at('..'), stdio: 'inherit' })
    if (status !== 0) throw new Error('the wire benches failed')
    return existsSync(output) ? JSON.parse(readFileSync(output, 'utf8')) : undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Draws results/NAME.svg from results/NAME.json. */
function draw(name) {
  const [from, to] = [`results/${name}.json`, `results/${name}.svg`]
  if (!existsSync(at(from))) throw new Error(`there is no bench/${from}`)
  const args = [...LOADER, at('wire/draw.ts'), at(from), at(to)]
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: at('..'), encoding: 'utf8' })
  if (status !== 0) throw new Error(`nothing was drawn\n${stderr}`)
  console.log(`bench/${to}`)
}

function measure(options) {
  const { plans, scenarios } = choose(options.only)
  const results = machine()
  printMachine(results)
  if (scenarios.length > 0) results.wire = measureWire(scenarios, options)
  if (plans.length > 0) {
    results.figures = measureMicro(plans, options.quick)
    printTable(results.figures)
  }
  // A part or a short run is no result to keep, but where a name is given.
  if (options.name === undefined && (options.quick || options.only !== undefined)) return
  const name = writeResults(results, options.name)
  if (results.wire !== undefined) draw(name)
}

const options = readOptions()
try {
  if (options.chart === undefined) measure(options)
  else draw(options.chart)
} catch (error) {
  console.error(`bench: ${error.message}`)
  process.exit(1)
}
