import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url))

/** What the figures depend on. */
export function machine() {
  const cpus = os.cpus()
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: cpus[0]?.model ?? 'unknown',
      cores: cpus.length,
      memory: `${Math.round(os.totalmem() / 2 ** 30)} GB`,
      kernel: `${os.type()} ${os.release()}`,
      /** Of the minute before: above the number of cores the figures are not worth much. */
      load: Number(os.loadavg()[0].toFixed(1)),
    },
    node: process.version,
    v8: process.versions.v8,
  }
}

export function printMachine({ date, machine, node }) {
  console.log(`${machine.cpu}, ${machine.cores} cores, load ${machine.load}, Node ${node}, ${date}\n`)
}

export function printTable(figures) {
  const rows = figures.map((f) => [
    f.name,
    number(f.nanoseconds),
    number(f.best),
    f.megabytesPerSecond === undefined ? '' : number(f.megabytesPerSecond),
    f.heapBytes === undefined ? '' : f.heapBytes.toFixed(2),
  ])
  const table = [['', 'ns', 'best', 'MB/s', 'heap bytes'], ...rows]
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
  for (const row of table) {
    const [name, ...cells] = row
    const padded = cells.map((cell, i) => cell.padStart(widths[i + 1]))
    console.log([name.padEnd(widths[0]), ...padded].join('  ').trimEnd())
  }
}

/** Writes results/NAME.json; the name is the processor's and Node's when left out. Returns it. */
export function writeResults(
  results,
  name = `${slug(results.machine.cpu)}-node${results.node.split('.')[0].slice(1)}`,
) {
  mkdirSync(RESULTS, { recursive: true })
  const path = `${RESULTS}${name}.json`
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`)
  console.log(`\nbench/results/${name}.json`)
  return name
}

/** Thousands apart; a decimal where it says something. */
const number = (value) =>
  value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0, minimumFractionDigits: 0 })

const slug = (text) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
