import { put8, u8 } from '../wire/bytes.ts'
import type { Segment } from '../wire/tcp.ts'
import { LONGEST_COOKIE, putFastOpenHeader, putNop } from '../wire/tcp-options.ts'

/** A Fast Open option (RFC 7413 §2) as it is to be sent. */
export class FastOpenCookie {
  readonly bytes = new Uint8Array(LONGEST_COOKIE)
  /** Bytes of the cookie; 0: one is asked for; -1: no option. */
  length = -1
  /** As the experimental option that the peer uses. */
  isExperimental = false

  /** Becomes what the segment carries. */
  take(seg: Segment): void {
    this.length = seg.fastOpenLength
    this.isExperimental = seg.isFastOpenExperimental
    for (let i = 0; i < this.length; i++) this.bytes[i] = u8(seg.memory, seg.fastOpenAt + i)
  }

  copyFrom(other: FastOpenCookie): void {
    this.length = other.length
    this.isExperimental = other.isExperimental
    this.bytes.set(other.bytes)
  }

  /** True when the segment carries this cookie. */
  isIn(seg: Segment): boolean {
    if (seg.fastOpenLength !== this.length) return false
    let difference = 0 // in constant time: how much of a guess was right is nobody's business
    for (let i = 0; i < this.length; i++) difference |= u8(seg.memory, seg.fastOpenAt + i) ^ this.bytes[i]!
    return difference === 0
  }

  /** Bytes of the option, padded to whole words. */
  get optionLength(): number {
    return this.length < 0 ? 0 : ((this.isExperimental ? 4 : 2) + this.length + 3) & ~3
  }

  /** Writes the option, and NOPs behind it up to the word's end. Returns the offset behind. */
  write(bytes: Uint8Array, start: number): number {
    const end = start + this.optionLength
    let at = start
    if (this.length >= 0) at = putFastOpenHeader(bytes, at, this.length, this.isExperimental)
    for (let i = 0; i < this.length; i++, at++) put8(bytes, at, this.bytes[i]!)
    while (at < end) at = putNop(bytes, at)
    return at
  }
}
