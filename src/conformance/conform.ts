import type { CaptureWriter } from '../device/capture.ts'
import { parseScript } from './parse-script.ts'
import { type Failure, failureOf, formatFailure } from './report.ts'
import { runScript, type Verdict } from './run-script.ts'

/** What a whole run is told; plain data, so that it can be sent to a worker. */
export interface ConformOptions {
  /** `-D NAME=VALUE`. */
  readonly definitions: Readonly<Record<string, string>>
  /** Options of scripts, by their names; they win over those in the scripts. */
  readonly overrides: readonly { readonly name: string; readonly value: string | undefined }[]
}

export interface Watchers {
  readonly capture?: CaptureWriter | undefined
  /** Receives what code blocks print. */
  readonly print?: (line: string) => void
}

/** Reads and runs one script. `text` holds a byte a character. Throws nothing. */
export function conform(
  file: string,
  text: string,
  options: ConformOptions,
  watchers: Watchers = {},
): Verdict {
  const definitions = new Map(Object.entries(options.definitions))
  try {
    const script = parseScript(file, text, definitions)
    return runScript(script, { overrides: options.overrides, ...watchers })
  } catch (error) {
    const script = { file, text, options: [], init: undefined, events: [], cleanup: undefined }
    return failed(file, failureOf(error, script, undefined, [], []))
  }
}

/** A script that could not be read from where it should be. */
export function unreadable(file: string, reason: string): Verdict {
  return failed(file, {
    kind: 'script',
    ...{ file, line: 1, column: 1 },
    message: `expected a script, found that it cannot be read: ${reason}`,
    ...{ source: undefined, expected: undefined, actual: undefined, marks: undefined },
    ...{ packets: [], counters: [], stack: undefined },
  })
}

const failed = (file: string, failure: Failure): Verdict => ({
  file,
  outcome: 'failed',
  failure,
  reason: undefined,
  warnings: [],
  elapsed: 0,
})

/** A line for the script, and below it what went wrong. */
export function formatVerdict({ file, outcome, failure, reason, warnings }: Verdict): string {
  const lines = [outcome === 'skipped' ? `skipped ${file}: ${reason}` : `${outcome.padEnd(7)} ${file}`]
  for (const warning of warnings) lines.push(`  warning: ${formatFailure(warning)}`)
  if (failure !== undefined) lines.push(formatFailure(failure))
  return lines.join('\n')
}

/** How many verdicts of each kind there are. */
export class Tally {
  passed = 0
  failed = 0
  skipped = 0

  add({ outcome }: Verdict): void {
    this[outcome]++
  }

  /** The last line of a run. */
  toString(): string {
    return `${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`
  }
}
