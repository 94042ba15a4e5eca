import type { Demo, DemoEnd } from '../daemon/demo.ts'
import type { PathCounters } from '../device/path.ts'
import {
  bytes,
  describeData,
  describeLink,
  describeTransition,
  grouped,
  progressOf,
  type Row,
  rate,
  rowOf,
  seconds,
  speedOf,
} from './demo-text.ts'

const NARROWEST = 60
/** Lines of the frame besides the transitions. */
const FIXED_LINES = 16
/** A transfer that goes well has so many. */
const TRANSITIONS = 11

/** Width of the ends' names. */
const NAME = 9

const LEVELS = '▁▂▃▄▅▆▇█'

const ESCAPE = '\x1b'
const BOLD = `${ESCAPE}[1m`
const DIM = `${ESCAPE}[2m`
const GREEN = `${ESCAPE}[32m`
const CYAN = `${ESCAPE}[36m`
const RESET = `${ESCAPE}[0m`

/** Columns of the table: heading, width, and how a row's cell is found. */
const COLUMNS: readonly [string, number, keyof Row][] = [
  ['state', -12, 'state'],
  ['cwnd', 9, 'cwnd'],
  ['snd_wnd', 10, 'wnd'],
  ['flight', 9, 'flight'],
  ['RTT', 8, 'rtt'],
  ['RTO', 8, 'rto'],
  ['sent', 7, 'segments'],
  ['resent', 7, 'resent'],
]

/** How the demo stands, as lines for a terminal of this size. */
export function drawDemo(demo: Demo, columns: number, rows: number): string[] {
  const width = Math.max(NARROWEST, columns) - 1
  const known = Math.max(3, Math.min(TRANSITIONS, rows - FIXED_LINES))
  return [
    `${BOLD}tunstack demo${RESET}   ${describeData(demo.options)}`,
    `${DIM}link            ${describeLink(demo.options)}${RESET}`,
    '',
    drawProgress(demo, width),
    '',
    drawHeadings(),
    drawEnd(demo.sender),
    drawEnd(demo.receiver),
    '',
    drawCurve(demo.windows, width),
    '',
    drawPackets('data ->', demo.link.forth.counters),
    drawPackets('acks <-', demo.link.back.counters),
    '',
    ...drawTransitions(demo, known),
  ].map((line) => clip(line, width))
}

function drawProgress(demo: Demo, width: number): string {
  const share = progressOf(demo)
  const numbers = `${Math.floor(share * 100)} %`.padStart(6)
  const time = `${seconds(demo.completedAt ?? demo.world.now).padStart(11)}${rate(speedOf(demo)).padStart(12)}`
  const room = width - 10 - numbers.length - time.length
  const done = Math.round(share * room)
  const bar = `${GREEN}${'█'.repeat(done)}${RESET}${DIM}${'░'.repeat(room - done)}${RESET}`
  return `received  ${bar}${BOLD}${numbers}${RESET}${time}`
}

const cell = (text: string, width: number): string => (width < 0 ? text.padEnd(-width) : text.padStart(width))

const drawHeadings = (): string =>
  `${DIM}${' '.repeat(NAME)}${COLUMNS.map(([heading, width]) => cell(heading, width)).join('')}${RESET}`

function drawEnd(end: DemoEnd): string {
  const row = rowOf(end)
  const cells = COLUMNS.map(([heading, width, key]) => {
    const text = cell(row[key], width)
    return heading === 'state' ? `${BOLD}${CYAN}${text}${RESET}` : text
  })
  return `${end.name.padEnd(NAME)}${cells.join('')}`
}

/** The whole history of the window, as high as it was on average in the time that each character stands for. */
function drawCurve(windows: readonly number[], width: number): string {
  let most = 1
  for (const window of windows) most = Math.max(most, window)
  const label = `  at most ${bytes(most)}`
  const room = width - 10 - label.length
  const each = Math.max(1, windows.length / room)
  let curve = ''
  for (let i = 0; i < Math.min(room, windows.length); i++) {
    const part = windows.slice(
      Math.floor(i * each),
      Math.max(Math.floor((i + 1) * each), Math.floor(i * each) + 1),
    )
    const mean = part.reduce((sum, window) => sum + window, 0) / part.length
    curve += LEVELS[Math.min(LEVELS.length - 1, Math.floor((mean / most) * LEVELS.length))]
  }
  return `cwnd      ${CYAN}${curve}${RESET}${DIM}${label}${RESET}`
}

function drawPackets(label: string, counters: PathCounters): string {
  const { Sent, Lost, Duplicated, Corrupted, Reordered, QueueDropped } = counters
  const fates: [number, string][] = [
    [Duplicated, 'doubled'],
    [Corrupted, 'corrupted'],
    [Reordered, 'reordered'],
    [QueueDropped, 'found the queue full'],
  ]
  const told = fates.filter(([count]) => count > 0).map(([count, what]) => `, ${grouped(count)} ${what}`)
  return `${label.padEnd(10)}${grouped(Sent)} packets, ${grouped(Lost)} lost${told.join('')}`
}

function drawTransitions(demo: Demo, most: number): string[] {
  const last = demo.transitions.slice(-most)
  const lines = last.map((each) => `${DIM}${describeTransition(each, '→')}${RESET}`)
  return [...lines, ...Array<string>(most - lines.length).fill('')]
}

const PIECES = new RegExp(`(${ESCAPE}\\[\\d+m)|.`, 'gsu')

/** At most `width` characters; colours take no room. */
function clip(line: string, width: number): string {
  let room = width
  return line.replaceAll(PIECES, (piece, colour: string | undefined) =>
    colour !== undefined || room-- > 0 ? piece : '',
  )
}
