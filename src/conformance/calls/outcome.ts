import type { Descriptors, OpenFile } from '../descriptors.ts'
import type { Machine } from '../machine.ts'
import type { Settings } from '../settings.ts'
import type { UnderTest } from '../under-test.ts'
import type { Arguments } from './arguments.ts'

/** How a system call ended. */
export interface Outcome {
  /** Not negative, or a negative errno. */
  readonly result: number
  /** What the new descriptor stands for, of calls that give one. */
  readonly file?: OpenFile
  /** Looks at what the call wrote to memory, when it succeeded. */
  readonly difference?: () => OutputDifference | undefined
}

/** Something that a call wrote to memory and that the script says otherwise. */
export interface OutputDifference {
  readonly what: string
  readonly expected: string
  readonly actual: string
}

/** Tries to finish a call; undefined: it still blocks. Called again whenever something may have changed. */
export type Attempt = () => Outcome | undefined

/** What system calls work on. */
export interface CallContext {
  readonly machine: Machine
  readonly underTest: UnderTest
  readonly settings: Settings
  readonly descriptors: Descriptors
}

/** Begins a system call. Throws ScriptError for arguments that it cannot have. */
export type CallHandler = (call: Arguments, context: CallContext) => Attempt

export type CallTable = Readonly<Record<string, CallHandler>>

/** A call that ends at once. */
export const done =
  (result: number): Attempt =>
  () => ({ result })
