// hot path
import { after, afterOrAt, before, beforeOrAt, distance, earlier, later, type Seq } from '../wire/seq.ts'

/** Ranges that one connection may hold out of order; more is dropped and must be sent again. */
const MAX_RANGES = 128
/** Ranges of which we remember when they were reported: as many as a segment can report. */
const REMEMBERED = 4

/**
 * Which sequence ranges beyond RCV.NXT have arrived (RFC 9293 SHLD-31): sorted, disjoint, not adjacent, at most MAX_RANGES.
 * The bytes lie in the receive queue at their place.
 */
export class Reassembly {
  /** Pairs of edges, and behind them a number in each range that grew lately, the latest first; allocated with the first range. */
  #edges: Int32Array | undefined
  #count = 0
  #recent = 0
  /** What `overlaps` has found. */
  overlapLeft: Seq = 0 as Seq
  overlapRight: Seq = 0 as Seq

  get count(): number {
    return this.#count
  }

  /** Adds a range. False when there is no room for one more. */
  add(left: Seq, right: Seq): boolean {
    this.#edges ??= new Int32Array(2 * MAX_RANGES + REMEMBERED)
    const edges = this.#edges
    let first = this.#search(left)
    if (first > 0 && edges[2 * first - 1] === left) first-- // adjacent
    let end = first
    let mergedLeft = left
    let mergedRight = right
    while (end < this.#count && beforeOrAt(edges[2 * end] as Seq, right)) {
      mergedLeft = earlier(mergedLeft, edges[2 * end] as Seq)
      mergedRight = later(mergedRight, edges[2 * end + 1] as Seq)
      end++
    }
    if (end === first && this.#count === MAX_RANGES) return false
    const shift = 1 - (end - first)
    edges.copyWithin(2 * (end + shift), 2 * end, 2 * this.#count)
    this.#count += shift
    edges[2 * first] = mergedLeft
    edges[2 * first + 1] = mergedRight
    this.touch(mergedLeft)
    return true
  }

  /** RCV.NXT has come to `next`: returns the end of the range that it now touches, or `next`, and forgets what lies before. */
  advance(next: Seq): Seq {
    const edges = this.#edges
    if (edges === undefined || this.#count === 0) return next
    let reached = next
    let gone = 0
    while (gone < this.#count && beforeOrAt(edges[2 * gone] as Seq, reached)) {
      reached = later(reached, edges[2 * gone + 1] as Seq)
      gone++
    }
    if (gone === 0) return next
    edges.copyWithin(0, 2 * gone, 2 * this.#count)
    this.#count -= gone
    if (this.#count === 0) this.clear()
    return reached
  }

  /** True when all of [left, right) is held. */
  covers(left: Seq, right: Seq): boolean {
    const range = this.#rangeAt(left)
    return range !== -1 && afterOrAt(this.#edges![2 * range + 1] as Seq, right)
  }

  /** True when something of [left, right) is held: the first such piece is `overlapLeft` to `overlapRight`. */
  overlaps(left: Seq, right: Seq): boolean {
    if (this.#count === 0) return false
    const range = this.#search(left)
    if (range === this.#count || !before(this.#edges![2 * range] as Seq, right)) return false
    this.overlapLeft = later(left, this.#edges![2 * range] as Seq)
    this.overlapRight = earlier(right, this.#edges![2 * range + 1] as Seq)
    return true
  }

  /** The range that holds `seq` is the one to report first. */
  touch(seq: Seq): void {
    const range = this.#rangeAt(seq)
    if (range === -1) return
    const edges = this.#edges!
    let at = 0
    while (at < this.#recent && this.#rangeAt(this.#recentAt(at)) !== range) at++
    if (at === this.#recent && this.#recent < REMEMBERED) this.#recent++
    const latest = 2 * MAX_RANGES
    edges.copyWithin(latest + 1, latest, latest + Math.min(at, REMEMBERED - 1))
    edges[latest] = seq
  }

  /**
   * Writes SACK blocks to `out` from pair `from` to pair `most`: the range that arrived last, then those that were first before it
   * (RFC 2018 §4), then others.
   */
  sackBlocks(out: Int32Array, from: number, most: number): void {
    let count = from
    for (let i = 0; i < this.#recent && count < most; i++)
      count = this.#put(out, from, count, this.#rangeAt(this.#recentAt(i)))
    for (let range = 0; range < this.#count && count < most; range++)
      count = this.#put(out, from, count, range)
  }

  clear(): void {
    this.#edges = undefined
    this.#count = 0
    this.#recent = 0
  }

  /** Bytes held, out of order. */
  get bytes(): number {
    let total = 0
    for (let i = 0; i < this.#count; i++) {
      total += distance(this.#edges![2 * i] as Seq, this.#edges![2 * i + 1] as Seq)
    }
    return total
  }

  /** Adds the range to `out`, if there is one that is not there yet. */
  #put(out: Int32Array, from: number, count: number, range: number): number {
    if (range === -1) return count
    const left = this.#edges![2 * range]!
    for (let i = from; i < count; i++) if (out[2 * i] === left) return count
    out[2 * count] = left
    out[2 * count + 1] = this.#edges![2 * range + 1]!
    return count + 1
  }

  #recentAt(at: number): Seq {
    return this.#edges![2 * MAX_RANGES + at] as Seq
  }

  #rangeAt(seq: Seq): number {
    const range = this.#search(seq)
    return range < this.#count && !after(this.#edges![2 * range] as Seq, seq) ? range : -1
  }

  /** The first range that ends behind `seq`, or `count`. */
  #search(seq: Seq): number {
    const edges = this.#edges
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >> 1
      if (after(edges![2 * middle + 1] as Seq, seq)) high = middle
      else low = middle + 1
    }
    return low
  }
}
