import type { Outcome } from './bench-client.ts'

/** What came out for one test. */
export interface Row {
  test: string
  service: string
  port: number
  /** One of the two, by what is counted; none when it failed. */
  bitsPerSecond?: number
  operationsPerSecond?: number
  seconds?: number
  /** What the slowest connection got of an equal share, from 0 to 1. */
  share?: number
  /** Microseconds. */
  p50?: number
  p99?: number
  /** Processor time of this client, percent of a CPU. */
  clientCpu?: number
  note?: string
  /** Name of the error, what happened, and what would help. */
  error?: { code: string; message: string; hint?: string }
}

/** The figures of an outcome; `isBulk`: it counts bytes. `cpu` in seconds. */
export function toRow(
  outcome: Outcome,
  isBulk: boolean,
  cpu: number,
): Omit<Row, 'test' | 'service' | 'port'> {
  const { counts, seconds, latencies, note } = outcome
  const total = counts.reduce((sum, count) => sum + count, 0)
  const rate = total / seconds
  return {
    ...(isBulk ? { bitsPerSecond: rate * 8 } : { operationsPerSecond: rate }),
    seconds,
    ...(counts.length > 1 && total > 0 && { share: (Math.min(...counts) * counts.length) / total }),
    ...(latencies !== undefined && latencies.length > 0 && percentiles(latencies)),
    clientCpu: (cpu / seconds) * 100,
    ...(note !== undefined && { note }),
  }
}

function percentiles(milliseconds: readonly number[]): { p50: number; p99: number } {
  const sorted = Float64Array.from(milliseconds).sort()
  const at = (part: number): number => sorted[Math.floor(sorted.length * part)]! * 1000
  return { p50: at(0.5), p99: at(0.99) }
}

/** One line; the lines of all tests have the same columns. */
export function formatRow(row: Row): string {
  const [rate, more] = measured(row)
  const service = `${row.service} ${row.port}`
  return `${`${row.test.padEnd(4)}  ${service.padEnd(10)}  ${rate.padStart(12)}  ${more}`.trimEnd()}\n`
}

function measured(row: Row): [string, string] {
  if (row.error !== undefined) return ['failed', row.error.code]
  const rate =
    row.bitsPerSecond !== undefined
      ? formatBits(row.bitsPerSecond)
      : `${Math.round(row.operationsPerSecond ?? 0).toLocaleString('en')} /s`
  const more = [
    row.p50 === undefined ? '' : `p50 ${row.p50.toFixed(0)} µs, p99 ${row.p99!.toFixed(0)} µs`,
    row.share === undefined ? '' : `slowest connection ${(row.share * 100).toFixed(0)} % of its share`,
    row.clientCpu === undefined ? '' : `client ${row.clientCpu.toFixed(0)} % CPU`,
    row.note ?? '',
  ]
  return [rate, more.filter((text) => text !== '').join('; ')]
}

/** Three digits that count. */
export function formatBits(bits: number): string {
  const [divisor, unit] = bits >= 1e9 ? [1e9, 'Gbit/s'] : bits >= 1e6 ? [1e6, 'Mbit/s'] : [1e3, 'kbit/s']
  return `${(bits / divisor).toPrecision(3)} ${unit}`
}
