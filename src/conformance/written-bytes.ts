interface Piece {
  /** In the stream, from 0. */
  readonly from: number
  readonly text: string
}

/** What the calls of a script wrote to a stream: zeros, but for what strings say. */
export class WrittenBytes {
  readonly #pieces: Piece[] = []
  #length = 0

  /** `count` bytes were taken, which begin with those of `text` (one character a byte). */
  add(count: number, text: string): void {
    if (text !== '' && count > 0) this.#pieces.push({ from: this.#length, text: text.slice(0, count) })
    this.#length += count
  }

  /** Where in `bytes` from `at` the stream from `position` on differs first; -1: nowhere. */
  difference(position: number, bytes: Uint8Array, at: number): number {
    for (let i = at; i < bytes.length; i++) if (bytes[i] !== this.#byteAt(position + i - at)) return i - at
    return -1
  }

  #byteAt(position: number): number {
    if (this.#pieces.length === 0) return 0
    const piece = this.#pieces.findLast(({ from }) => from <= position)
    const code = piece?.text.charCodeAt(position - piece.from) ?? 0
    return Number.isNaN(code) ? 0 : code
  }
}
