/** What poll and epoll can look at: a socket, or an epoll. */
export interface Pollable {
  /** Bits of Poll that hold now. */
  poll(): number
  /** Tells `watcher` from now on when readiness may have changed. */
  watch(watcher: Watcher): void
  unwatch(watcher: Watcher): void
}

export interface Watcher {
  /** Something has happened that concerns these bits of Poll, whether they were set before or not: an edge. In the application phase. */
  woken(source: Pollable, events: number): void
  /** It has been closed, and says nothing more. */
  gone(source: Pollable): void
}

/** All bits: an edge of unknown kind. */
export const ANY_EVENT = -1

/** Who watches one source. */
export class Watchers {
  #watchers: readonly Watcher[] = []

  get isEmpty(): boolean {
    return this.#watchers.length === 0
  }

  add(watcher: Watcher): void {
    this.#watchers = [...this.#watchers, watcher]
  }

  remove(watcher: Watcher): void {
    this.#watchers = this.#watchers.filter((other) => other !== watcher)
  }

  /** Those who come or go meanwhile do not disturb: the list is replaced, never changed. */
  wake(source: Pollable, events: number): void {
    for (const watcher of this.#watchers) watcher.woken(source, events)
  }

  close(source: Pollable): void {
    const watchers = this.#watchers
    this.#watchers = []
    for (const watcher of watchers) watcher.gone(source)
  }
}
