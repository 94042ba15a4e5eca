// Measures on the wire, prints the tables, and writes what was measured as JSON.
//
// usage: node --import ./bench/support/on-dist.mjs bench/wire/main.ts [--quick] [--seconds S] [--rounds N] [--cpu N]
//             [--scenario KEY]... [--candidate KEY]... [--output FILE]
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { allowedCpus } from './bed.ts'
import { CANDIDATES } from './candidates.ts'
import { lacksWire, measureWire } from './measure.ts'
import type { Settings } from './results.ts'
import { SCENARIOS } from './scenarios.ts'
import { formatWire } from './table.ts'

const FULL = {
  rounds: 3,
  unpinnedRounds: 3,
  idleRounds: 3,
  seconds: 3,
  warmup: 0.5,
  settling: 10,
  warming: 2,
  patience: 900,
}
const QUICK = {
  rounds: 3,
  unpinnedRounds: 1,
  idleRounds: 1,
  seconds: 0.25,
  warmup: 0.1,
  settling: 10,
  warming: 0.4,
  patience: 60,
}

const keysOf = (list: readonly { key: string }[]): string[] => list.map(({ key }) => key)

function readOptions() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      cpu: { type: 'string', default: allowedCpus().match(/\d+$/)?.[0] ?? '0' },
      scenario: { type: 'string', multiple: true, default: keysOf(SCENARIOS) },
      candidate: { type: 'string', multiple: true, default: keysOf(CANDIDATES) },
      output: { type: 'string' },
    },
  })
  check('scenario', values.scenario, keysOf(SCENARIOS))
  check('candidate', values.candidate, keysOf(CANDIDATES))
  const settings: Settings = { ...(values.quick ? QUICK : FULL), cpu: toNumber('cpu', values.cpu) }
  if (values.seconds !== undefined) settings.seconds = toNumber('seconds', values.seconds)
  if (values.rounds !== undefined) {
    settings.rounds = toNumber('rounds', values.rounds)
    settings.unpinnedRounds = Math.min(settings.unpinnedRounds, settings.rounds)
    settings.idleRounds = Math.min(settings.idleRounds, settings.rounds)
  }
  return { settings, scenarios: values.scenario, candidates: values.candidate, output: values.output }
}

function check(what: string, asked: readonly string[], known: readonly string[]): void {
  const unknown = asked.find((key) => !known.includes(key))
  if (unknown !== undefined) throw new Error(`no ${what} '${unknown}'; there are ${known.join(', ')}`)
}

function toNumber(name: string, text: string): number {
  const value = Number(text)
  if (text === '' || !Number.isFinite(value) || value < 0)
    throw new Error(`--${name}: '${text}' is no number`)
  return value
}

try {
  const { output, ...wanted } = readOptions()
  const reason = lacksWire()
  if (reason !== undefined) console.log(`Nothing is measured on the wire: ${reason}`)
  else {
    const results = await measureWire({ ...wanted, tell: (line) => console.error(`bench: ${line}`) })
    console.log(formatWire(results))
    if (output !== undefined) writeFileSync(output, JSON.stringify(results))
  }
} catch (error) {
  console.error(`bench: ${(error as Error).message}`)
  process.exitCode = 1
}
