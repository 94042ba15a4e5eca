import type { Random } from '../base/random.ts'
import { SipHash } from '../base/siphash.ts'
import { type Instant, MINUTE } from '../base/time.ts'
import { add, type Seq } from '../wire/seq.ts'
import type { Segment } from '../wire/tcp.ts'
import { MAX_WINDOW_SCALE, type Negotiated } from './options.ts'
import type { TcpSysctls } from './sysctls.ts'

/** Segment sizes that a cookie can tell (3 bits): Linux's four, and those of larger and of narrow paths. A peer's is rounded down. */
export const COOKIE_SIZES: readonly number[] = [48, 536, 1220, 1300, 1440, 1460, 4312, 8960]

/** Minutes in which a cookie is good, the one of its issue included. */
const LIFETIME = 2
/** For so long after its last cookie a listener takes them: as long as one is good. */
export const COOKIES_TAKEN_FOR = LIFETIME * MINUTE

/** Where the minute and the index of the size are added to a hash, so that a number that is nearly a cookie is none. */
const MINUTE_SHIFT = 24
const INDEX_SHIFT = 21
const BELOW_MINUTE = 0xffffff
const BELOW_INDEX = 0x1fffff

/** The low bits of a timestamp that carry options, as Linux has them: window shift (15: no scaling), SACK, ECN. */
const OPTION_BITS = 6
const SHIFT_BITS = 0xf
const NO_SCALING = 0xf
const HAS_SACK = 1 << 4
const HAS_ECN = 1 << 5

/**
 * Handshakes that are remembered by the peer (RFC 4987 §3.6): what a row of the SYN cache would hold lies in our initial sequence number and
 * timestamp, under a keyed hash. It costs no memory, and what the two numbers cannot carry: the exact MSS, retransmission of the SYN-ACK,
 * and without timestamps all options.
 */
export class SynCookies {
  readonly #outer: SipHash
  readonly #inner: SipHash

  constructor(random: Random) {
    this.#outer = new SipHash(random.bytes(16))
    this.#inner = new SipHash(random.bytes(16))
  }

  /**
   * The initial sequence number that answers the SYN: hash(pair) + its number + minute * 2^24 + (hash(pair, minute) + index * 2^21) mod 2^24.
   * `index`: of the segment size in COOKIE_SIZES.
   */
  issue(seg: Segment, index: number, now: Instant): Seq {
    const minute = minuteOf(now)
    const inner = (this.#hash(this.#inner, seg, minute) + (index << INDEX_SHIFT)) & BELOW_MINUTE
    return add(seg.seq, (this.#hash(this.#outer, seg, 0) + (minute << MINUTE_SHIFT) + inner) | 0)
  }

  /** The segment size in the cookie that `seg`, the ACK of a handshake, brings back; 0: it brings none of ours that is still good. */
  sizeIn(seg: Segment, now: Instant): number {
    const minute = minuteOf(now)
    const irs = add(seg.seq, -1)
    const inner = (add(seg.ack, -1) - irs - this.#hash(this.#outer, seg, 0)) | 0
    const age = (minute - (inner >>> MINUTE_SHIFT)) & 0xff
    if (age >= LIFETIME) return 0
    const index = (inner - this.#hash(this.#inner, seg, minute - age)) & BELOW_MINUTE
    return (index & BELOW_INDEX) === 0 ? COOKIE_SIZES[index >>> INDEX_SHIFT]! : 0
  }

  #hash(hash: SipHash, seg: Segment, minute: number): number {
    return hash.words(seg.source, seg.destination, (seg.sourcePort << 16) | seg.destinationPort, minute)
  }
}

/** Index of the largest size that is not above `mss`. */
export function cookieSize(mss: number): number {
  let index = COOKIE_SIZES.length - 1
  while (index > 0 && COOKIE_SIZES[index]! > mss) index--
  return index
}

/** The clock's last value with `options` in its low bits; never ahead of the clock, which later segments show as it is. */
export function cookieTimestamp(milliseconds: number, options: Negotiated): number {
  const shift = options.windowScaling ? options.sendShift : NO_SCALING
  const bits = shift | (options.sack ? HAS_SACK : 0) | (options.ecn ? HAS_ECN : 0)
  const low = milliseconds & ((1 << OPTION_BITS) - 1)
  return (milliseconds - low + bits - (bits > low ? 1 << OPTION_BITS : 0)) | 0
}

/**
 * What the echoed timestamp, its offset taken off, says of the SYN's options, into `options` (which hold what we offer). False when it says
 * what we do not offer.
 */
export function readCookieTimestamp(echo: number, options: Negotiated, sysctl: TcpSysctls): boolean {
  const shift = echo & SHIFT_BITS
  const hasSack = (echo & HAS_SACK) !== 0
  if (sysctl.tcp_timestamps === 0 || (hasSack && !options.sack)) return false
  options.sack = hasSack
  options.ecn = (echo & HAS_ECN) !== 0 && sysctl.tcp_ecn !== 0
  if (shift === NO_SCALING) {
    options.windowScaling = false
    options.receiveShift = 0
    return true
  }
  options.sendShift = Math.min(shift, MAX_WINDOW_SCALE)
  return options.windowScaling
}

const minuteOf = (now: Instant): number => Math.floor(now / MINUTE) | 0
