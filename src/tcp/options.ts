// hot path: `optionsLength` and `writeOptions` run for every segment sent.

import { put32 } from '../wire/bytes.ts'
import { Flag, type Segment } from '../wire/tcp.ts'
import {
  putAlignedTimestamps,
  putEnd,
  putMss,
  putNop,
  putSackHeader,
  putSackPermitted,
  putTimestamps,
  putWindowScale,
} from '../wire/tcp-options.ts'
import { asksForEcn } from './ecn.ts'
import type { Memo } from './memo.ts'
import type { SynOption, TcpProfile } from './profile.ts'
import type { Settings } from './settings.ts'
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

  constructor(sysctl: TcpSysctls, settings?: Settings) {
    this.offer(sysctl, settings)
  }

  /** Starts anew with what the sysctls let us offer, and a user's settings. */
  offer(sysctl: TcpSysctls, settings?: Settings): void {
    this.sendShift = 0
    this.sendMss = DEFAULT_MSS
    this.windowScaling = sysctl.tcp_window_scaling !== 0
    this.timestamps = sysctl.tcp_timestamps !== 0
    this.sack = sysctl.tcp_sack !== 0
    this.ecn = sysctl.tcp_ecn === 1
    const most = sysctl.tcp_rmem[2]!
    this.receiveShift = this.windowScaling ? windowScaleFor(settings?.largestWindow(most) ?? most) : 0
  }

  /** Nothing is offered any more: perhaps it was the options that somebody on the path did not like. */
  decline(): void {
    this.windowScaling = false
    this.timestamps = false
    this.sack = false
    this.ecn = false
    this.receiveShift = 0
  }

  /** The peer's SYN arrived: keep what both want, and its MSS (MUST-14). */
  agree(seg: Segment): void {
    this.sendMss = Math.max(MIN_MSS, seg.mss === 0 ? DEFAULT_MSS : seg.mss)
    this.timestamps &&= seg.hasTimestamps
    this.sack &&= seg.sackPermitted
    this.ecn &&= seg.has(Flag.Ack) ? seg.has(Flag.Ece) && !seg.has(Flag.Cwr) : asksForEcn(seg)
    this.windowScaling &&= seg.windowScale >= 0
    if (this.windowScaling) this.sendShift = Math.min(seg.windowScale, MAX_WINDOW_SCALE)
    else this.receiveShift = 0
  }

  /** Becomes what `other` is. */
  take(other: Negotiated): void {
    this.windowScaling = other.windowScaling
    this.timestamps = other.timestamps
    this.sack = other.sack
    this.ecn = other.ecn
    this.sendShift = other.sendShift
    this.receiveShift = other.receiveShift
    this.sendMss = other.sendMss
  }

  /** See `rest.ts`. */
  carry(memo: Memo): void {
    this.windowScaling = memo.flag(this.windowScaling)
    this.timestamps = memo.flag(this.timestamps)
    this.sack = memo.flag(this.sack)
    this.ecn = memo.flag(this.ecn)
    this.sendShift = memo.number(this.sendShift)
    this.receiveShift = memo.number(this.receiveShift)
    this.sendMss = memo.number(this.sendMss)
  }
}

/** The shift that lets the window field express a buffer of `space` bytes; Linux's choice for the same maximum. */
export function windowScaleFor(space: number): number {
  let shift = 0
  while (space >> shift > 0xffff && shift < MAX_WINDOW_SCALE) shift++
  return shift
}

/** Bytes of each option of a SYN. */
const LENGTHS: Readonly<Record<SynOption, number>> = { mss: 4, sackOK: 2, timestamps: 10, windowScale: 3 }

/** Bytes of the options of a SYN or SYN-ACK. */
export function synOptionsLength(options: Negotiated, profile: TcpProfile): number {
  let length = 0
  for (const option of profile.synOptions) {
    if (isWanted(options, option)) length += nopsBefore(options, profile, option, length) + LENGTHS[option]
  }
  return (length + 3) & ~3
}

/** Writes a SYN's options in the profile's order, and zeros behind them (MUST-69). Returns the offset behind. */
export function writeSynOptions(
  options: Negotiated,
  profile: TcpProfile,
  bytes: Uint8Array,
  start: number,
  mss: number,
  tsVal: number,
  tsEcr: number,
): number {
  let at = start
  for (const option of profile.synOptions) {
    if (!isWanted(options, option)) continue
    for (let nops = nopsBefore(options, profile, option, at - start); nops > 0; nops--) at = putNop(bytes, at)
    if (option === 'mss') at = putMss(bytes, at, mss)
    else if (option === 'sackOK') at = putSackPermitted(bytes, at)
    else if (option === 'timestamps') at = putTimestamps(bytes, at, tsVal, tsEcr)
    else at = putWindowScale(bytes, at, options.receiveShift)
  }
  while (((at - start) & 3) !== 0) at = putEnd(bytes, at)
  return at
}

function isWanted(options: Negotiated, option: SynOption): boolean {
  if (option === 'mss') return true
  if (option === 'sackOK') return options.sack
  return option === 'timestamps' ? options.timestamps : options.windowScaling
}

/** Timestamps begin two bytes behind a word, so that their values are aligned; a scale fills one up. */
function nopsBefore(options: Negotiated, profile: TcpProfile, option: SynOption, length: number): number {
  if (option === 'timestamps') return (2 - length) & 3
  if (option === 'windowScale') return (1 - length) & 3
  return option === 'sackOK' && profile.padsSackWithNops && !options.timestamps ? (2 - length) & 3 : 0
}

/** Bytes of the options of any other segment, with `blocks` SACK blocks. */
export const optionsLength = (options: Negotiated, blocks: number): number =>
  (options.timestamps ? 12 : 0) + (blocks > 0 ? 4 + 8 * blocks : 0)

/** Writes the options of a segment without SYN, which never are an MSS (MUST-65). `edges` holds `blocks` pairs of SACK edges. Returns the offset behind. */
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
