/** Where something stands in a script. Lines and columns are counted from 1, a tab is one column. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/**
 * What is wrong with a script, and where. Everything that a text can do wrong ends here: no other exception leaves the
 * lexer, the parser or the evaluators.
 *
 * The message is `file:line:column: expected ..., found ...`.
 */
export class ScriptError extends Error {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly expected: string
  readonly found: string

  constructor(place: Place, expected: string, found: string) {
    super(`${place.file}:${place.line}:${place.column}: expected ${expected}, found ${found}`)
    this.name = 'ScriptError'
    this.file = place.file
    this.line = place.line
    this.column = place.column
    this.expected = expected
    this.found = found
  }
}

/** Throws a ScriptError; written as a function so that it can stand where a value is wanted. */
export function fail(place: Place, expected: string, found: string): never {
  throw new ScriptError(place, expected, found)
}
