// hot path
/**
 * The largest of the values of a window that moves with `time`: the best three of it, each later than the one before (Kathleen Nichols'
 * filter, as Linux's lib/win_minmax.c). Nothing is kept but these three.
 */
export class WindowedMax {
  readonly #values = new Float64Array(3)
  readonly #times = new Float64Array(3)

  /** The largest value of the window. */
  get value(): number {
    return this.#values[0]!
  }

  clear(): void {
    this.#reset(0, 0)
  }

  /** Takes in a value; what is older than `length` falls out. */
  add(value: number, time: number, length: number): void {
    const values = this.#values
    const times = this.#times
    if (value >= values[0]! || time - times[2]! > length) {
      this.#reset(value, time)
      return
    }
    if (value >= values[1]!) {
      this.#put(1, value, time)
      this.#put(2, value, time)
    } else if (value >= values[2]!) this.#put(2, value, time)
    this.#age(value, time, length)
  }

  #age(value: number, time: number, length: number): void {
    const values = this.#values
    const times = this.#times
    const age = time - times[0]!
    if (age > length) {
      this.#put(0, values[1]!, times[1]!)
      this.#put(1, values[2]!, times[2]!)
      this.#put(2, value, time)
      if (time - times[0]! > length) {
        this.#put(0, values[1]!, times[1]!)
        this.#put(1, values[2]!, times[2]!)
      }
    } else if (times[1] === times[0] && age > length / 4) {
      this.#put(1, value, time)
      this.#put(2, value, time)
    } else if (times[2] === times[1] && age > length / 2) this.#put(2, value, time)
  }

  #put(at: number, value: number, time: number): void {
    this.#values[at] = value
    this.#times[at] = time
  }

  #reset(value: number, time: number): void {
    for (let at = 0; at < 3; at++) this.#put(at, value, time)
  }
}
