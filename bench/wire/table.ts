import { type Figure, ratio } from './figures.ts'
import type { Measured, WireResults } from './results.ts'
import { costUnitOf, isBulk, SCENARIOS, type Scenario, unitOf } from './scenarios.ts'

type Rows = string[][]

/** All that was measured on the wire, as text. */
export function formatWire(results: WireResults): string {
  const { settings, pinned, unpinned } = results
  const shown = results.candidates.filter(({ missing }) => missing === undefined)
  const parts = [
    `Client and stack on CPU ${settings.cpu}, median of ${countRounds(pinned)} times ${settings.seconds} s; in brackets: of the C limit\n`,
    ...inGroups(shown, (group) => formatRates(group, pinned)),
    'Processor time of client and stack together',
    ...inGroups(shown, (group) => formatCosts(group, pinned)),
    formatShares(shown, pinned),
    formatIdle(shown, pinned),
    ...(unpinned.length === 0 ? [] : [`Not pinned, median of ${countRounds(unpinned)}`]),
    ...(unpinned.length === 0 ? [] : inGroups(shown, (group) => formatRates(group, unpinned))),
    formatErrors(shown, [...pinned, ...unpinned]),
    ...results.candidates.map(remark),
  ]
  return parts.filter((text) => text !== '').join('\n')
}

/** With offload, and without. */
const inGroups = (shown: readonly Measured[], format: (group: Measured[]) => string): string[] =>
  [true, false]
    .map((offload) => shown.filter(({ usesOffload }) => usesOffload === offload))
    .filter((group) => group.length > 0)
    .map(format)

const countRounds = (figures: readonly Figure[]): number =>
  Math.max(0, ...figures.map(({ rates }) => rates?.length ?? 0))

const remark = ({ name, missing, note }: Measured): string =>
  missing !== undefined ? `${name}: not measured, ${missing}` : note !== undefined ? `${name}: ${note}` : ''

const find = (figures: readonly Figure[], scenario: Scenario, key: string | undefined): Figure | undefined =>
  figures.find(({ scenario: one, candidate }) => one === scenario.key && candidate === key)

/** A row a scenario, a column a candidate; in brackets the part of the reference's rate. */
export function formatRates(shown: readonly Measured[], figures: readonly Figure[]): string {
  const scenarios = SCENARIOS.filter(({ mode }) => mode !== 'idle')
  return formatComparison(shown, figures, scenarios, unitOf, ({ rate }) => rate)
}

/** The same of processor time; in brackets how many times the reference's it is. */
export function formatCosts(shown: readonly Measured[], figures: readonly Figure[]): string {
  const scenarios = SCENARIOS.filter(({ mode }) => mode !== 'idle')
  return formatComparison(shown, figures, scenarios, costUnitOf, ({ cost }) => cost)
}

function formatComparison(
  shown: readonly Measured[],
  figures: readonly Figure[],
  scenarios: readonly Scenario[],
  unit: (scenario: Scenario) => string,
  read: (figure: Figure) => number | undefined,
): string {
  const rows = scenarios
    .filter(({ key }) => figures.some(({ scenario }) => scenario === key))
    .map((scenario) => [
      scenario.name,
      unit(scenario),
      ...shown.flatMap(({ key, reference }) => {
        const own = find(figures, scenario, key)
        const other = find(figures, scenario, reference)
        const value = own === undefined ? undefined : read(own)
        return [formatValue(own, value), formatRatio(ratio(value, other && read(other)))]
      }),
    ])
  if (rows.length === 0) return ''
  return formatGrid([['', '', ...shown.flatMap(({ name }) => [name, ''])], ...rows])
}

function formatValue(figure: Figure | undefined, value: number | undefined): string {
  if (figure?.error !== undefined) return 'failed'
  return value === undefined ? '-' : formatNumber(value)
}

const formatRatio = (value: number | undefined): string =>
  value === undefined ? '' : `(${(value * 100).toFixed(0)} %)`

/** Three digits that count, thousands apart. */
export function formatNumber(value: number): string {
  const size = Math.abs(value)
  if (size >= 100) return value.toLocaleString('en', { maximumFractionDigits: 0 })
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3)
}

function formatShares(shown: readonly Measured[], figures: readonly Figure[]): string {
  const rows = SCENARIOS.filter((scenario) => isBulk(scenario) && scenario.connections > 1).map(
    (scenario) => [
      scenario.name,
      ...shown.map(({ key }) => {
        const share = find(figures, scenario, key)?.share
        return share === undefined ? '-' : `${(share * 100).toFixed(0)} %`
      }),
    ],
  )
  if (rows.every(([, ...cells]) => cells.every((cell) => cell === '-'))) return ''
  return formatGrid([
    ['What the slowest connection got of an equal share', ...shown.map(({ name }) => name)],
    ...rows,
  ])
}

function formatIdle(shown: readonly Measured[], figures: readonly Figure[]): string {
  const idle = SCENARIOS.find(({ mode }) => mode === 'idle')!
  const seen = shown.map(({ key }) => find(figures, idle, key))
  if (seen.every((figure) => figure === undefined)) return ''
  const row = (name: string, read: (figure: Figure) => string | undefined): string[] => [
    name,
    ...seen.map((figure) => (figure?.error !== undefined ? 'failed' : ((figure && read(figure)) ?? '-'))),
  ]
  return formatGrid([
    [idle.name, ...shown.map(({ name }) => name)],
    row('processor time, just opened', ({ firstCpu }) => formatShare(firstCpu)),
    row('processor time, settled', ({ idleCpu }) => formatShare(idleCpu)),
    row('resident bytes a connection, settled', ({ bytesPerConnection: bytes }) =>
      bytes === undefined ? undefined : formatNumber(bytes),
    ),
  ])
}

/** Percent of a CPU. */
const formatShare = (share: number | undefined): string | undefined =>
  share === undefined ? undefined : `${share.toFixed(2)} %`

function formatErrors(shown: readonly Measured[], figures: readonly Figure[]): string {
  const lines = figures
    .filter(({ error }) => error !== undefined)
    .map(({ scenario, candidate, error }) => {
      const name = shown.find(({ key }) => key === candidate)?.name ?? candidate
      return `${name}, ${SCENARIOS.find(({ key }) => key === scenario)?.name ?? scenario}: ${error}\n`
    })
  return lines.join('')
}

/** The first column to the left, the others to the right; each line without what would end it. */
function formatGrid(rows: Rows): string {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map((row) => row[i]?.length ?? 0)),
  )
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}
