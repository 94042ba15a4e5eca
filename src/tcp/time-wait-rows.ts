import { type Instant, NEVER, SECOND } from '../base/time.ts'

/** Columns of a row: int32 each. */
export const Field = {
  Local: 0,
  Remote: 1,
  /** The peer's << 16 | ours; 0: the row is free. */
  Ports: 2,
  SendNext: 3,
  ReceiveNext: 4,
  /** The window field that we last offered (16 bits), our window shift (4), and bits of `Bit`. */
  Window: 5,
  TsRecent: 6,
  /** When TS.Recent was taken, whole seconds. */
  TsRecentAt: 7,
  /** When a segment was last answered that may itself be an answer, milliseconds; 0: not yet. */
  AnsweredAt: 8,
  /** Next row of the same bucket; of a free row, the next free one. */
  Chain: 9,
  /** Neighbours among the rows that wait equally long. */
  Older: 10,
  Newer: 11,
  /** For how many seconds the row was to wait. */
  Wait: 12,
} as const
const STRIDE = 13

const NONE = -1
const FIRST_CAPACITY = 16

/** The longest wait, whole seconds. */
export const LONGEST_WAIT = 60

/**
 * Storage of what remains of connections: 64 bytes each, everything included.
 *
 * A hash table of its own keeps the table of flows as small as the connections need it. Rows that wait equally long end in the order in which they
 * began: a list for each whole number of seconds takes the place of a queue of deadlines.
 */
export class TimeWaitRows {
  #columns = new Int32Array(FIRST_CAPACITY * STRIDE)
  /** When the wait ends. */
  #until = new Float64Array(FIRST_CAPACITY)
  /** First row of each bucket; as many buckets as rows. */
  #buckets = new Int32Array(FIRST_CAPACITY).fill(NONE)
  #capacity = FIRST_CAPACITY
  #used = 0
  #free = NONE
  #size = 0
  /** First and last of those that wait so many seconds. */
  readonly #oldest = new Int32Array(LONGEST_WAIT + 1).fill(NONE)
  readonly #newest = new Int32Array(LONGEST_WAIT + 1).fill(NONE)
  /** Nobody is due before this moment. */
  #next: Instant = NEVER
  readonly #hash: (local: number, remote: number, ports: number) => number

  /** `hash`: a keyed one. */
  constructor(hash: (local: number, remote: number, ports: number) => number) {
    this.#hash = hash
  }

  get size(): number {
    return this.#size
  }

  get(row: number, field: number): number {
    return this.#columns[row * STRIDE + field]!
  }

  set(row: number, field: number, value: number): void {
    this.#columns[row * STRIDE + field] = value
  }

  /** When the row's wait ends. */
  until(row: number): Instant {
    return this.#until[row]!
  }

  /** The row of the pair, or -1. */
  find(local: number, remote: number, ports: number): number {
    if (this.#size === 0) return NONE
    const columns = this.#columns
    for (let row = this.#buckets[this.#bucket(local, remote, ports)]!; row !== NONE; ) {
      const at = row * STRIDE
      if (
        columns[at + Field.Local] === local &&
        columns[at + Field.Remote] === remote &&
        columns[at + Field.Ports] === ports
      )
        return row
      row = columns[at + Field.Chain]!
    }
    return NONE
  }

  /** A row for the pair, which has none, that waits for so many seconds (1 to LONGEST_WAIT). Its other columns are the caller's to set. */
  add(local: number, remote: number, ports: number, now: Instant, seconds: number): number {
    const row = this.#allocate()
    this.set(row, Field.Local, local)
    this.set(row, Field.Remote, remote)
    this.set(row, Field.Ports, ports)
    this.#link(row)
    this.#append(row, now, seconds)
    this.#size++
    return row
  }

  /** The row's wait begins anew. */
  rearm(row: number, now: Instant, seconds: number): void {
    this.#unqueue(row)
    this.#append(row, now, seconds)
  }

  remove(row: number): void {
    this.#unqueue(row)
    this.#unlink(row)
    this.set(row, Field.Ports, 0)
    this.set(row, Field.Chain, this.#free)
    this.#free = row
    this.#size--
  }

  /** A row whose wait is over, or -1; the caller removes it. */
  due(now: Instant): number {
    if (this.#next > now) return NONE
    let next = NEVER
    for (let seconds = 1; seconds <= LONGEST_WAIT; seconds++) {
      const row = this.#oldest[seconds]!
      if (row === NONE) continue
      if (this.#until[row]! <= now) return row
      next = Math.min(next, this.#until[row]!)
    }
    this.#next = next
    return NONE
  }

  /** A moment before which nobody is due. */
  nextDeadline(): Instant {
    return this.#size === 0 ? NEVER : this.#next
  }

  /** Rows in use are among the first so many: those whose ports are not 0. */
  get end(): number {
    return this.#used
  }

  #bucket(local: number, remote: number, ports: number): number {
    return this.#hash(local, remote, ports) & (this.#capacity - 1)
  }

  #bucketOf(row: number): number {
    return this.#bucket(this.get(row, Field.Local), this.get(row, Field.Remote), this.get(row, Field.Ports))
  }

  #link(row: number): void {
    const bucket = this.#bucketOf(row)
    this.set(row, Field.Chain, this.#buckets[bucket]!)
    this.#buckets[bucket] = row
  }

  #unlink(row: number): void {
    const bucket = this.#bucketOf(row)
    let before = this.#buckets[bucket]!
    if (before === row) {
      this.#buckets[bucket] = this.get(row, Field.Chain)
      return
    }
    while (this.get(before, Field.Chain) !== row) before = this.get(before, Field.Chain)
    this.set(before, Field.Chain, this.get(row, Field.Chain))
  }

  #append(row: number, now: Instant, seconds: number): void {
    const until = now + seconds * SECOND
    const last = this.#newest[seconds]!
    this.#until[row] = until
    this.set(row, Field.Wait, seconds)
    this.set(row, Field.Older, last)
    this.set(row, Field.Newer, NONE)
    if (last === NONE) this.#oldest[seconds] = row
    else this.set(last, Field.Newer, row)
    this.#newest[seconds] = row
    if (until < this.#next) this.#next = until
  }

  #unqueue(row: number): void {
    const seconds = this.get(row, Field.Wait)
    const older = this.get(row, Field.Older)
    const newer = this.get(row, Field.Newer)
    if (older === NONE) this.#oldest[seconds] = newer
    else this.set(older, Field.Newer, newer)
    if (newer === NONE) this.#newest[seconds] = older
    else this.set(newer, Field.Older, older)
  }

  #allocate(): number {
    const free = this.#free
    if (free !== NONE) {
      this.#free = this.get(free, Field.Chain)
      return free
    }
    if (this.#used === this.#capacity) this.#grow()
    return this.#used++
  }

  #grow(): void {
    this.#capacity *= 2
    const columns = new Int32Array(this.#capacity * STRIDE)
    const until = new Float64Array(this.#capacity)
    columns.set(this.#columns)
    until.set(this.#until)
    this.#columns = columns
    this.#until = until
    this.#buckets = new Int32Array(this.#capacity).fill(NONE)
    for (let row = 0; row < this.#used; row++) this.#link(row)
  }
}
