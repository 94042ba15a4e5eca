import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { controllerNames } from '../../src/tcp/controllers.ts'
import { Bottleneck, type BottleneckOptions } from './bottleneck.ts'

/** A path of the grid. */
export interface Cell {
  /** Of all packets, lost and late; parts of one. */
  loss: number
  reorder: number
  /** Milliseconds. */
  delay: number
  /** In what the path holds. */
  buffer: number
}

/** How long flows run before they are measured, and how long they are, seconds; the bottleneck, bits a second. */
export interface Measure {
  rate: number
  warmUp: number
  duration: number
}

export const LOSSES = [0, 0.001, 0.01, 0.05]
export const REORDERINGS = [0, 0.05]
export const DELAYS = [1, 20, 100]
export const BUFFERS = [0.1, 1, 5]

/** Two of a kind, and those that will meet. */
const PAIRS = ['reno reno', 'cubic cubic', 'bbr bbr', 'cubic reno', 'bbr cubic', 'bbr reno'].map((pair) =>
  pair.split(' '),
)

export const measureFor = (cell: Cell): Measure => MEASURES[cell.delay]!

export function cells(): Cell[] {
  const all: Cell[] = []
  for (const delay of DELAYS)
    for (const buffer of BUFFERS)
      for (const reorder of REORDERINGS) for (const loss of LOSSES) all.push({ loss, reorder, delay, buffer })
  return all
}

/** What a delay gives to measure: windows from eight packets to 167, and time enough for CUBIC's curve. */
export const MEASURES: Readonly<Record<number, Measure>> = {
  1: { rate: 100e6, warmUp: 1, duration: 2 },
  20: { rate: 20e6, warmUp: 4, duration: 8 },
  100: { rate: 20e6, warmUp: 8, duration: 16 },
}

/** A table of one flow on each path: how much of the path it uses, and how much of that it sends again; whole percents. */
export function throughputTable(rows: Cell[], measureOf: (cell: Cell) => Measure): string {
  const names = controllerNames()
  const lines = rows.map((cell) => [
    ...columnsOf(cell),
    ...names.map((name) => alone(name, cell, measureOf(cell))),
  ])
  return table(['delay', 'buffer', 'reordered', 'lost', ...names], lines)
}

/** A table of two flows on each path: what each has of it, in percents. They are given twice the time. */
export function fairnessTable(): string {
  const lines: string[][] = []
  for (const delay of DELAYS) {
    for (const buffer of BUFFERS) {
      const cell = { loss: 0, reorder: 0, delay, buffer }
      const { rate, warmUp, duration } = measureFor(cell)
      const measure = { rate, warmUp: 2 * warmUp, duration: 2 * duration }
      lines.push([...columnsOf(cell).slice(0, 2), ...PAIRS.map((pair) => together(pair, cell, measure))])
    }
  }
  return table(['delay', 'buffer', ...PAIRS.map((pair) => pair.join(' : '))], lines)
}

function alone(name: string, cell: Cell, measure: Measure): string {
  const path = pathOf(cell, measure)
  const { connection } = runOn(path, [name], measure)[0]!
  const { bytesRetransmitted, bytesAcked } = connection
  const [share] = shareOf(path, measure)
  const acked = Math.max(1, connection.bytesAcked - bytesAcked)
  return `${percent(share!)} (${percent((connection.bytesRetransmitted - bytesRetransmitted) / acked)})`
}

function together(names: string[], cell: Cell, measure: Measure): string {
  const path = pathOf(cell, measure)
  runOn(path, names, measure)
  return shareOf(path, measure).map(percent).join(' : ')
}

function runOn(path: Bottleneck, names: string[], measure: Measure): Bottleneck['flows'] {
  for (const name of names) path.open(name)
  path.world.runFor(measure.warmUp * SECOND)
  return path.flows
}

const shareOf = (path: Bottleneck, measure: Measure): number[] =>
  path.measure(measure.duration * SECOND).map((rate) => rate / path.payloadRate)

function pathOf(cell: Cell, measure: Measure): Bottleneck {
  const { loss, reorder, delay, buffer } = cell
  const roundTrip = delay * MILLISECOND
  const bdp = ((measure.rate / 8) * roundTrip) / SECOND
  const options: BottleneckOptions = { rate: measure.rate, roundTrip, buffer: buffer * bdp, loss, reorder }
  return new Bottleneck(options)
}

const percent = (part: number): string => String(Math.round(100 * part))

const columnsOf = (cell: Cell): string[] => [
  `${cell.delay} ms`,
  `${cell.buffer} BDP`,
  `${100 * cell.reorder} %`,
  `${100 * cell.loss} %`,
]

function table(head: string[], lines: string[][]): string {
  const all = [head, ...lines]
  const widths = head.map((_, i) => Math.max(...all.map((line) => line[i]!.length)))
  const row = (line: string[]) => `| ${line.map((cell, i) => cell.padStart(widths[i]!)).join(' | ')} |`
  const rule = `|${widths.map((width) => `${'-'.repeat(width + 1)}:`).join('|')}|`
  return `${[row(head), rule, ...lines.map(row)].join('\n')}\n`
}
