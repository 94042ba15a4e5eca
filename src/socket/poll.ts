import { Poll } from './constants.ts'
import type { Pollable, Watcher } from './pollable.ts'

/** Bits that are told without being asked for. */
export const ALWAYS = Poll.Err | Poll.Hup

/** One line of poll(2)'s list. */
export interface PollEntry {
  /** Undefined for a descriptor that is none: POLLNVAL. */
  source: Pollable | undefined
  events: number
  revents: number
}

/** Fills in `revents` as things are now; returns how many entries have any. */
export function poll(entries: readonly PollEntry[]): number {
  let count = 0
  for (const entry of entries) {
    entry.revents = reventsOf(entry.source, entry.events)
    if (entry.revents !== 0) count++
  }
  return count
}

/** What poll(2) tells of one source. */
export const reventsOf = (source: Pollable | undefined, events: number): number =>
  source === undefined ? Poll.Invalid : source.poll() & (events | ALWAYS)

/** Waits until one of several sources is ready, without asking again and again: a poll(2) that would block. */
export class PollWait implements Watcher {
  readonly #entries: readonly PollEntry[]
  readonly #onReady: (count: number) => void
  #isOver = false

  /** Calls `onReady` once, with the number of entries that then have `revents`; not from within this call, so look with `poll` before. */
  constructor(entries: readonly PollEntry[], onReady: (count: number) => void) {
    this.#entries = entries
    this.#onReady = onReady
    for (const { source } of entries) source?.watch(this)
  }

  woken(): void {
    if (this.#isOver) return
    const count = poll(this.#entries)
    if (count === 0) return
    this.cancel()
    this.#onReady(count)
  }

  /** A descriptor that is closed while it is waited for stays silent, as on Linux. */
  gone(): void {}

  /** Waits no more. */
  cancel(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const { source } of this.#entries) source?.unwatch(this)
  }
}
