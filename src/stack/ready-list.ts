/** Who can be made ready: run in the turn's application phase. */
export interface Runnable {
  /** The list's own mark: already waiting. */
  isQueued: boolean
  run(): void
}

/** Applications that something became ready for. Each is run once a turn, however often it is made ready. */
export class ReadyList {
  #waiting: Runnable[] = []
  #running: Runnable[] = []
  #next = 0

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#next === this.#running.length
  }

  add(owner: Runnable): void {
    if (owner.isQueued) return
    owner.isQueued = true
    this.#waiting.push(owner)
  }

  /** Takes those that wait now; who becomes ready while they run waits for the next turn, so that no two can keep each other busy for ever. */
  begin(): void {
    const done = this.#running
    done.length = 0
    this.#running = this.#waiting
    this.#waiting = done
    this.#next = 0
  }

  /** Runs what `begin` took. When one throws, the call may be repeated for those behind it. True when all have run. */
  runAll(): boolean {
    while (this.#next < this.#running.length) {
      const owner = this.#running[this.#next++]!
      owner.isQueued = false
      owner.run()
    }
    return true
  }
}
