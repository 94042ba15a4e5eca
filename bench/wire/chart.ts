import { init } from 'echarts'
import type { Figure } from './figures.ts'
import type { WireResults } from './results.ts'
import { isBulk, SCENARIOS, type Scenario } from './scenarios.ts'

const WIDTH = 1040
const HEIGHT = 440

/** One colour a candidate, in their order; those without offload are the paler ones. */
const COLOURS: Readonly<Record<string, string>> = {
  tunstack: '#1a6fb5',
  limits: '#555b61',
  'tunstack-plain': '#8cc0e8',
  'limits-plain': '#b4b9be',
  lwip: '#e0a458',
  kernel: '#7fa66a',
}

interface Panel {
  title: string
  left: string
  right: string
  scenarios: Scenario[]
  /** Brings a rate to the unit of the axis. */
  scale: number
}

const PANELS: readonly Panel[] = [
  { title: 'Gbit/s', left: '6%', right: '46%', scenarios: SCENARIOS.filter(isBulk), scale: 1 },
  {
    title: 'thousands a second',
    left: '61%',
    right: '2%',
    scenarios: SCENARIOS.filter((scenario) => !isBulk(scenario) && scenario.mode !== 'idle'),
    scale: 1000,
  },
]

/** The pinned rates as bars: an SVG text. */
export function drawChart(results: WireResults, caption: string): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT })
  try {
    chart.setOption(chartOption(results, caption))
    return chart.renderToSVGString()
  } finally {
    chart.dispose()
  }
}

/** What the library is told: a panel of bars for bytes and one for operations, a series a candidate. */
export function chartOption({ candidates, pinned }: WireResults, caption: string) {
  const shown = candidates.filter(({ missing }) => missing === undefined)
  return {
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'Helvetica, Arial, sans-serif' },
    title: { text: 'Client and stack on one CPU, MTU 1500', subtext: caption, left: 'center' },
    legend: { bottom: 0, itemGap: 28, data: shown.map(({ name }) => name) },
    grid: PANELS.map(({ left, right }) => ({ left, right, top: 90, bottom: 80 })),
    xAxis: PANELS.map(({ scenarios }, gridIndex) => ({
      type: 'category' as const,
      gridIndex,
      data: scenarios.map(({ name }) => toLabel(name)),
      axisTick: { show: false },
      axisLabel: { interval: 0, fontSize: 11 },
    })),
    yAxis: PANELS.map(({ title: name }, gridIndex) => ({ type: 'value' as const, gridIndex, name })),
    series: PANELS.flatMap((panel, index) =>
      shown.map(({ key, name }) => ({
        type: 'bar' as const,
        name,
        xAxisIndex: index,
        yAxisIndex: index,
        itemStyle: { color: COLOURS[key] ?? '#999999' },
        data: panel.scenarios.map((scenario) => rateIn(panel, scenario, key, pinned)),
      })),
    ),
  }
}

/** In lines as short as the bars are wide. */
const toLabel = (name: string): string =>
  name.replace('-request-', ',\nrequest, ').replace(/(, (?=\d)| of )/, '\n')

/** `-` is no bar. */
function rateIn(panel: Panel, scenario: Scenario, key: string, figures: readonly Figure[]): number | '-' {
  const figure = figures.find((one) => one.scenario === scenario.key && one.candidate === key)
  return figure?.rate === undefined ? '-' : figure.rate / panel.scale
}
