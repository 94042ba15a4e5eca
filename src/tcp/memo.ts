import type { Instant } from '../base/time.ts'
import { type Seq, toSeq } from '../wire/seq.ts'

/** Room for all numbers of a connection, ten bytes each at the most. */
const ROOM = 4096

/** Seven bits of a number, and whether more of them follow. */
const BITS = 128
const MORE = 0x80

/** Numbers from here on are kept as they are: twice as much is exact no more. */
const MOST_WHOLE = 2 ** 52

/** Numbers that are not whole begin with an overlong zero, one or two, which no whole number does. */
const Escape = { Double: 0, Infinity: 1, MinusInfinity: 2 } as const

const bytes = new Uint8Array(ROOM)
const view = new DataView(bytes.buffer)

/**
 * What a connection is remembered by while it rests: its numbers one after the other, small ones in a byte. A part of the connection
 * lists what it knows once, `this.wnd = memo.number(this.wnd)`: while the memo is written that keeps the number, and gives it back
 * while it is read.
 *
 * It ends up in a string: of all things that hold bytes a JavaScript engine keeps these with the least besides.
 */
export class Memo {
  #text: string | undefined
  #at = 0
  /** The last sequence number and moment: what follows is told by how far it lies from these. */
  #seq: Seq = toSeq(0)
  #instant: Instant = 0

  /** Begins to write. */
  write(): void {
    this.#begin(undefined)
  }

  /** Begins to read what `text` gave. */
  read(text: string): void {
    this.#begin(text)
  }

  /** All that was written. */
  get text(): string {
    return String.fromCharCode.apply(null, bytes.subarray(0, this.#at) as unknown as number[])
  }

  number<N extends number>(value: N): N {
    if (this.#text !== undefined) return this.#take() as N
    if (Number.isInteger(value) && Math.abs(value) < MOST_WHOLE)
      this.#put(value < 0 ? -2 * value - 1 : 2 * value)
    else this.#putDouble(value)
    return value
  }

  flag(value: boolean): boolean {
    return this.number(value ? 1 : 0) === 1
  }

  seq(value: Seq): Seq {
    const distance = this.number((value - this.#seq) | 0)
    this.#seq = toSeq(this.#seq + distance)
    return this.#seq
  }

  /** To the microsecond. */
  instant(value: Instant): Instant {
    if (!Number.isFinite(value) && this.#text === undefined) return this.number(value)
    const distance = this.number(Math.round(value) - this.#instant)
    if (!Number.isFinite(distance)) return distance
    this.#instant += distance
    return this.#instant
  }

  #begin(text: string | undefined): void {
    this.#text = text
    this.#at = 0
    this.#seq = toSeq(0)
    this.#instant = 0
  }

  /** Writes a whole number that is not negative. */
  #put(value: number): void {
    let left = value
    while (left >= BITS) {
      bytes[this.#at++] = (left % BITS) | MORE
      left = Math.floor(left / BITS)
    }
    bytes[this.#at++] = left
  }

  #putDouble(value: number): void {
    if (value === Number.POSITIVE_INFINITY) this.#putEscape(Escape.Infinity)
    else if (value === Number.NEGATIVE_INFINITY) this.#putEscape(Escape.MinusInfinity)
    else {
      this.#putEscape(Escape.Double)
      view.setFloat64(this.#at, value)
      this.#at += 8
    }
  }

  #putEscape(kind: number): void {
    bytes[this.#at++] = kind | MORE
    bytes[this.#at++] = 0
  }

  #take(): number {
    const first = this.#next()
    if (first < MORE) return signed(first)
    let value = first - MORE
    let unit = BITS
    for (let byte = this.#next(); ; byte = this.#next()) {
      if (byte === 0) return this.#escaped(value)
      value += (byte % BITS) * unit
      if (byte < MORE) return signed(value)
      unit *= BITS
    }
  }

  #escaped(kind: number): number {
    if (kind === Escape.Infinity) return Number.POSITIVE_INFINITY
    if (kind === Escape.MinusInfinity) return Number.NEGATIVE_INFINITY
    for (let i = 0; i < 8; i++) bytes[i] = this.#next()
    return view.getFloat64(0)
  }

  #next(): number {
    return this.#text!.charCodeAt(this.#at++)
  }
}

/** What comes of a division is a double to V8, though it may be whole; a field that held small integers would become another. */
function signed(value: number): number {
  const half = value % 2 === 0 ? value / 2 : -(value + 1) / 2
  return (half | 0) === half ? half | 0 : half
}
