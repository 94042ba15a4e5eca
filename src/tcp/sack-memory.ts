// hot path
import { after, afterOrAt, type Seq } from '../wire/seq.ts'

/** Blocks of one acknowledgement, at most. */
const CAPACITY = 4

/**
 * The SACK blocks of the acknowledgement before: what lies in them is SACKed, and need not be looked at when the next one repeats them, as
 * each does (RFC 2018 §4). Without this the work for an acknowledgement grows with the window (CVE-2019-11477's kin).
 */
export class SackMemory {
  /** Pairs of edges; nothing is allocated before the first block. */
  #edges: Int32Array | undefined
  #count = 0
  /** Those of the acknowledgement in hand, behind the others. */
  #coming = 0

  /** The end of the block that holds `seq`, or `seq`. */
  endFrom(seq: Seq): Seq {
    const edges = this.#edges
    for (let i = 0; i < this.#count; i++) {
      const right = edges![2 * i + 1] as Seq
      if (after(right, seq) && afterOrAt(seq, edges![2 * i] as Seq)) return right
    }
    return seq
  }

  /** A block has been taken in. */
  note(left: Seq, right: Seq): void {
    this.#edges ??= new Int32Array(4 * CAPACITY)
    const at = 2 * (CAPACITY + this.#coming++)
    this.#edges[at] = left
    this.#edges[at + 1] = right
  }

  /** The acknowledgement is over: its blocks take the place of those before. */
  turn(): void {
    this.#edges?.copyWithin(0, 2 * CAPACITY, 2 * (CAPACITY + this.#coming))
    this.#count = this.#coming
    this.#coming = 0
  }

  clear(): void {
    this.#count = 0
  }
}
