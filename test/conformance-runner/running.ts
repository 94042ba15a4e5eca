import { type ConformOptions, conform } from '../../src/conformance/conform.ts'
import { type Failure, formatFailure } from '../../src/conformance/report.ts'
import type { Verdict } from '../../src/conformance/run-script.ts'

/** What the tests run scripts with. */

/** A server that listens. */
export const LISTENING = `
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 5) = 0
`

/** A connection opened by the script, on descriptor 4, at 100 ms. */
export const ESTABLISHED = `${LISTENING}
+0 < S 0:0(0) win 64000 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 64000
+0 accept(3, ..., ...) = 4
`

/** Options of the command line: `{ strict: undefined }` for `--strict`. */
export function run(
  text: string,
  options: Record<string, string | undefined> = {},
  rest: Partial<ConformOptions> = {},
): Verdict {
  const overrides = Object.entries(options).map(([name, value]) => ({ name, value }))
  return conform('a.pkt', text, { definitions: {}, overrides, ...rest })
}

/** Runs a script that must pass. */
export function passes(text: string, options: Record<string, string | undefined> = {}): Verdict {
  const verdict = run(text, options)
  if (verdict.outcome === 'passed') return verdict
  throw new Error(
    verdict.failure === undefined ? `skipped: ${verdict.reason}` : formatFailure(verdict.failure),
  )
}

/** Runs a script that must fail. */
export function fails(text: string, options: Record<string, string | undefined> = {}): Failure {
  const { failure, outcome } = run(text, options)
  if (failure === undefined) throw new Error(`the script ${outcome}, and should have failed`)
  return failure
}
