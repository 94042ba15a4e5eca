// hot path: filled and emptied every turn, in memory that stays (an array that is emptied by its length gives its memory back).

/** A queue served in rounds: what is added while a round is served waits for the next one, so that no two can keep each other busy for ever. */
export class Rounds<T extends object> {
  #waiting: (T | undefined)[] = []
  #waits = 0
  #round: (T | undefined)[] = []
  #next = 0
  #end = 0

  /** Nothing waits, and the round has been served. */
  get isEmpty(): boolean {
    return this.#waits === 0 && this.#next === this.#end
  }

  /** How many of the round are still to be served. */
  get left(): number {
    return this.#end - this.#next
  }

  add(item: T): void {
    this.#waiting[this.#waits++] = item
  }

  /** Begins a round with what waits now. What is left of the round before comes after it. */
  begin(): void {
    while (this.#next < this.#end) this.add(this.take()!)
    const served = this.#round
    this.#round = this.#waiting
    this.#end = this.#waits
    this.#waiting = served
    this.#waits = 0
    this.#next = 0
  }

  /** The next one of the round, or undefined when all have been served. */
  take(): T | undefined {
    if (this.#next === this.#end) return undefined
    const item = this.#round[this.#next]
    this.#round[this.#next++] = undefined
    return item
  }
}
