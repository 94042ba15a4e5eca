/** For so many seconds a Fast Open that ended in a reset counts as if it were still going on: forged SYNs are answered so. */
const PENALTY = 60

/** How many connections of a listener may have begun with a SYN's data whose sender has not yet shown to be there (RFC 7413 §5.1). */
export class FastOpenQueue {
  /** TCP_FASTOPEN: the most of them; 0: none, whatever their cookies. */
  limit = 0
  #pending = 0
  /** When each penalty is over, seconds, oldest first: at most `limit` of them. */
  readonly #penalties: number[] = []

  get length(): number {
    return this.#pending + this.#penalties.length
  }

  /** There is room for one more. */
  admits(seconds: number): boolean {
    while (this.#penalties.length > 0 && this.#penalties[0]! <= seconds) this.#penalties.shift()
    return this.length < this.limit
  }

  joined(): void {
    this.#pending++
  }

  /** The handshake is over, or the connection. */
  left(wasReset: boolean, seconds: number): void {
    this.#pending--
    if (wasReset) this.#penalties.push(seconds + PENALTY)
  }
}
