import { type Instant, SECOND } from '../base/time.ts'
import { after, type Seq, toSeq } from '../wire/seq.ts'
import type { Connection } from './connection.ts'
import type { Memo } from './memo.ts'
import { optionsLength } from './options.ts'

/** Bytes of the headers of IP and TCP without options. */
const HEADERS = 40
/** Segments of congestion window below which a lost probe would hurt. */
const LEAST_WINDOW = 11

/** No probe now, and none that waits for room. */
export const NO_PROBE = 0
/** The probe goes before anything else, once there is room for it. */
export const PROBE_WAITS = -1

/**
 * Packetization-layer path MTU discovery (RFC 4821): finds the size that the path takes by sending a segment of a larger size now and then,
 * without any help of routers; and finds out that a path swallows large segments silently. Linux's tcp_mtup; `tcp_mtu_probing`.
 */
export class MtuSearch {
  isEnabled = false
  /** The path takes packets of `low` bytes and may take `high`. */
  low = 0
  high = 0
  /** Size of the packet that is out as a probe, 0: none; it ends at `#end`. */
  #size = 0
  #start: Seq = toSeq(0)
  #end: Seq = toSeq(0)
  /** When the present search began. */
  #since: Instant = 0

  /** The handshake is over. */
  begin(c: Connection, now: Instant): void {
    const { sysctl } = c.tcp.host
    this.isEnabled = sysctl.tcp_mtu_probing > 1
    this.low = packetOf(c, sysctl.tcp_base_mss)
    this.high = c.options.sendMss + HEADERS
    this.#since = now
  }

  /** Largest segment, options not taken off, that is known to get through; Infinity while nothing is searched for. */
  get mss(): number {
    return this.isEnabled ? this.low - HEADERS : Number.POSITIVE_INFINITY
  }

  /** Payload bytes of the probe to be sent now, NO_PROBE, or PROBE_WAITS. */
  next(c: Connection, size: number, now: Instant): number {
    const { send, recovery, congestion } = c
    if (!this.isEnabled || this.#size > 0 || recovery.phase !== 'open') return NO_PROBE
    if (congestion.window < LEAST_WINDOW * size || !this.#isPlain(c)) return NO_PROBE
    const probe = payloadOf(c, (this.low + this.high) >> 1)
    if (this.high - this.low < Math.max(1, c.tcp.host.sysctl.tcp_probe_threshold)) {
      this.#restart(c, now)
      return NO_PROBE
    }
    // So much must follow it that its loss is seen at once.
    const needed = probe + (c.tcp.host.sysctl.tcp_reordering + 1) * size
    if (probe <= size || send.unsent < needed || send.wnd < needed) return NO_PROBE
    if (send.usable < needed) return PROBE_WAITS
    if (recovery.inFlight(c) + 2 * size <= congestion.window) return probe
    return send.flight === 0 ? NO_PROBE : PROBE_WAITS
  }

  /** The segment [start, end) went out as a probe. */
  sent(c: Connection, start: Seq, end: Seq, payload: number): void {
    this.#size = packetOf(c, payload)
    this.#start = start
    this.#end = end
  }

  /** SND.UNA has moved: true when the probe got through. */
  isProven(c: Connection): boolean {
    if (this.#size === 0 || after(this.#end, c.send.una)) return false
    this.low = this.#size
    this.#size = 0
    c.tcp.host.counters.TCPMTUPSuccess++
    return true
  }

  /** Something was lost, and it is the probe: no sign of congestion (RFC 4821 §7.5). */
  hasFailed(c: Connection): boolean {
    if (this.#size === 0 || c.send.una !== this.#start) return false
    this.high = this.#size - 1
    this.#size = 0
    c.tcp.host.counters.TCPMTUPFail++
    return true
  }

  /** Something was sent again: the probe tells nothing any more. */
  giveUp(): void {
    this.#size = 0
  }

  /** The path takes packets of `mtu` bytes at most. */
  limit(mtu: number): void {
    if (this.high > mtu) this.high = mtu
    if (this.low > mtu) this.low = mtu
  }

  /** Time-out after time-out (R1): perhaps what is large is swallowed (RFC 4821 §7.6.2, §7.7). True when a smaller size is to be tried. */
  doubtPath(c: Connection, now: Instant): boolean {
    const { sysctl } = c.tcp.host
    if (sysctl.tcp_mtu_probing === 0) return false
    if (!this.isEnabled) {
      this.isEnabled = true
      this.#since = now
      return true
    }
    const half = Math.min(sysctl.tcp_base_mss, payloadOf(c, this.low) >> 1)
    const low = packetOf(c, Math.max(half, sysctl.tcp_mtu_probe_floor, sysctl.tcp_min_snd_mss))
    if (low >= this.low) return false
    this.low = low
    return true
  }

  /** Blocks of SACK would make segments of different lengths. */
  #isPlain(c: Connection): boolean {
    return c.receive.reassembly.count === 0 && c.duplicates.count === 0
  }

  /** The search is over; after `tcp_probe_interval` another begins from the size in use. */
  #restart(c: Connection, now: Instant): void {
    if (now - this.#since < c.tcp.host.sysctl.tcp_probe_interval * SECOND) return
    this.high = Math.min(c.options.sendMss + HEADERS, c.path.mtu)
    this.low = packetOf(c, c.segmentSize)
    this.#since = now
  }

  /** See `rest.ts`. */
  carry(memo: Memo): void {
    this.isEnabled = memo.flag(this.isEnabled)
    this.low = memo.number(this.low)
    this.high = memo.number(this.high)
    this.#size = memo.number(this.#size)
    this.#start = memo.seq(this.#start)
    this.#end = memo.seq(this.#end)
    this.#since = memo.instant(this.#since)
  }
}

/** Bytes of the packet with so much payload, and of the payload of such a packet. */
const packetOf = (c: Connection, payload: number): number => payload + HEADERS + optionsLength(c.options, 0)
const payloadOf = (c: Connection, packet: number): number => packet - HEADERS - optionsLength(c.options, 0)
