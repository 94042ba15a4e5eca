// hot path: moving a deadline later is one store; only an earlier one, or a first one, touches the heap.
import { type Instant, NEVER } from './time.ts'

const ABSENT = -1

/**
 * One queue of deadlines for many owners, each known by a small integer (a row number) with at most one deadline.
 *
 * A binary heap over typed arrays with lazy keys: the heap's key may be earlier than the owner's true deadline,
 * never later. A key that comes due too early is corrected when it reaches the root, so that the usual case
 * (a timer pushed back by every acknowledgement) costs a store.
 */
export class Deadlines {
  #due: Float64Array
  #place: Int32Array
  #heap: Int32Array
  #key: Float64Array
  #size = 0
  /**
   * What `next` returned last, since a number that is read from an array and returned is a new object each time. `undefined` at first makes
   * it a field for objects, into which V8 does not copy the number itself.
   */
  #next: Instant | undefined = undefined

  constructor(owners = 16) {
    this.#due = new Float64Array(owners).fill(NEVER)
    this.#place = new Int32Array(owners).fill(ABSENT)
    this.#heap = new Int32Array(owners)
    this.#key = new Float64Array(owners)
    this.#next = NEVER
  }

  /** Makes room for owners 0 … `owners - 1`. */
  grow(owners: number): void {
    const due = new Float64Array(owners).fill(NEVER)
    const place = new Int32Array(owners).fill(ABSENT)
    const heap = new Int32Array(owners)
    const key = new Float64Array(owners)
    due.set(this.#due)
    place.set(this.#place)
    heap.set(this.#heap)
    key.set(this.#key)
    this.#due = due
    this.#place = place
    this.#heap = heap
    this.#key = key
  }

  /** Sets `owner`'s deadline to `now + delay`. */
  set(owner: number, now: Instant, delay: number): void {
    const at = now + delay
    this.#due[owner] = at
    const place = this.#place[owner]!
    if (place === ABSENT) {
      this.#heap[this.#size] = owner
      this.#key[this.#size] = at
      this.#rise(this.#size++)
    } else if (at < this.#key[place]!) {
      this.#key[place] = at
      this.#rise(place)
    }
  }

  /** Forgets `owner`'s deadline; its place in the heap is taken back when it reaches the root. */
  clear(owner: number): void {
    this.#due[owner] = NEVER
  }

  /** `owner`'s deadline, or NEVER. */
  of(owner: number): Instant {
    return this.#due[owner]!
  }

  /** The earliest deadline of all, or NEVER. */
  next(): Instant {
    this.#settle()
    if (this.#size === 0) return NEVER
    const next = this.#key[0]!
    if (next !== this.#next) this.#next = next
    return this.#next!
  }

  /** Removes and returns an owner whose deadline is at or before `now`, or -1. */
  take(now: Instant): number {
    this.#settle()
    if (this.#size === 0 || this.#key[0]! > now) return -1
    const owner = this.#heap[0]!
    this.#due[owner] = NEVER
    this.#removeRoot()
    return owner
  }

  /** Corrects the root until its key is the true deadline of its owner. */
  #settle(): void {
    while (this.#size > 0) {
      const due = this.#due[this.#heap[0]!]!
      // Not `===`: a due time that is no number would never equal itself.
      if (!(due > this.#key[0]!)) return
      if (due === NEVER) this.#removeRoot()
      else {
        this.#key[0] = due
        this.#sink(0)
      }
    }
  }

  #removeRoot(): void {
    this.#place[this.#heap[0]!] = ABSENT
    const last = --this.#size
    if (last === 0) return
    this.#heap[0] = this.#heap[last]!
    this.#key[0] = this.#key[last]!
    this.#sink(0)
  }

  #rise(start: number): void {
    const heap = this.#heap
    const key = this.#key
    const owner = heap[start]!
    const at = key[start]!
    let i = start
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (key[parent]! <= at) break
      this.#move(parent, i)
      i = parent
    }
    heap[i] = owner
    key[i] = at
    this.#place[owner] = i
  }

  #sink(start: number): void {
    const heap = this.#heap
    const key = this.#key
    const owner = heap[start]!
    const at = key[start]!
    let i = start
    for (;;) {
      let child = 2 * i + 1
      if (child >= this.#size) break
      if (child + 1 < this.#size && key[child + 1]! < key[child]!) child++
      if (key[child]! >= at) break
      this.#move(child, i)
      i = child
    }
    heap[i] = owner
    key[i] = at
    this.#place[owner] = i
  }

  #move(from: number, to: number): void {
    const owner = this.#heap[from]!
    this.#heap[to] = owner
    this.#key[to] = this.#key[from]!
    this.#place[owner] = to
  }
}
