import { type Logger, pino } from 'pino'
import type { DaemonConfig } from './config.ts'

export type { Logger }

/** Bytes of log that may wait for a slow reader of stderr; what comes on top is dropped, since the daemon never waits. */
const BACKLOG = 1 << 20

const LEVELS: ReadonlyMap<number, string> = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
])

/** Fields that a line in text form does not repeat. */
const SHOWN_ELSEWHERE = new Set(['level', 'time', 'msg', 'err'])

/** A logger on stderr that never blocks; what is buffered is written when the process ends. */
export function createLogger(config: Pick<DaemonConfig, 'logLevel' | 'logFormat'>): Logger {
  const destination = pino.destination({ fd: 2, sync: false, maxLength: BACKLOG })
  destination.on('error', () => {}) // a closed stderr is no reason to stop
  const options = { level: config.logLevel, base: null }
  if (config.logFormat === 'json')
    return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  return pino(options, { write: (line) => destination.write(formatLine(JSON.parse(line))) })
}

/** One record as a line: `16:03:48.123 info  listening on port 7 service=echo`. Control characters are escaped. */
export function formatLine(record: Record<string, unknown>): string {
  const level = LEVELS.get(Number(record.level)) ?? 'info'
  const parts = [clock(Number(record.time)), level.padEnd(5), printable(String(record.msg ?? ''))]
  for (const [key, value] of Object.entries(record)) {
    if (!SHOWN_ELSEWHERE.has(key)) parts.push(`${printable(key)}=${formatValue(value)}`)
  }
  return `${parts.join(' ')}${formatError(record.err)}\n`
}

/** Local time of day with milliseconds. */
function clock(time: number): string {
  const date = new Date(time)
  const two = (n: number): string => String(n).padStart(2, '0')
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`
}

function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[^\s"=\p{Cc}]+$/u.test(text) ? text : printable(JSON.stringify(text))
}

/** An error's stack, indented below the line. */
function formatError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const { stack, message } = error as { stack?: unknown; message?: unknown }
  const lines = String(stack ?? message ?? '').split('\n')
  return lines.map((line) => `\n    ${printable(line.trim())}`).join('')
}

/** What strangers send may end up in a log line; it must not move the reader's cursor. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The logger of a thread that has another one write: `forward` gets each record. */
export const createForwarder = (
  { logLevel }: Pick<DaemonConfig, 'logLevel'>,
  forward: (record: string) => void,
): Logger => pino({ level: logLevel, base: null }, { write: forward })

/** Logs what a forwarder has handed over, with fields of our own. */
export function relay(log: Logger, record: string, fields: object): void {
  const { level, time: _, msg, ...said } = JSON.parse(record) as { level: number; time: number; msg: string }
  const name = LEVELS.get(level) ?? 'info'
  log[name as 'info']({ ...said, ...fields }, msg)
}
