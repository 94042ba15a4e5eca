// Draws what was measured on the wire.
//
// usage: node --import ./bench/support/on-dist.mjs bench/wire/draw.ts RESULTS.json CHART.svg
import { readFileSync, writeFileSync } from 'node:fs'
import { drawChart } from './chart.ts'
import type { WireResults } from './results.ts'

interface Results {
  date: string
  node: string
  machine: { cpu: string; cores: number; kernel: string }
  wire?: WireResults
}

const [input = '', output = ''] = process.argv.slice(2)
const { date, node, machine, wire } = JSON.parse(readFileSync(input, 'utf8')) as Results
if (wire === undefined) throw new Error(`${input} has nothing of the wire`)
const caption = `${machine.cpu}, ${machine.cores} CPUs, ${machine.kernel}, Node ${node}, ${date}`
writeFileSync(output, drawChart(wire, caption))
