// hot path
import { Flag, type Segment } from '../wire/tcp.ts'
import type { Phase } from './congestion.ts'
import type { Connection } from './connection.ts'
import type { Memo } from './memo.ts'

/** The two bits of IP's type of service: not ECN-capable, capable (the one that we send), congestion experienced. */
const ECN_MASK = 3
const NOT_CAPABLE = 0
export const CAPABLE = 2
const CONGESTED = 3

const BOTH = Flag.Ece | Flag.Cwr
/** Acknowledgements at once while the sender may have a window of a segment or two. */
const QUICK_ACKS = 2

/** A SYN asks for ECN with both flags, in a packet that is not marked itself: one that is comes from a middlebox that sets bits blindly. */
export const asksForEcn = (seg: Segment): boolean =>
  (seg.flags & BOTH) === BOTH && (seg.tos & ECN_MASK) === NOT_CAPABLE

/** Explicit congestion notification (RFC 3168, SHLD-8) between two ends that have agreed on it (`Negotiated.ecn`). */
export class Ecn {
  /** A packet arrived marked, and the sender has not said that it knows: every segment says so. */
  owesEcho = false
  /** The window was reduced: the next new data says so. */
  owesCwr = false
  /** A SYN, or SYN-ACK, of ours has gone out without: nothing that we send may be marked (RFC 3168 §6.1.1). */
  isPlain = false
  /** The peer has sent packets that can be marked. */
  hasSeen = false

  /** Data arrived within the window. */
  arrived(c: Connection, seg: Segment): void {
    if (!c.options.ecn) return
    if (seg.has(Flag.Cwr)) {
      this.owesEcho = false
      c.acks.oweNow() // its window may be one segment
    }
    const bits = seg.tos & ECN_MASK
    if (bits === NOT_CAPABLE) {
      if (this.hasSeen) c.ackDelay.quicken(c, QUICK_ACKS) // probably sent again
      return
    }
    this.hasSeen = true
    if (bits !== CONGESTED || this.owesEcho) return
    this.owesEcho = true
    c.ackDelay.quicken(c, QUICK_ACKS)
  }

  /** The acknowledgement says that something of ours was marked. */
  isEcho(c: Connection, seg: Segment): boolean {
    return c.options.ecn && seg.has(Flag.Ece) && !seg.has(Flag.Syn)
  }

  /** The window came down, for whatever reason (RFC 3168 §6.1.2). */
  reduced(c: Connection): void {
    this.owesCwr = c.options.ecn
  }

  /** Recovery has entered a phase: all but two begin with a reduction. */
  entered(c: Connection, phase: Phase): void {
    if (phase !== 'open' && phase !== 'disorder') this.reduced(c)
  }

  /** The reduction was taken back, or was none. */
  withdraw(): void {
    this.owesCwr = false
  }

  /** Flags of the segment to be sent. `isNew`: it carries data for the first time. */
  flagsOf(isNew: boolean): number {
    const echo = this.owesEcho ? Flag.Ece : 0
    return isNew && this.owesCwr ? echo | Flag.Cwr : echo
  }

  /** Data went out for the first time. */
  sentNew(): void {
    this.owesCwr = false
  }

  /** See `rest.ts`. */
  carry(memo: Memo): void {
    this.owesEcho = memo.flag(this.owesEcho)
    this.owesCwr = memo.flag(this.owesCwr)
    this.isPlain = memo.flag(this.isPlain)
    this.hasSeen = memo.flag(this.hasSeen)
  }
}
