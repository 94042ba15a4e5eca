import { type Duration, type Instant, MINUTE } from '../base/time.ts'
import { ERRNO, errnoName } from '../socket/errno.ts'
import type { SystemCall } from './ast.ts'
import { Arguments } from './calls/arguments.ts'
import type { Attempt, CallContext, Outcome } from './calls/outcome.ts'
import { callHandler } from './calls/table.ts'
import { integerOf } from './expression.ts'
import { Mismatch } from './failure.ts'
import { fail } from './script-error.ts'
import { formatSeconds, slackOf } from './script-time.ts'

/** How long a call without an end may keep the script waiting before it is given up. */
const PATIENCE = 60 * MINUTE

/** A call that has not returned. */
interface BlockedCall {
  readonly call: SystemCall
  readonly attempt: Attempt
  /** When it must return, on the script's clock; undefined: at once. */
  readonly until: Duration | undefined
  readonly from: Duration
  outcome: Outcome | undefined
  returnedAt: Instant
}

/** Makes the script's system calls. At most one waits at a time. */
export class CallEvents {
  readonly #context: CallContext
  #blocked: BlockedCall | undefined

  constructor(context: CallContext) {
    this.#context = context
    context.machine.onTurn = () => this.#retry()
  }

  get isBlocked(): boolean {
    return this.#blocked !== undefined && this.#blocked.outcome === undefined
  }

  /**
   * Makes the call, which begins at `from` and whose time `until` counts from `base` (all on the script's clock). Throws Mismatch for
   * another result than the script's, ScriptError for a call that cannot be made.
   */
  make(call: SystemCall, from: Duration, base: Duration): void {
    const handler = callHandler(call.name)
    if (handler === undefined) fail(call.place, 'a system call that is known here', `\`${call.name}\``)
    const { machine, settings } = this.#context
    if (machine.elapsed > from + slackOf(0, settings.tolerance)) {
      const begun = `${formatSeconds(machine.elapsed)} s, expected at ${formatSeconds(from)} s`
      throw new Mismatch(
        'call',
        call.place,
        `time: ${call.name}() had to wait for the call before it until ${begun}`,
      )
    }
    const attempt = handler(new Arguments(call), this.#context)
    const until = call.until === undefined ? undefined : base + call.until
    const blocked: BlockedCall = {
      call,
      attempt,
      until,
      from,
      outcome: attempt(),
      returnedAt: machine.elapsed,
    }
    this.#blocked = blocked
    if (blocked.outcome === undefined && until === undefined) this.finish()
    this.settle()
  }

  /** Waits until no call is blocked. Throws Mismatch for one that has not returned when it should have. */
  finish(): void {
    const { machine, settings } = this.#context
    const blocked = this.#blocked
    if (blocked === undefined || !this.isBlocked) return
    const { call, until, from } = blocked
    const latest =
      until === undefined ? machine.elapsed + PATIENCE : until + slackOf(until - from, settings.tolerance)
    machine.run(machine.start + latest, () => !this.isBlocked)
    if (!this.isBlocked) return
    const expected = until === undefined ? '' : `, expected at ${formatSeconds(until)} s`
    throw new Mismatch('call', call.place, `${call.name}() does not return${expected}`)
  }

  /** Compares what has returned. */
  settle(): void {
    const blocked = this.#blocked
    if (blocked?.outcome === undefined) return
    this.#blocked = undefined
    this.#compare(blocked, blocked.outcome)
  }

  #retry(): void {
    const blocked = this.#blocked
    if (blocked === undefined || blocked.outcome !== undefined) return
    blocked.outcome = blocked.attempt()
    blocked.returnedAt = this.#context.machine.elapsed
  }

  #compare(blocked: BlockedCall, outcome: Outcome): void {
    this.#compareResult(blocked.call, outcome)
    const { call, from, until, returnedAt } = blocked
    const { tolerance } = this.#context.settings
    if (until === undefined) {
      const slack = slackOf(0, tolerance)
      if (returnedAt - from <= slack || isTimed(call)) return
      throw new Mismatch(
        'call',
        call.place,
        `${call.name}() blocked for ${formatSeconds(returnedAt - from)} s`,
      )
    }
    if (Math.abs(returnedAt - until) <= slackOf(until - from, tolerance)) return
    throw new Mismatch(
      'call',
      call.place,
      `time: ${call.name}() returned at ${formatSeconds(returnedAt)} s, expected at ${formatSeconds(until)} s`,
    )
  }

  #compareResult(call: SystemCall, { result, difference }: Outcome): void {
    if (call.result.kind === 'ellipsis') return
    const expected = integerOf(call.result) | 0
    const errno = call.errno === undefined ? undefined : errnoOf(call)
    if (expected !== Math.max(result | 0, -1) || (errno !== undefined && result !== -errno)) {
      throw new Mismatch(
        'call',
        call.place,
        `${call.name}(): another result`,
        show(expected, errno),
        show(result),
      )
    }
    const found = result >= 0 ? difference?.() : undefined
    if (found === undefined) return
    const what = `${call.name}(): ${found.what} differs`
    throw new Mismatch('call', call.place, what, found.expected, found.actual)
  }
}

/** Calls that wait for a time that they are given. */
const isTimed = ({ name }: SystemCall): boolean => name === 'poll' || name === 'epoll_wait'

function errnoOf(call: SystemCall): number {
  return (
    ERRNO.get(call.errno!) ?? fail(call.place, 'the name of an error after the result', `\`${call.errno}\``)
  )
}

/** A result with its error, as a script writes it. */
function show(result: number, errno = result < 0 ? -result : 0): string {
  if (result >= 0) return String(result)
  return errno === 0 ? '-1' : `-1 ${errnoName(errno)}`
}
