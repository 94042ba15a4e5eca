// hot path: a connection that says something now and then takes rows and gives them back each time.

/** Integers and doubles of a row. */
export const INTS = 3
export const DOUBLES = 6

/** Rows to begin with. */
const FIRST = 16
/** Such small ones that are kept for whoever comes next. */
const SPARES = 1024

/** Memory for the rows of a scoreboard. */
export class BoardRows {
  /** A power of two. */
  readonly capacity: number
  readonly ints: Int32Array
  readonly doubles: Float64Array

  constructor(capacity: number) {
    this.capacity = capacity
    this.ints = new Int32Array(capacity * INTS)
    this.doubles = new Float64Array(capacity * DOUBLES)
  }
}

/** Shared by all connections: most have nothing in flight most of the time. */
const spares: (BoardRows | undefined)[] = new Array(SPARES).fill(undefined)
let count = 0

/** Rows for a flight that begins, with whatever was in them. */
export function takeRows(): BoardRows {
  if (count === 0) return new BoardRows(FIRST)
  const rows = spares[--count]!
  spares[count] = undefined
  return rows
}

/** Nothing is in flight any more. Large ones are not kept. */
export function giveRows(rows: BoardRows): void {
  if (rows.capacity === FIRST && count < SPARES) spares[count++] = rows
}
