/** Timestamps (RFC 7323) of the stack as a script calls them: it cannot know their clock's offset. */
export class TimestampMap {
  /** What the stack sent, by what the script called it. */
  readonly #sent = new Map<number, number>()
  #offset: number | undefined

  /** The stack sent `wire` (int32) where the script writes `value`. */
  learn(value: number, wire: number): void {
    this.#offset ??= (wire - value) | 0
    this.#sent.set(value, wire)
  }

  /** The stack's value as the script counts it, unsigned; the number itself while none is known. */
  toScript(wire: number): number {
    return (wire - (this.#offset ?? 0)) >>> 0
  }

  /**
   * What the stack sent where the script wrote `value`, int32; undefined when it never did. `scaled`: values between those known are
   * allowed, as the clock would have had them.
   */
  toWire(value: number, scaled: boolean): number | undefined {
    const known = this.#sent.get(value)
    if (known !== undefined || value === 0) return known ?? 0
    return scaled && this.#offset !== undefined ? (value + this.#offset) | 0 : undefined
  }
}
