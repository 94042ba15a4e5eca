import { type Duration, type Instant, MILLISECOND, SECOND } from '../base/time.ts'
import { add, after, inWindow, later, type Seq, toSeq } from '../wire/seq.ts'
import { Flag, type Segment, TCP_HEADER, writeTcpHeader } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'
import { Negotiated, optionsLength, writeOptions } from './options.ts'
import { replyReset } from './reset.ts'
import type { SharedPort } from './settings.ts'
import type { Tcp } from './tcp.ts'
import { Field, LONGEST_WAIT, TimeWaitRows } from './time-wait-rows.ts'

/** Twice the maximum segment lifetime of 30 s (MUST-13; docs/deviations.md). */
export const TIME_WAIT_LENGTH: Duration = LONGEST_WAIT * SECOND

/** In the column of the window: its field, our shift, and these. */
const WINDOW = 0xffff
const SHIFT_AT = 16
const HAS_TIMESTAMPS = 1 << 20
const REUSES_ADDRESS = 1 << 21
const REUSES_PORT = 1 << 22
/** The peer's FIN has not come: FIN-WAIT-2 of a connection that nobody holds. */
const AWAITS_FIN = 1 << 23

/** Is shown local and remote address, ports (remote << 16 | local), the moment the wait ends, and who may share the port. */
type Visit = (
  local: number,
  remote: number,
  ports: number,
  until: Instant,
  shared: SharedPort,
  state: 'TIME-WAIT' | 'FIN-WAIT-2',
) => void

/** Beyond any number that the old connection may have used (Linux's tw_snd_nxt + 65535 + 2). */
const BEYOND = 0xffff + 2

const noEdges = new Int32Array(0)

/**
 * Connections that are over and linger for 2 MSL (RFC 9293 §3.6.1), and orphans that only wait for the peer's FIN (FIN-WAIT-2), as on
 * Linux: rows of integers that acknowledge again what the peer repeats.
 */
export class TimeWaitTable {
  readonly #tcp: Tcp
  readonly #rows: TimeWaitRows
  readonly #options: Negotiated

  constructor(tcp: Tcp) {
    this.#tcp = tcp
    this.#rows = new TimeWaitRows((local, remote, ports) => tcp.flows.hash(local, remote, ports))
    this.#options = new Negotiated(tcp.host.sysctl)
  }

  get size(): number {
    return this.#rows.size
  }

  /** The row of the pair, or -1; `ports` is the peer's << 16 | ours. */
  find(local: number, remote: number, ports: number): number {
    return this.#rows.find(local, remote, ports)
  }

  stateOf(row: number): 'TIME-WAIT' | 'FIN-WAIT-2' {
    return this.#awaitsFin(row) ? 'FIN-WAIT-2' : 'TIME-WAIT'
  }

  /**
   * Remembers `c` for 2 MSL, or in FIN-WAIT-2 for `wait`. False when `tcp_max_tw_buckets` are in use: the connection then ends
   * without. The caller takes the flow from `c`.
   */
  add(c: Connection, now: Instant, wait = TIME_WAIT_LENGTH): boolean {
    const { host, seconds } = this.#tcp
    if (this.size >= host.sysctl.tcp_max_tw_buckets) {
      host.counters.TCPTimeWaitOverflow++
      return false
    }
    const awaitsFin = c.state === 'FIN-WAIT-2'
    const whole = Math.min(Math.max(1, Math.ceil(wait / SECOND)), LONGEST_WAIT)
    const row = this.#rows.add(c.local, c.remote, (c.remotePort << 16) | c.localPort, now, whole)
    const { receive, settings } = c
    this.#rows.set(row, Field.SendNext, c.send.nxt)
    this.#rows.set(row, Field.ReceiveNext, receive.nxt)
    this.#rows.set(
      row,
      Field.Window,
      Math.min(receive.wnd >> receive.shift, WINDOW) |
        (receive.shift << SHIFT_AT) |
        (c.options.timestamps ? HAS_TIMESTAMPS : 0) |
        (settings.reusesAddress ? REUSES_ADDRESS : 0) |
        (settings.reusesPort ? REUSES_PORT : 0) |
        (awaitsFin ? AWAITS_FIN : 0),
    )
    this.#rows.set(row, Field.TsRecent, receive.tsRecent)
    this.#rows.set(row, Field.TsRecentAt, seconds)
    this.#rows.set(row, Field.AnsweredAt, 0)
    host.counters.TW++
    if (c.acks.isOwed || c.acks.delayed) this.#acknowledge(row)
    return true
  }

  /**
   * RFC 9293 §3.10.7.4 in TIME-WAIT and FIN-WAIT-2. An ISS when the segment is a SYN that may open the pair anew (MAY-2,
   * SHLD-4): the row is then gone.
   */
  arrives(row: number, seg: Segment, now: Instant): Seq | undefined {
    const isStale = this.#isStale(row, seg)
    if (!this.#awaitsFin(row)) {
      if (!isStale && isFreshSyn(seg) && this.#mayReopen(row, seg)) return this.#reopen(row, seg, now)
      this.#timeWait(row, seg, isStale, now)
    } else this.#finWait2(row, seg, isStale, now)
    return undefined
  }

  /**
   * The pair is to be opened by us (`tcp_tw_reuse`). An ISS beyond the old numbers when timestamps tell old segments from new (RFC 6191): the
   * row is then gone. Undefined when the pair has to wait.
   */
  reuse(row: number, iss: Seq, now: Instant): Seq | undefined {
    if (!this.mayReuse(row, now)) return undefined
    const beyond = add(this.#seq(row, Field.SendNext), BEYOND)
    this.#rows.remove(row)
    this.#tcp.host.counters.TWRecycled++
    return later(iss, beyond)
  }

  mayReuse(row: number, now: Instant): boolean {
    const { host } = this.#tcp
    const { tcp_tw_reuse, tcp_tw_reuse_delay, tcp_timestamps } = host.sysctl
    if (tcp_tw_reuse === 0 || tcp_timestamps === 0 || !this.#has(row, HAS_TIMESTAMPS)) return false
    if (tcp_tw_reuse === 2 && !host.isLocal(this.#rows.get(row, Field.Remote))) return false
    const age = now - this.#rows.get(row, Field.TsRecentAt) * SECOND
    return !this.#awaitsFin(row) && age >= tcp_tw_reuse_delay * MILLISECOND
  }

  advance(now: Instant): void {
    for (let row = this.#rows.due(now); row !== -1; row = this.#rows.due(now)) this.#rows.remove(row)
  }

  nextDeadline(): Instant {
    return this.#rows.nextDeadline()
  }

  /** Forgets all of them, as an administrator's `tcpdrop` does. */
  clear(): void {
    for (let row = 0; row < this.#rows.end; row++)
      if (this.#rows.get(row, Field.Ports) !== 0) this.#rows.remove(row)
  }

  /** Orphans that wait for the peer's FIN. */
  get awaitingFin(): number {
    let count = 0
    for (let row = 0; row < this.#rows.end; row++) if (this.#isOrphan(row)) count++
    return count
  }

  /** ABORT of the orphans that wait for the peer's FIN (RFC 9293 §3.10.5): the stack is about to end. */
  abortOrphans(): void {
    for (let row = 0; row < this.#rows.end; row++) {
      if (!this.#isOrphan(row)) continue
      this.#tcp.host.counters.OutRsts++
      this.#acknowledge(row, Flag.Rst | Flag.Ack)
      this.#rows.remove(row)
    }
  }

  /** All rows. */
  forEach(visit: Visit): void {
    this.scan(0, this.#rows.end, visit)
  }

  /** Those in `most` rows from row `from` on; returns the row to go on from, or -1. */
  scan(from: number, most: number, visit: Visit): number {
    const rows = this.#rows
    const end = Math.min(from + most, rows.end)
    for (let row = from; row < end; row++) {
      const ports = rows.get(row, Field.Ports)
      if (ports === 0) continue
      const shared = {
        reusesAddress: this.#has(row, REUSES_ADDRESS),
        reusesPort: this.#has(row, REUSES_PORT),
      }
      const local = rows.get(row, Field.Local)
      visit(local, rows.get(row, Field.Remote), ports, rows.until(row), shared, this.stateOf(row))
    }
    return end < rows.end ? end : -1
  }

  #timeWait(row: number, seg: Segment, isStale: boolean, now: Instant): void {
    const next = this.#seq(row, Field.ReceiveNext)
    const { counters, profile, sysctl } = this.#tcp.host
    if (isStale || !inWindow(seg.seq, next, this.#window(row))) {
      // First: out of the window, perhaps the peer's FIN again. Acknowledged, and the wait begins anew.
      if (seg.has(Flag.Rst)) return
      if (isStale) counters.PAWSEstab++
      else if (seg.has(Flag.Ack)) this.#rows.rearm(row, now, LONGEST_WAIT)
      this.#answer(row, now, seg.length > 0 && !seg.has(Flag.Syn))
      return
    }
    if (seg.has(Flag.Rst)) {
      // Second: RFC 1337 would have it ignored, which `tcp_rfc1337` does.
      if (!profile.resetEndsTimeWait) return
      if (seg.seq !== next) this.#answer(row, now, false)
      else if (sysctl.tcp_rfc1337 === 0) this.#rows.remove(row)
      return
    }
    this.#recordTimestamp(row, seg)
    if (profile.answersInTimeWait && (seg.has(Flag.Syn) || seg.length > 0))
      this.#answer(row, now, !seg.has(Flag.Syn))
  }

  /** Nobody will read: what carries data is reset, and the FIN that is waited for begins TIME-WAIT. */
  #finWait2(row: number, seg: Segment, isStale: boolean, now: Instant): void {
    const next = this.#seq(row, Field.ReceiveNext)
    if (isStale || !this.#isAcceptable(row, seg)) {
      if (isStale) this.#tcp.host.counters.PAWSEstab++
      if (!seg.has(Flag.Rst)) this.#answer(row, now, seg.length > 0 && !seg.has(Flag.Syn)) // First
      return
    }
    if (seg.has(Flag.Rst)) {
      // Second, by RFC 5961 §3.2
      if (seg.seq === next) this.#rows.remove(row)
      else this.#answer(row, now, false)
      return
    }
    // Fourth, and fifth: everything that we sent has been acknowledged.
    if (seg.has(Flag.Syn) || (seg.has(Flag.Ack) && seg.ack !== this.#seq(row, Field.SendNext))) {
      this.#answer(row, now, false)
      return
    }
    if (!seg.has(Flag.Ack)) return
    this.#recordTimestamp(row, seg)
    if (!after(seg.end, next)) return
    if (!seg.has(Flag.Fin) || seg.end !== add(next, 1)) {
      this.#tcp.host.counters.TCPAbortOnData++
      replyReset(this.#tcp, seg) // Seventh: SHLD-3
      this.#rows.remove(row)
      return
    }
    this.#rows.set(row, Field.ReceiveNext, seg.end) // Eighth
    this.#rows.set(row, Field.Window, this.#rows.get(row, Field.Window) & ~AWAITS_FIN)
    this.#rows.rearm(row, now, LONGEST_WAIT)
    this.#acknowledge(row)
  }

  #isAcceptable(row: number, seg: Segment): boolean {
    const next = this.#seq(row, Field.ReceiveNext)
    const window = this.#window(row)
    if (seg.seq === next || inWindow(seg.seq, next, window)) return true
    return seg.length > 0 && inWindow(add(seg.end, -1), next, window)
  }

  #mayReopen(row: number, seg: Segment): boolean {
    if (!after(seg.seq, this.#seq(row, Field.ReceiveNext)) && !this.#isNewer(row, seg)) return false
    return this.#tcp.listeners.find(seg.destination, seg.destinationPort) !== undefined
  }

  /** Frees the pair for the SYN, and names an ISS beyond every number that the old connection used (RFC 6191, RFC 1122 §4.2.2.13). */
  #reopen(row: number, seg: Segment, now: Instant): Seq {
    const { source } = this.#tcp
    const iss = source.initial(seg.destination, seg.destinationPort, seg.source, seg.sourcePort, now)
    const beyond = add(this.#seq(row, Field.SendNext), BEYOND)
    this.#rows.remove(row)
    return later(iss, beyond)
  }

  #isStale(row: number, seg: Segment): boolean {
    if (!this.#has(row, HAS_TIMESTAMPS) || !seg.hasTimestamps || seg.has(Flag.Rst)) return false
    return ((seg.tsVal - this.#rows.get(row, Field.TsRecent)) | 0) < 0
  }

  #isNewer(row: number, seg: Segment): boolean {
    if (!this.#has(row, HAS_TIMESTAMPS) || !seg.hasTimestamps) return false
    return ((seg.tsVal - this.#rows.get(row, Field.TsRecent)) | 0) > 0
  }

  /** RFC 7323 §4.3. */
  #recordTimestamp(row: number, seg: Segment): void {
    if (!seg.hasTimestamps || after(seg.seq, this.#seq(row, Field.ReceiveNext))) return
    this.#rows.set(row, Field.TsRecent, seg.tsVal)
    this.#rows.set(row, Field.TsRecentAt, this.#tcp.seconds)
  }

  #has(row: number, bit: number): boolean {
    return (this.#rows.get(row, Field.Window) & bit) !== 0
  }

  #awaitsFin(row: number): boolean {
    return this.#has(row, AWAITS_FIN)
  }

  #isOrphan(row: number): boolean {
    return this.#rows.get(row, Field.Ports) !== 0 && this.#awaitsFin(row)
  }

  /** RCV.WND; at least 1, so that RCV.NXT is always acceptable. */
  #window(row: number): number {
    const packed = this.#rows.get(row, Field.Window)
    return Math.max(1, (packed & WINDOW) << ((packed >>> SHIFT_AT) & 15))
  }

  /** An ACK; to what may itself be an answer, only as often as that is allowed. */
  #answer(row: number, now: Instant, isSure: boolean): void {
    if (isSure || (this.#isTimely(row) && this.#tcp.challenges.take(now))) {
      this.#acknowledge(row)
      return
    }
    const { counters } = this.#tcp.host
    if (this.#awaitsFin(row)) counters.TCPACKSkippedFinWait2++
    else counters.TCPACKSkippedTimeWait++
  }

  /** `tcp_invalid_ratelimit` has passed since the last answer of this row. */
  #isTimely(row: number): boolean {
    const { host, milliseconds } = this.#tcp
    const last = this.#rows.get(row, Field.AnsweredAt)
    if (last !== 0 && ((milliseconds - last) | 0) < host.sysctl.tcp_invalid_ratelimit) return false
    this.#rows.set(row, Field.AnsweredAt, milliseconds === 0 ? 1 : milliseconds)
    return true
  }

  #acknowledge(row: number, flags: number = Flag.Ack): void {
    const tcp = this.#tcp
    const out = tcp.host.replies
    const at = out.room()
    if (at < 0) return
    const local = this.#rows.get(row, Field.Local)
    const remote = this.#rows.get(row, Field.Remote)
    const ports = this.#rows.get(row, Field.Ports)
    const options = this.#options
    options.timestamps = this.#has(row, HAS_TIMESTAMPS)
    const headerLength = TCP_HEADER + optionsLength(options, 0)
    writeTcpHeader(
      out.memory,
      at,
      ports & 0xffff,
      ports >>> 16,
      this.#seq(row, Field.SendNext),
      this.#seq(row, Field.ReceiveNext),
      headerLength,
      flags,
      this.#rows.get(row, Field.Window) & WINDOW,
      0,
    )
    const tsVal = (tcp.milliseconds + tcp.source.timestampOffset(local, remote)) | 0
    const tsEcr = this.#rows.get(row, Field.TsRecent)
    writeOptions(options, out.memory, at + TCP_HEADER, tsVal, tsEcr, 0, noEdges)
    tcp.host.counters.OutSegs++
    out.send(local, remote, 0, tcp.host.sysctl.ip_default_ttl, headerLength, 0, 0, 0, 0, 0)
  }

  #seq(row: number, field: typeof Field.SendNext | typeof Field.ReceiveNext): Seq {
    return toSeq(this.#rows.get(row, field))
  }
}

const isFreshSyn = (seg: Segment): boolean => seg.has(Flag.Syn) && !seg.has(Flag.Rst | Flag.Ack | Flag.Fin)
