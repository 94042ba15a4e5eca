/** What the user asked for cannot be: wrong option, wrong value, unknown name. Ends with exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What the user asked for did not work here and now. Ends with exit status 1; `hint` says what would help. */
export class DaemonError extends Error {
  override readonly name = 'DaemonError'
  /** Stable name for programs: an errno name, or one of ours (`ELOCKED`, `ENODAEMON`). */
  readonly code: string
  readonly hint: string | undefined

  constructor(code: string, message: string, hint?: string) {
    super(message)
    this.code = code
    this.hint = hint
  }
}

/** The errno name of a system error, or ''. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
