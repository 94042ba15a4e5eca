// hot path: an application is made ready by every segment that brings it something.
import { Rounds } from '../base/rounds.ts'

/** Who can be made ready: run in the turn's application phase. */
export interface Runnable {
  /** The list's own mark: already waiting. */
  isQueued: boolean
  run(): void
}

/** Applications that something became ready for. Each is run once a turn, however often it is made ready. */
export class ReadyList {
  readonly #rounds = new Rounds<Runnable>()

  get isEmpty(): boolean {
    return this.#rounds.isEmpty
  }

  add(owner: Runnable): void {
    if (owner.isQueued) return
    owner.isQueued = true
    this.#rounds.add(owner)
  }

  /** Takes those that wait now; who becomes ready while they run waits for the next turn. */
  begin(): void {
    this.#rounds.begin()
  }

  /** Runs what `begin` took. When one throws, the call may be repeated for those behind it. True when all have run. */
  runAll(): boolean {
    for (let owner = this.#rounds.take(); owner !== undefined; owner = this.#rounds.take()) {
      owner.isQueued = false
      owner.run()
    }
    return true
  }
}
