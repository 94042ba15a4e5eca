/** Cuts a byte stream into lines of bounded length. */
export class LineReader {
  /** A line grew past the limit; nothing is read after that. */
  overflowed = false
  readonly #limit: number
  #pieces: Buffer[] = []
  #length = 0

  /** `limit`: bytes of a line, its end included. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** The lines that `chunk` completes, as UTF-8 without their ends. */
  push(chunk: Buffer): string[] {
    const lines: string[] = []
    let from = 0
    while (!this.overflowed && from < chunk.length) {
      const end = chunk.indexOf(0x0a, from)
      const piece = chunk.subarray(from, end === -1 ? chunk.length : end)
      this.#keep(piece, end === -1 ? 0 : 1)
      if (end === -1) break
      if (!this.overflowed) lines.push(this.#take())
      from = end + 1
    }
    return lines
  }

  #keep(piece: Buffer, lineEnd: number): void {
    this.#length += piece.length + lineEnd
    this.overflowed = this.#length > this.#limit
    if (this.overflowed) this.#pieces = []
    else this.#pieces.push(piece)
  }

  #take(): string {
    const line = Buffer.concat(this.#pieces).toString('utf8')
    this.#pieces = []
    this.#length = 0
    return line
  }
}
