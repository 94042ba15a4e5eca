import { type Figure, ratio } from './figures.ts'
import type { Measured, WireResults } from './results.ts'
import { costUnitOf, isBulk, SCENARIOS, type Scenario, unitOf } from './scenarios.ts'

type Rows = string[][]

/** All that was measured on the wire, as text. */
export function formatWire(results: WireResults): string {
  const { settings } = results
  const shown = results.candidates.filter(({ missing }) => missing === undefined)
  const length = `median of ${settings.rounds} rounds of ${settings.seconds} s`
  return [
    `Client and stack pinned to CPU ${settings.cpu}; ${length}`,
    '',
    section(shown, results.pinned),
    ...(results.unpinned.length === 0
      ? []
      : [
          `Not pinned; median of ${settings.unpinnedRounds}`,
          '',
          formatRates(shown, results.unpinned),
          formatErrors(shown, results.unpinned),
        ]),
    ...results.candidates.map(remark).filter((line) => line !== ''),
  ].join('\n')
}

function section(shown: readonly Measured[], figures: readonly Figure[]): string {
  return [
    formatRates(shown, figures),
    'Processor time of client and stack together',
    formatCosts(shown, figures),
    formatShares(shown, figures),
    formatIdle(shown, figures),
    formatErrors(shown, figures),
  ]
    .filter((text) => text !== '')
    .join('\n')
}

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
  return formatGrid([['', '', ...shown.flatMap(({ name }) => [name, ''])], ...rows])
}

function formatValue(figure: Figure | undefined, value: number | undefined): string {
  if (figure?.error !== undefined) return 'failed'
  return value === undefined ? '-' : formatNumber(value)
}

const formatRatio = (value: number | undefined): string =>
  value === undefined ? '' : `(${(value * 100).toFixed(0)} %)`

/** Three digits that count, thousands apart. */
export const formatNumber = (value: number): string =>
  value >= 100
    ? value.toLocaleString('en', { maximumFractionDigits: 0 })
    : value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3)

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
    row('processor time of the stack', ({ idleCpu }) =>
      idleCpu === undefined ? undefined : `${idleCpu.toFixed(2)} %`,
    ),
    row('resident bytes a connection', ({ bytesPerConnection: bytes }) =>
      bytes === undefined ? undefined : formatNumber(bytes),
    ),
  ])
}

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
