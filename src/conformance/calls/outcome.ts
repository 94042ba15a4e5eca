import type { Settings } from '../settings.ts'
import type { UnderTest } from '../under-test.ts'
import type { Arguments } from './arguments.ts'
import type { Attempt as AttemptOf, Caller, Ended } from './blocking.ts'

/** How a system call of a script ended. */
export interface Outcome extends Ended {
  /** Looks at what the call wrote to memory, when it succeeded. */
  readonly difference?: () => OutputDifference | undefined
}

/** Something that a call wrote to memory and that the script says otherwise. */
export interface OutputDifference {
  readonly what: string
  readonly expected: string
  readonly actual: string
}

/** Tries to finish a call of a script. */
export type Attempt = AttemptOf<Outcome>

/** What system calls of scripts work on; descriptors have the numbers that the script gives them. */
export interface CallContext extends Caller {
  readonly underTest: UnderTest
  readonly settings: Settings
}

/** Begins a system call. Throws ScriptError for arguments that it cannot have. */
export type CallHandler = (call: Arguments, context: CallContext) => Attempt

export type CallTable = Readonly<Record<string, CallHandler>>

/** A call that ends at once. */
export const done =
  (result: number): Attempt =>
  () => ({ result })

/** The attempt, with a look at what it wrote to memory when it has succeeded. */
export function checked(
  attempt: AttemptOf,
  difference: (result: number) => OutputDifference | undefined,
): Attempt {
  return () => {
    const ended = attempt()
    return ended && { result: ended.result, difference: () => difference(ended.result) }
  }
}
