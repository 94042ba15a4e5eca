// hot path
import { after, afterOrAt, before, beforeOrAt, distance, earlier, later, type Seq } from '../wire/seq.ts'

/** Ranges that one connection may hold out of order; more is dropped and must be sent again. */
const MAX_RANGES = 128

/**
 * Which sequence ranges beyond RCV.NXT have arrived (RFC 9293 SHLD-31): sorted, disjoint, not adjacent, at most MAX_RANGES.
 * The bytes lie in the receive queue at their place.
 */
export class Reassembly {
  /** Pairs of edges; nothing is allocated before the first segment out of order. */
  #edges: Int32Array | undefined
  #count = 0
  /** Left edge of the range that arrived last: the first SACK block (RFC 2018 §4). */
  #latest: Seq = 0 as Seq

  get count(): number {
    return this.#count
  }

  /** Adds a range. False when there is no room for one more. */
  add(left: Seq, right: Seq): boolean {
    this.#edges ??= new Int32Array(2 * MAX_RANGES)
    const edges = this.#edges
    let first = 0
    while (first < this.#count && before(edges[2 * first + 1] as Seq, left)) first++
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
    this.#latest = mergedLeft
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
    if (this.#count === 0) this.#edges = undefined
    return reached
  }

  /** True when all of [left, right) is held. */
  covers(left: Seq, right: Seq): boolean {
    for (let i = 0; i < this.#count; i++) {
      if (beforeOrAt(this.#edges![2 * i] as Seq, left) && afterOrAt(this.#edges![2 * i + 1] as Seq, right))
        return true
    }
    return false
  }

  /** Writes up to `most` SACK blocks to `out`, the latest first (RFC 2018 §4), and returns how many. */
  sackBlocks(out: Int32Array, most: number): number {
    const edges = this.#edges
    if (edges === undefined || this.#count === 0) return 0
    let count = 0
    const latest = this.#rangeAt(this.#latest)
    if (latest !== -1 && most > 0) {
      out[0] = edges[2 * latest]!
      out[1] = edges[2 * latest + 1]!
      count = 1
    }
    for (let i = 0; i < this.#count && count < most; i++) {
      if (i === latest) continue
      out[2 * count] = edges[2 * i]!
      out[2 * count + 1] = edges[2 * i + 1]!
      count++
    }
    return count
  }

  clear(): void {
    this.#edges = undefined
    this.#count = 0
  }

  /** Bytes held, out of order. */
  get bytes(): number {
    let total = 0
    for (let i = 0; i < this.#count; i++) {
      total += distance(this.#edges![2 * i] as Seq, this.#edges![2 * i + 1] as Seq)
    }
    return total
  }

  #rangeAt(seq: Seq): number {
    for (let i = 0; i < this.#count; i++) {
      if (!after(this.#edges![2 * i] as Seq, seq) && before(seq, this.#edges![2 * i + 1] as Seq)) return i
    }
    return -1
  }
}
