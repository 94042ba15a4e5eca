import { median } from '../support/statistics.ts'

/** The line of JSON that bench/native/load prints; which members there are depends on its mode. */
export interface LoadReport {
  error?: string
  seconds?: number
  /** Processor time in seconds. */
  clientCpu?: number
  stackCpu?: number
  bytes?: number
  operations?: number
  /** What the slowest connection moved, of an equal share. */
  share?: number
  retransmitted?: number
  /** Microseconds. */
  p50?: number
  p99?: number
  /** Resident bytes of the stack. */
  memoryBefore?: number
  memoryAfter?: number
  /** Of the first seconds of idle connections; `stackCpu` is of later ones. */
  firstSeconds?: number
  firstCpu?: number
  connections?: number
  alive?: number
}

/** What came out for one candidate in one scenario: medians, but for what says otherwise. */
export interface Figure {
  scenario: string
  candidate: string
  /** Why there is none. Members are left out then, and where they do not apply. */
  error?: string
  /** How many rounds are not in it, when there are any. */
  failedRounds?: number
  /** Gbit/s, or operations a second. */
  rate?: number
  /** One a round. */
  rates?: number[]
  /** Processor time of client and stack together: nanoseconds a kilobyte (1,000 bytes), or microseconds an operation. */
  cost?: number
  /** The same of the stack's process alone; what the kernel does for it in the client's time is not in it. */
  stackCost?: number
  /** The lowest of all rounds. */
  share?: number
  retransmitted?: number
  p50?: number
  p99?: number
  /** Processor time of the stack while all connections are idle, percent of a CPU: right after they were opened, and later. */
  firstCpu?: number
  idleCpu?: number
  bytesPerConnection?: number
}

/** Joins the rounds of one candidate in one scenario. Rounds that failed count only when all did. */
export function toFigure(scenario: string, candidate: string, reports: readonly LoadReport[]): Figure {
  const good = reports.filter((report) => report.error === undefined)
  if (good.length === 0) {
    return { scenario, candidate, error: reports.at(-1)?.error ?? 'was not measured' }
  }
  const of = (read: (report: LoadReport) => number | undefined): number[] =>
    good.map(read).filter((value) => value !== undefined && Number.isFinite(value)) as number[]
  return withoutGaps({
    scenario,
    candidate,
    failedRounds: good.length < reports.length ? reports.length - good.length : undefined,
    rate: middle(of(rateOf)),
    rates: of(rateOf),
    cost: middle(of((report) => costOf(report, (report.clientCpu ?? 0) + (report.stackCpu ?? 0)))),
    stackCost: middle(of((report) => costOf(report, report.stackCpu ?? 0))),
    share: least(of((report) => report.share)),
    retransmitted: middle(of((report) => report.retransmitted)),
    p50: middle(of((report) => report.p50)),
    p99: middle(of((report) => report.p99)),
    firstCpu: middle(of(({ firstCpu, firstSeconds }) => percent(firstCpu, firstSeconds))),
    idleCpu: middle(of(idleCpuOf)),
    bytesPerConnection: middle(of(memoryOf)),
  })
}

type Loose = { [key in keyof Figure]: Figure[key] | undefined }

/** Leaves out what is not known. */
function withoutGaps(figure: Loose & { scenario: string; candidate: string }): Figure {
  const known = Object.entries(figure).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  )
  return Object.fromEntries(known) as unknown as Figure
}

const round = (value: number): number => Number(value.toPrecision(5))

const middle = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : round(median(values))

const least = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.min(...values)

const isIdle = (report: LoadReport): boolean => report.memoryBefore !== undefined

function rateOf(report: LoadReport): number | undefined {
  if (report.seconds === undefined || isIdle(report)) return undefined
  if (report.bytes !== undefined) return round((report.bytes * 8) / report.seconds / 1e9)
  return report.operations === undefined ? undefined : round(report.operations / report.seconds)
}

function costOf(report: LoadReport, seconds: number): number | undefined {
  if (report.bytes !== undefined) return (seconds / report.bytes) * 1e12
  return report.operations === undefined ? undefined : (seconds / report.operations) * 1e6
}

const idleCpuOf = (report: LoadReport): number | undefined =>
  isIdle(report) ? percent(report.stackCpu, report.seconds) : undefined

const percent = (spent = Number.NaN, seconds = Number.NaN): number => (spent / seconds) * 100

const memoryOf = (report: LoadReport): number | undefined =>
  isIdle(report)
    ? ((report.memoryAfter ?? Number.NaN) - report.memoryBefore!) / (report.connections ?? Number.NaN)
    : undefined

/** `value` in terms of `reference`; undefined unless both are known and there is something to divide by. */
export function ratio(value: number | undefined, reference: number | undefined): number | undefined {
  return value === undefined || reference === undefined || reference === 0 ? undefined : value / reference
}
