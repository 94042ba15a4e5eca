import { Deadlines } from '../base/deadlines.ts'
import { type Duration, type Instant, SECOND } from '../base/time.ts'
import { add, after, inWindow, later, type Seq, toSeq } from '../wire/seq.ts'
import { Flag, type Segment, TCP_HEADER, writeTcpHeader } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'
import { FlowKind, flowHandle } from './flows.ts'
import { Negotiated, optionsLength, writeOptions } from './options.ts'
import type { SharedPort } from './settings.ts'
import type { Tcp } from './tcp.ts'

/** Twice the maximum segment lifetime of 30 s (MUST-13; docs/deviations.md). */
export const TIME_WAIT_LENGTH: Duration = 60 * SECOND

const Field = {
  Local: 0,
  Remote: 1,
  Ports: 2,
  SendNext: 3,
  ReceiveNext: 4,
  Window: 5,
  TsRecent: 6,
  /** Bit 0: timestamps are in use; bits 1 and 2: the port is shared (SharedPort); bits 4 to 7: our window shift. */
  Options: 7,
} as const
const STRIDE = 8
const REUSES_ADDRESS = 2
const REUSES_PORT = 4

const noEdges = new Int32Array(0)

/** Connections that are over and linger for 2 MSL (RFC 9293 §3.6.1): rows of integers that acknowledge again what the peer repeats. */
export class TimeWaitTable {
  readonly #tcp: Tcp
  readonly #deadlines = new Deadlines()
  #rows = new Int32Array(16 * STRIDE)
  #free: number[] = []
  #capacity = 16
  #used = 0
  readonly #options: Negotiated

  constructor(tcp: Tcp) {
    this.#tcp = tcp
    this.#options = new Negotiated(tcp.host.sysctl)
  }

  get size(): number {
    return this.#used - this.#free.length
  }

  /** Takes over the flow of `c`. False when `tcp_max_tw_buckets` are in use: the connection then ends without the wait. */
  add(c: Connection, now: Instant): boolean {
    const tcp = this.#tcp
    if (this.size >= tcp.host.sysctl.tcp_max_tw_buckets) {
      tcp.host.counters.TCPTimeWaitOverflow++
      return false
    }
    const row = this.#allocate()
    const at = row * STRIDE
    const ports = (c.remotePort << 16) | c.localPort
    const rows = this.#rows
    rows[at + Field.Local] = c.local
    rows[at + Field.Remote] = c.remote
    rows[at + Field.Ports] = ports
    rows[at + Field.SendNext] = c.send.nxt
    rows[at + Field.ReceiveNext] = c.receive.nxt
    rows[at + Field.Window] = c.receive.wnd
    rows[at + Field.TsRecent] = c.receive.tsRecent
    rows[at + Field.Options] =
      (c.options.timestamps ? 1 : 0) |
      (c.settings.reusesAddress ? REUSES_ADDRESS : 0) |
      (c.settings.reusesPort ? REUSES_PORT : 0) |
      (c.receive.shift << 4)
    tcp.flows.set(c.local, c.remote, ports, flowHandle(FlowKind.TimeWait, row))
    this.#deadlines.set(row, now, TIME_WAIT_LENGTH)
    if (c.acks.isOwed || c.acks.delayed) this.#acknowledge(row)
    return true
  }

  /** RFC 9293 §3.10.7.4 in TIME-WAIT. An ISS when the segment is a SYN that may open the pair anew (MAY-2, SHLD-4): the row is then gone. */
  arrives(row: number, seg: Segment, now: Instant): Seq | undefined {
    const next = this.#seq(row, Field.ReceiveNext)
    const stale = this.#isStale(row, seg)
    if (
      isFreshSyn(seg) &&
      !stale &&
      (after(seg.seq, next) || this.#isNewer(row, seg)) &&
      this.#isListening(seg)
    )
      return this.#reopen(row, seg, now)
    const window = Math.max(1, this.#rows[row * STRIDE + Field.Window]!)
    if (stale || !inWindow(seg.seq, next, window)) {
      // First: out of the window, perhaps the peer's FIN again. Acknowledged, and the wait begins anew.
      if (seg.has(Flag.Rst)) return undefined
      if (stale) this.#tcp.host.counters.PAWSEstab++
      if (seg.has(Flag.Ack) && !stale) this.#deadlines.set(row, now, TIME_WAIT_LENGTH)
      this.#answer(row, now, seg.length > 0)
      return undefined
    }
    const { profile } = this.#tcp.host
    if (seg.has(Flag.Rst)) {
      // Second: RFC 1337 would have it ignored, which `tcp_rfc1337` does.
      if (!profile.resetEndsTimeWait) return undefined
      if (seg.seq !== next) this.#answer(row, now, false)
      else if (this.#tcp.host.sysctl.tcp_rfc1337 === 0) this.#remove(row)
      return undefined
    }
    if (profile.answersInTimeWait && (seg.has(Flag.Syn) || seg.length > 0))
      this.#answer(row, now, !seg.has(Flag.Syn))
    return undefined
  }

  advance(now: Instant): void {
    for (let row = this.#deadlines.take(now); row !== -1; row = this.#deadlines.take(now)) {
      this.#tcp.host.counters.TW++
      this.#remove(row)
    }
  }

  nextDeadline(): Instant {
    return this.#deadlines.next()
  }

  /** Forgets all of them, as an administrator's `tcpdrop` does. */
  clear(): void {
    for (let row = 0; row < this.#used; row++)
      if (this.#rows[row * STRIDE + Field.Ports] !== 0) this.#remove(row)
  }

  /** Calls `visit` with local and remote address, ports (remote << 16 | local), the moment the wait ends, and who may share the port. */
  forEach(
    visit: (local: number, remote: number, ports: number, until: Instant, shared: SharedPort) => void,
  ): void {
    for (let row = 0; row < this.#used; row++) {
      const at = row * STRIDE
      const ports = this.#rows[at + Field.Ports]!
      if (ports === 0) continue
      const options = this.#rows[at + Field.Options]!
      visit(this.#rows[at]!, this.#rows[at + Field.Remote]!, ports, this.#deadlines.of(row), {
        reusesAddress: (options & REUSES_ADDRESS) !== 0,
        reusesPort: (options & REUSES_PORT) !== 0,
      })
    }
  }

  /** Frees the pair for the SYN, and names an ISS beyond every number that the old connection used (RFC 6191, RFC 1122 §4.2.2.13). */
  #reopen(row: number, seg: Segment, now: Instant): Seq {
    const tcp = this.#tcp
    const iss = tcp.source.initial(seg.destination, seg.destinationPort, seg.source, seg.sourcePort, now)
    const beyond = add(this.#seq(row, Field.SendNext), 0xffff + 2)
    this.#remove(row)
    tcp.host.counters.TWRecycled++
    return later(iss, beyond)
  }

  #isListening(seg: Segment): boolean {
    return this.#tcp.listeners.find(seg.destination, seg.destinationPort) !== undefined
  }

  #isStale(row: number, seg: Segment): boolean {
    if (!this.#hasTimestamps(row) || !seg.hasTimestamps || seg.has(Flag.Rst)) return false
    return ((seg.tsVal - this.#rows[row * STRIDE + Field.TsRecent]!) | 0) < 0
  }

  #isNewer(row: number, seg: Segment): boolean {
    if (!this.#hasTimestamps(row) || !seg.hasTimestamps) return false
    return ((seg.tsVal - this.#rows[row * STRIDE + Field.TsRecent]!) | 0) > 0
  }

  #hasTimestamps(row: number): boolean {
    return (this.#rows[row * STRIDE + Field.Options]! & 1) !== 0
  }

  /** An ACK; to an empty segment, which may itself be an answer, only as often as challenges are allowed. */
  #answer(row: number, now: Instant, isSure: boolean): void {
    if (isSure || this.#tcp.allowChallenge(now)) this.#acknowledge(row)
    else this.#tcp.host.counters.TCPACKSkippedTimeWait++
  }

  #acknowledge(row: number): void {
    const tcp = this.#tcp
    const out = tcp.host.replies
    const at = out.room()
    if (at < 0) return
    const rows = this.#rows
    const from = row * STRIDE
    const local = rows[from + Field.Local]!
    const remote = rows[from + Field.Remote]!
    const ports = rows[from + Field.Ports]!
    const options = this.#options
    options.timestamps = this.#hasTimestamps(row)
    const headerLength = TCP_HEADER + optionsLength(options, 0)
    writeTcpHeader(
      out.memory,
      at,
      ports & 0xffff,
      ports >>> 16,
      this.#seq(row, Field.SendNext),
      this.#seq(row, Field.ReceiveNext),
      headerLength,
      Flag.Ack,
      Math.min(rows[from + Field.Window]! >> (rows[from + Field.Options]! >>> 4), 0xffff),
      0,
    )
    const tsVal = (tcp.milliseconds + tcp.source.timestampOffset(local, remote)) | 0
    writeOptions(options, out.memory, at + TCP_HEADER, tsVal, rows[from + Field.TsRecent]!, 0, noEdges)
    tcp.host.counters.OutSegs++
    out.send(local, remote, 0, tcp.host.sysctl.ip_default_ttl, headerLength, 0, 0, 0, 0, 0)
  }

  #seq(row: number, field: number): Seq {
    return toSeq(this.#rows[row * STRIDE + field]!)
  }

  #remove(row: number): void {
    const at = row * STRIDE
    const rows = this.#rows
    this.#tcp.flows.delete(rows[at + Field.Local]!, rows[at + Field.Remote]!, rows[at + Field.Ports]!)
    rows[at + Field.Ports] = 0
    this.#deadlines.clear(row)
    this.#free.push(row)
  }

  #allocate(): number {
    const row = this.#free.pop() ?? this.#used++
    if (row < this.#capacity) return row
    this.#capacity *= 2
    const rows = new Int32Array(this.#capacity * STRIDE)
    rows.set(this.#rows)
    this.#rows = rows
    this.#deadlines.grow(this.#capacity)
    return row
  }
}

const isFreshSyn = (seg: Segment): boolean => seg.has(Flag.Syn) && !seg.has(Flag.Rst | Flag.Ack | Flag.Fin)
