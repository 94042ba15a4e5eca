// hot path
import { before, earlier, type Seq } from '../wire/seq.ts'
import type { Connection } from './connection.ts'

/** Duplicates of one turn that are reported each by itself; what comes on top is acknowledged without a word about it. */
const CAPACITY = 16

/** Ranges that arrived again and of which the peer is to be told, one with each acknowledgement (RFC 2883 §4). */
export class DuplicateReports {
  /** A ring of edges; nothing is allocated before the first duplicate. */
  #edges: Int32Array | undefined
  #head = 0
  count = 0

  add(left: Seq, right: Seq): void {
    if (this.count === CAPACITY) return
    this.#edges ??= new Int32Array(2 * CAPACITY)
    const at = 2 * ((this.#head + this.count++) % CAPACITY)
    this.#edges[at] = left
    this.#edges[at + 1] = right
  }

  /** Moves the oldest report to the beginning of `out`. False when there is none. */
  take(out: Int32Array): boolean {
    if (this.count === 0) return false
    const at = 2 * this.#head
    out[0] = this.#edges![at]!
    out[1] = this.#edges![at + 1]!
    this.#head = (this.#head + 1) % CAPACITY
    if (--this.count === 0) this.clear()
    return true
  }

  clear(): void {
    this.#edges = undefined
    this.#head = 0
    this.count = 0
  }
}

/** [left, right) arrived again. Where the peer understands SACK, the next acknowledgement says so (`tcp_dsack`). */
export function reportDuplicate(c: Connection, left: Seq, right: Seq): void {
  const { sysctl, counters } = c.tcp.host
  if (!c.options.sack || sysctl.tcp_dsack === 0) return
  if (before(left, c.receive.nxt)) counters.TCPDSACKOldSent++
  else counters.TCPDSACKOfoSent++
  c.duplicates.add(left, right)
}

/** A segment [left, right) arrived of which the part before RCV.NXT was there. */
export function reportOld(c: Connection, left: Seq, right: Seq): void {
  if (before(left, c.receive.nxt)) reportDuplicate(c, left, earlier(right, c.receive.nxt))
}
