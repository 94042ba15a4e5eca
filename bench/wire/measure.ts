import { run, skipReason } from '../../test/support/netns.ts'
import { Bed } from './bed.ts'
import { CANDIDATES, type Candidate } from './candidates.ts'
import { type Figure, type LoadReport, toFigure } from './figures.ts'
import { build } from './native.ts'
import type { Measured, Settings, WireResults } from './results.ts'
import { isBulk, SCENARIOS, type Scenario } from './scenarios.ts'

export interface Wanted {
  settings: Settings
  scenarios: readonly string[]
  candidates: readonly string[]
  /** Told what is being done. */
  tell: (line: string) => void
}

const MOST_TRIES = 5

/** An exchange goes through more of the code, and each part of it more rarely, than a transfer: it takes so many times as long to be compiled. */
const EXCHANGE_WARMING = 3

/** How long idle connections are watched when they have just been opened, seconds, and how long at least when they have settled. */
const FIRST = 2
const LEAST = 1

/** Why nothing can be measured on the wire here, or undefined. */
export function lacksWire(): string | undefined {
  if (skipReason !== undefined) return skipReason
  return run(['taskset', '--version']).status === 0 ? undefined : 'taskset is missing'
}

/** Measures all candidates in turn, round by round. */
export async function measureWire(wanted: Wanted): Promise<WireResults> {
  const { settings } = wanted
  const wire = new Wire(wanted)
  const leave = (): void => void wire.close().finally(() => process.exit(130))
  process.once('SIGINT', leave).once('SIGTERM', leave)
  try {
    await wire.open()
    const busy = SCENARIOS.filter(({ key, mode }) => wanted.scenarios.includes(key) && mode !== 'idle')
    const idle = SCENARIOS.filter(({ key, mode }) => wanted.scenarios.includes(key) && mode === 'idle')
    await wire.warm(busy)
    const pinned = await wire.run(busy, settings.rounds, settings.cpu)
    const unpinned = await wire.run(busy, settings.unpinnedRounds, undefined)
    const resting = await wire.run(idle, settings.idleRounds, settings.cpu)
    return { settings, candidates: wire.measured, pinned: [...pinned, ...resting], unpinned }
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave)
    await wire.close()
  }
}

class Wire {
  readonly measured: Measured[] = []
  readonly #beds: Bed[] = []
  readonly #wanted: Wanted

  constructor(wanted: Wanted) {
    this.#wanted = wanted
  }

  /** Builds and prepares whoever can be measured here. */
  async open(): Promise<void> {
    build('load')
    for (const candidate of CANDIDATES) {
      if (!this.#wanted.candidates.includes(candidate.key)) continue
      const { key, name, reference, usesOffload } = candidate
      const who = { key, name, usesOffload, ...(reference !== undefined && { reference }) }
      const missing = prepare(candidate)
      this.measured.push({ ...who, ...(missing !== undefined ? { missing } : await this.#add(candidate)) })
    }
  }

  async #add(candidate: Candidate): Promise<{ missing?: string; note?: string }> {
    const bed = new Bed(candidate)
    this.#beds.push(bed)
    try {
      await bed.start(this.#wanted.settings.cpu)
    } catch (error) {
      this.#beds.pop()
      await bed.close()
      return { missing: `it does not start: ${(error as Error).message}` }
    }
    if (candidate.usesOffload && bed.hasOffload === false) return { note: 'its device has no offload' }
    return {}
  }

  /** What is compiled while it runs is measured as it is after the first minute. */
  async warm(scenarios: readonly Scenario[]): Promise<void> {
    const { cpu, warming } = this.#wanted.settings
    for (const bed of this.#beds.filter(({ candidate }) => candidate.isCompiledLate)) {
      this.#wanted.tell(`warming ${bed.candidate.name}`)
      for (const scenario of scenarios) {
        const due = isBulk(scenario) ? warming : EXCHANGE_WARMING * warming
        // By its own time, of which a busy machine gives it little.
        for (let spent = 0, tries = 0; spent < due && tries < MOST_TRIES; tries++) {
          spent += (await bed.load(scenario, cpu, due, 0)).stackCpu ?? 0
        }
      }
    }
  }

  /** Every scenario, every candidate, round by round: neighbours in time are what is compared. */
  async run(scenarios: readonly Scenario[], rounds: number, cpu: number | undefined): Promise<Figure[]> {
    const reports = new Map<string, LoadReport[]>()
    const began = performance.now()
    for (let round = 0; round < rounds; round++) {
      const took = (performance.now() - began) / 1000
      if (round > 0 && took + took / round > this.#wanted.settings.patience) {
        this.#wanted.tell(`this machine is busy: ${round} of ${rounds} rounds`)
        break
      }
      for (const scenario of scenarios) {
        this.#wanted.tell(
          `${cpu === undefined ? 'not pinned' : 'pinned'}, round ${round + 1}: ${scenario.name}`,
        )
        const add = async (bed: Bed): Promise<void> => {
          const key = `${scenario.key} ${bed.candidate.key}`
          reports.set(key, [...(reports.get(key) ?? []), await this.#sample(bed, scenario, cpu)])
        }
        // Who does nothing is in nobody's way.
        if (scenario.mode === 'idle') await Promise.all(this.#beds.map(add))
        else for (const bed of rotate(this.#beds, round)) await add(bed)
      }
    }
    return [...reports].map(([key, all]) => {
      const [scenario = '', candidate = ''] = key.split(' ')
      return toFigure(scenario, candidate, all)
    })
  }

  async #sample(bed: Bed, scenario: Scenario, cpu: number | undefined): Promise<LoadReport> {
    const { seconds, warmup, settling } = this.#wanted.settings
    const isIdle = scenario.mode === 'idle'
    // Memory that earlier connections left behind would hide what these need.
    if (!bed.isRunning || isIdle) await bed.start(cpu)
    else bed.moveTo(cpu)
    const report = isIdle
      ? await bed.load(scenario, cpu, Math.max(seconds, LEAST), FIRST, settling)
      : await bed.load(scenario, cpu, seconds, warmup)
    if (report.alive !== undefined && report.alive !== scenario.connections) {
      return { error: `only ${report.alive} connections still answer` }
    }
    if (!bed.candidate.isInKernel) return report
    const { memoryBefore: _, ...rest } = report
    return rest
  }

  async close(): Promise<void> {
    for (const bed of this.#beds.splice(0)) await bed.close()
  }
}

/** Builds what a candidate needs; why it cannot be measured, or undefined. */
function prepare({ lacks, needs }: Candidate): string | undefined {
  const missing = lacks?.()
  if (missing !== undefined || needs === undefined) return missing
  try {
    build(needs)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Nobody is always the first. */
const rotate = <T>(list: readonly T[], by: number): T[] => {
  const at = list.length === 0 ? 0 : by % list.length
  return [...list.slice(at), ...list.slice(0, at)]
}
