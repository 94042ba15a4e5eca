// hot path: `optionsLength` and `writeOptions` run for every segment sent.

import { put32 } from '../wire/bytes.ts'
import { Flag, type Segment } from '../wire/tcp.ts'
import {
  putAlignedTimestamps,
  putMss,
  putNop,
  putSackHeader,
  putSackPermitted,
  putTimestamps,
  putWindowScale,
} from '../wire/tcp-options.ts'
import { asksForEcn } from './ecn.ts'
import { MAX_WINDOW } from './settings.ts'
import type { TcpSysctls } from './sysctls.ts'

/** MSS to assume when the peer names none (RFC 9293 MUST-15). */
export const DEFAULT_MSS = 536
/** Smallest MSS that we believe in (`tcp_min_snd_mss`, against CVE-2019-11479). */
export const MIN_MSS = 48
/** RFC 7323 §2.3. */
export const MAX_WINDOW_SCALE = 14

/** What the two SYNs agreed on. Before the handshake: what we offer. */
export class Negotiated {
  windowScaling = false
  timestamps = false
  sack = false
  /** Explicit congestion notification (RFC 3168). */
  ecn = false
  /** Shift of the windows that we receive (RFC 7323's Snd.Wind.Shift) and send (Rcv.Wind.Shift). */
  sendShift = 0
  receiveShift = 0
  /** The largest segment that the peer takes, without options. */
  sendMss = DEFAULT_MSS

  constructor(sysctl: TcpSysctls, windowLimit = MAX_WINDOW) {
    this.offer(sysctl, windowLimit)
  }

  /** Starts anew with what the sysctls let us offer, and windows of up to `windowLimit` bytes. */
  offer(sysctl: TcpSysctls, windowLimit: number): void {
    this.sendShift = 0
    this.sendMss = DEFAULT_MSS
    this.windowScaling = sysctl.tcp_window_scaling !== 0
    this.timestamps = sysctl.tcp_timestamps !== 0
    this.sack = sysctl.tcp_sack !== 0
    this.ecn = sysctl.tcp_ecn === 1
    this.receiveShift = this.windowScaling ? windowScaleFor(Math.min(sysctl.tcp_rmem[2]!, windowLimit)) : 0
  }

  /** The peer's SYN arrived: keep what both want. */
  agree(seg: Segment): void {
    this.sendMss = Math.max(MIN_MSS, seg.mss === 0 ? DEFAULT_MSS : seg.mss)
    this.timestamps &&= seg.hasTimestamps
    this.sack &&= seg.sackPermitted
    this.ecn &&= seg.has(Flag.Ack) ? seg.has(Flag.Ece) && !seg.has(Flag.Cwr) : asksForEcn(seg)
    this.windowScaling &&= seg.windowScale >= 0
    if (this.windowScaling) this.sendShift = Math.min(seg.windowScale, MAX_WINDOW_SCALE)
    else this.receiveShift = 0
  }
}

/** The shift that lets the window field express a buffer of `space` bytes; Linux's choice for the same maximum. */
export function windowScaleFor(space: number): number {
  let shift = 0
  while (space >> shift > 0xffff && shift < MAX_WINDOW_SCALE) shift++
  return shift
}

/** Bytes of the options of a SYN or SYN-ACK. */
export function synOptionsLength(options: Negotiated): number {
  return 4 + (options.timestamps ? 12 : options.sack ? 4 : 0) + (options.windowScaling ? 4 : 0)
}

/** Writes a SYN's options in Linux's order: MSS, SACK-permitted, timestamps, NOP, window scale. Returns the offset behind. */
export function writeSynOptions(
  options: Negotiated,
  bytes: Uint8Array,
  start: number,
  mss: number,
  tsVal: number,
  tsEcr: number,
): number {
  let at = putMss(bytes, start, mss)
  if (options.timestamps) {
    at = options.sack ? putSackPermitted(bytes, at) : putNop(bytes, putNop(bytes, at))
    at = putTimestamps(bytes, at, tsVal, tsEcr)
  } else if (options.sack) {
    at = putSackPermitted(bytes, putNop(bytes, putNop(bytes, at)))
  }
  if (options.windowScaling) at = putWindowScale(bytes, putNop(bytes, at), options.receiveShift)
  return at
}

/** Bytes of the options of any other segment, with `blocks` SACK blocks. */
export const optionsLength = (options: Negotiated, blocks: number): number =>
  (options.timestamps ? 12 : 0) + (blocks > 0 ? 4 + 8 * blocks : 0)

/** Writes the options of a segment without SYN. `edges` holds `blocks` pairs of SACK edges. Returns the offset behind. */
export function writeOptions(
  options: Negotiated,
  bytes: Uint8Array,
  start: number,
  tsVal: number,
  tsEcr: number,
  blocks: number,
  edges: Int32Array,
): number {
  let at = start
  if (options.timestamps) at = putAlignedTimestamps(bytes, at, tsVal, tsEcr)
  if (blocks === 0) return at
  at = putSackHeader(bytes, putNop(bytes, putNop(bytes, at)), blocks)
  for (let i = 0; i < 2 * blocks; i++, at += 4) put32(bytes, at, edges[i]!)
  return at
}
