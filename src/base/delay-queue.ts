import { type Duration, type Instant, NEVER } from './time.ts'

/** Entries of the smallest ring. */
const LEAST = 64
/** Integers of an entry. */
const ENTRY = 2

/**
 * Pairs of small integers that are due the same time after they came: a ring in the order of their arrival, which costs the same
 * however many there are. The ring grows with use and shrinks when it is empty.
 */
export class DelayQueue {
  readonly delay: Duration
  /** What was taken last. */
  owner = 0
  ticket = 0
  #size = 0
  #head = 0
  #entries = new Int32Array(LEAST * ENTRY)
  #due = new Float64Array(LEAST)

  constructor(delay: Duration) {
    this.delay = delay
  }

  get size(): number {
    return this.#size
  }

  add(owner: number, ticket: number, now: Instant): void {
    if (this.#size === this.#due.length) this.#resize(2 * this.#size)
    const at = (this.#head + this.#size++) & (this.#due.length - 1)
    this.#entries[at * ENTRY] = owner
    this.#entries[at * ENTRY + 1] = ticket
    this.#due[at] = now + this.delay
  }

  /** When the first is due, or NEVER. */
  next(): Instant {
    return this.#size === 0 ? NEVER : this.#due[this.#head]!
  }

  /** Takes the first, if it is due at `now`. */
  take(now: Instant): boolean {
    if (this.#size === 0 || this.#due[this.#head]! > now) return false
    this.owner = this.#entries[this.#head * ENTRY]!
    this.ticket = this.#entries[this.#head * ENTRY + 1]!
    this.#head = (this.#head + 1) & (this.#due.length - 1)
    if (--this.#size === 0 && this.#due.length > LEAST) this.#resize(LEAST)
    return true
  }

  #resize(length: number): void {
    const entries = new Int32Array(length * ENTRY)
    const due = new Float64Array(length)
    for (let i = 0; i < this.#size; i++) {
      const from = (this.#head + i) & (this.#due.length - 1)
      entries[i * ENTRY] = this.#entries[from * ENTRY]!
      entries[i * ENTRY + 1] = this.#entries[from * ENTRY + 1]!
      due[i] = this.#due[from]!
    }
    this.#entries = entries
    this.#due = due
    this.#head = 0
  }
}
