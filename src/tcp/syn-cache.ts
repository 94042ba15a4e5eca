import { Deadlines } from '../base/deadlines.ts'
import { type Instant, NEVER, SECOND } from '../base/time.ts'
import { add, inWindow, type Seq, toSeq } from '../wire/seq.ts'
import { Flag, type Segment, TCP_HEADER, writeTcpHeader } from '../wire/tcp.ts'
import { FlowKind, flowHandle } from './flows.ts'
import type { IcmpError } from './host.ts'
import { isHardError } from './icmp-error.ts'
import type { Listener } from './listener.ts'
import { Negotiated, optionsLength, synOptionsLength, writeOptions, writeSynOptions } from './options.ts'
import { replyReset } from './reset.ts'
import { RTO_MAX } from './rtt.ts'
import { sampleHandshake } from './rtt-sample.ts'
import { announcedMss } from './segments.ts'
import type { Tcp } from './tcp.ts'

/** Columns of a row: int32 each. */
const Field = {
  Local: 0,
  Remote: 1,
  Ports: 2,
  Iss: 3,
  Irs: 4,
  /** The peer's MSS (16 bits), its window shift (4), ours (4), and three flags. */
  Options: 5,
  TsRecent: 6,
  Window: 7,
  Retransmits: 8,
  /** Expiries of the timer: more than retransmissions, while TCP_DEFER_ACCEPT waits for data. */
  Timeouts: 9,
} as const
const STRIDE = 10

const HAS_TIMESTAMPS = 1 << 24
const HAS_SACK = 1 << 25
const HAS_SCALING = 1 << 26
const HAS_ECN = 1 << 28
/** The handshake is over, and waits for data (TCP_DEFER_ACCEPT). */
const IS_DEFERRED = 1 << 27

const noEdges = new Int32Array(0)

/** Window offered in a SYN-ACK: what the field holds without scaling. */
const SYN_WINDOW = 0xffff

/**
 * Passive opens whose handshake is not over (the SYN queue): SYN-RECEIVED without a connection, so that a stranger's SYN costs a row
 * of integers. RFC 9293 §3.10.7.4 for SYN-RECEIVED is in `arrives`; a row that is deleted is the arrow back to LISTEN.
 */
export class SynCache {
  readonly #tcp: Tcp
  readonly #deadlines = new Deadlines()
  #rows = new Int32Array(16 * STRIDE)
  /** When the SYN-ACK was first sent, for the RTT. */
  #sentAt = new Float64Array(16)
  #listeners: (Listener | undefined)[] = []
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

  /** A SYN came to `listener`: answers it. `iss`: to be used instead of one of our own (a reopened TIME-WAIT). False when there is no room. */
  add(listener: Listener, seg: Segment, now: Instant, iss?: Seq): boolean {
    const tcp = this.#tcp
    const options = this.#options
    options.offer(tcp.host.sysctl, listener.settings.windowLimit)
    options.ecn = tcp.host.sysctl.tcp_ecn !== 0 // who listens need not be asking itself
    options.agree(seg)
    const row = this.#allocate()
    const at = row * STRIDE
    const ports = (seg.sourcePort << 16) | seg.destinationPort
    const rows = this.#rows
    rows[at + Field.Local] = seg.destination
    rows[at + Field.Remote] = seg.source
    rows[at + Field.Ports] = ports
    rows[at + Field.Iss] =
      iss ?? tcp.source.initial(seg.destination, seg.destinationPort, seg.source, seg.sourcePort, now)
    rows[at + Field.Irs] = seg.seq
    rows[at + Field.Options] = pack(options)
    rows[at + Field.TsRecent] = seg.tsVal
    rows[at + Field.Window] = seg.window
    rows[at + Field.Retransmits] = 0
    rows[at + Field.Timeouts] = 0
    this.#listeners[row] = listener
    this.#sentAt[row] = now
    listener.pending++
    tcp.flows.set(seg.destination, seg.source, ports, flowHandle(FlowKind.SynCache, row))
    this.#deadlines.set(row, now, SECOND)
    this.#sendSynAck(row)
    return true
  }

  /** RFC 9293 §3.10.7.4 in SYN-RECEIVED, for a passive open. */
  arrives(row: number, seg: Segment, now: Instant): void {
    const next = this.#next(row)
    if (seg.has(Flag.Syn) && !seg.has(Flag.Rst | Flag.Ack) && seg.seq === add(next, -1)) {
      this.#sentAt[row] = NEVER // which of the two will be acknowledged is not known (Karn)
      this.#sendSynAck(row) // our SYN-ACK was lost
      return
    }
    if (!inWindow(seg.seq, next, this.#window(row)) || this.#isStale(row, seg)) {
      // First
      if (!seg.has(Flag.Rst)) this.#sendAck(row, now)
      return
    }
    if (seg.has(Flag.Rst)) {
      // Second, by RFC 5961 §3.2: back to LISTEN.
      if (seg.seq === next) this.#reset(row)
      else this.#sendAck(row, now)
      return
    }
    if (seg.has(Flag.Syn)) {
      this.#reset(row) // Fourth: a passive open goes back to LISTEN
      return
    }
    if (!seg.has(Flag.Ack)) return // Fifth
    if (seg.ack !== add(this.#seq(row, Field.Iss), 1)) {
      replyReset(this.#tcp, seg)
      return
    }
    if (!this.#defers(row, seg)) this.#promote(row, seg, now)
  }

  /** Sends what is due again, and gives up what nobody answers. */
  advance(now: Instant): void {
    const { counters } = this.#tcp.host
    for (let row = this.#deadlines.take(now); row !== -1; row = this.#deadlines.take(now)) {
      if (this.#isExpired(row)) {
        counters.TCPTimeouts++
        counters.AttemptFails++
        this.#remove(row)
        continue
      }
      const timeouts = this.#rows[row * STRIDE + Field.Timeouts]!++
      this.#deadlines.set(row, now, Math.min(SECOND * 2 ** (timeouts + 1), RTO_MAX))
      // While it waits for data the peer is asked again only at the end, so that it may notice.
      if (this.#isDeferred(row) && timeouts < this.#listeners[row]!.settings.deferAccept - 1) continue
      this.#rows[row * STRIDE + Field.Retransmits]!++
      counters.RetransSegs++
      counters.TCPSynRetrans++
      this.#sendSynAck(row)
    }
  }

  nextDeadline(): Instant {
    return this.#deadlines.next()
  }

  /** An ICMP error quotes our SYN-ACK. A hard one ends the attempt (SHLD-26); for soft ones time decides (MUST-56). */
  icmpError(row: number, error: IcmpError): void {
    const { counters } = this.#tcp.host
    if (error.seq !== this.#rows[row * STRIDE + Field.Iss]) counters.OutOfWindowIcmps++
    else if (isHardError(error)) {
      counters.AttemptFails++
      this.#remove(row)
    }
  }

  /** The listener is gone, and with it what waited for it. */
  removeAll(listener: Listener): void {
    for (let row = 0; row < this.#used; row++) if (this.#listeners[row] === listener) this.#remove(row)
  }

  /** Calls `visit` with local and remote address, ports (remote << 16 | local) and retransmissions of each handshake. */
  forEach(visit: (local: number, remote: number, ports: number, retransmits: number) => void): void {
    for (let row = 0; row < this.#used; row++) {
      if (this.#listeners[row] === undefined) continue
      const [local = 0, remote = 0, ports = 0] = this.#rows.subarray(row * STRIDE, row * STRIDE + 3)
      visit(local, remote, ports, this.#rows[row * STRIDE + Field.Retransmits]!)
    }
  }

  /** The handshake's last ACK: a connection, given to the listener. */
  #promote(row: number, seg: Segment, now: Instant): void {
    const tcp = this.#tcp
    const listener = this.#listeners[row]!
    if (listener.isFull) {
      tcp.host.counters.ListenOverflows++
      tcp.host.counters.ListenDrops++
      if (tcp.host.sysctl.tcp_abort_on_overflow !== 0) {
        replyReset(tcp, seg)
        this.#remove(row)
      }
      return
    }
    const at = row * STRIDE
    const rows = this.#rows
    const ports = rows[at + Field.Ports]!
    const local = rows[at + Field.Local]!
    const remote = rows[at + Field.Remote]!
    const iss = this.#seq(row, Field.Iss)
    const c = tcp.create(local, ports & 0xffff, remote, ports >>> 16, false, listener.settings, iss, now)
    c.moveTo('LISTEN')
    c.moveTo('SYN-RECEIVED')
    unpack(c.options, rows[at + Field.Options]!)
    c.send.nxt = add(iss, 1)
    c.send.wnd = rows[at + Field.Window]!
    c.send.maxWindow = c.send.wnd
    c.receive.begin(this.#seq(row, Field.Irs), c.receive.synWindow, c.options.receiveShift)
    c.receive.tsRecent = rows[at + Field.TsRecent]!
    c.receive.tsRecentAt = tcp.seconds
    c.synRetransmits = rows[at + Field.Retransmits]!
    if (c.synRetransmits === 0 && this.#sentAt[row]! <= now) sampleHandshake(c, this.#sentAt[row]!, now)
    this.#forget(row)
    tcp.adopt(c)
    tcp.host.counters.PassiveOpens++
    listener.push(c)
    tcp.arrives(c, seg, now)
  }

  /** TCP_DEFER_ACCEPT: the ACK of the handshake alone does not wake the listener, for a while. True when it is held back. */
  #defers(row: number, seg: Segment): boolean {
    const at = row * STRIDE
    if (seg.length > 0 || this.#rows[at + Field.Timeouts]! >= this.#listeners[row]!.settings.deferAccept)
      return false
    this.#rows[at + Field.Options]! |= IS_DEFERRED
    this.#sentAt[row] = NEVER // what comes later measures the peer, not the path
    this.#tcp.host.counters.TCPDeferAcceptDrop++
    return true
  }

  #isDeferred(row: number): boolean {
    return (this.#rows[row * STRIDE + Field.Options]! & IS_DEFERRED) !== 0
  }

  /** As Linux's syn_ack_recalc: what waits for data has the longer of both times. */
  #isExpired(row: number): boolean {
    const timeouts = this.#rows[row * STRIDE + Field.Timeouts]!
    if (timeouts < this.#tcp.host.sysctl.tcp_synack_retries) return false
    return !this.#isDeferred(row) || timeouts >= this.#listeners[row]!.settings.deferAccept
  }

  #reset(row: number): void {
    this.#tcp.host.counters.EmbryonicRsts++
    this.#tcp.host.counters.AttemptFails++
    this.#remove(row)
  }

  #isStale(row: number, seg: Segment): boolean {
    if (!seg.hasTimestamps || seg.has(Flag.Rst)) return false
    const at = row * STRIDE
    if ((this.#rows[at + Field.Options]! & HAS_TIMESTAMPS) === 0) return false
    return ((seg.tsVal - this.#rows[at + Field.TsRecent]!) | 0) < 0
  }

  #sendSynAck(row: number): void {
    this.#send(row, this.#seq(row, Field.Iss), Flag.Syn | Flag.Ack)
  }

  /** What is not acceptable is answered with an ACK, within the limits of challenges. */
  #sendAck(row: number, now: Instant): void {
    if (!this.#tcp.allowChallenge(now)) return
    this.#tcp.host.counters.TCPChallengeACK++
    this.#send(row, add(this.#seq(row, Field.Iss), 1), Flag.Ack)
  }

  #send(row: number, seq: Seq, flags: number): void {
    const tcp = this.#tcp
    const options = this.#options
    const out = tcp.host.replies
    const at = out.room()
    if (at < 0) return
    const rows = this.#rows
    const from = row * STRIDE
    const local = rows[from + Field.Local]!
    const remote = rows[from + Field.Remote]!
    const ports = rows[from + Field.Ports]!
    const settings = this.#listeners[row]!.settings
    unpack(options, rows[from + Field.Options]!)
    const isSyn = (flags & Flag.Syn) !== 0
    const headerLength = TCP_HEADER + (isSyn ? synOptionsLength(options) : optionsLength(options, 0))
    const window = this.#window(row)
    writeTcpHeader(
      out.memory,
      at,
      ports & 0xffff,
      ports >>> 16,
      seq,
      this.#next(row),
      headerLength,
      isSyn && options.ecn ? flags | Flag.Ece : flags,
      isSyn ? window : window >> options.receiveShift,
      0,
    )
    const tsVal = (tcp.milliseconds + tcp.source.timestampOffset(local, remote)) | 0
    const tsEcr = rows[from + Field.TsRecent]!
    const optionsAt = at + TCP_HEADER
    if (isSyn) {
      writeSynOptions(options, out.memory, optionsAt, announcedMss(tcp.host, settings), tsVal, tsEcr)
    } else writeOptions(options, out.memory, optionsAt, tsVal, tsEcr, 0, noEdges)
    tcp.host.counters.OutSegs++
    out.send(local, remote, settings.typeOfService, settings.timeToLive, headerLength, 0, 0, 0, 0, 0)
  }

  #seq(row: number, field: number): Seq {
    return toSeq(this.#rows[row * STRIDE + field]!)
  }

  /** RCV.WND: that of the connection to be, so that what is acceptable here is acceptable there (its `synWindow`). */
  #window(row: number): number {
    const { receiveLimit, windowLimit } = this.#listeners[row]!.settings
    return Math.min(receiveLimit, windowLimit, SYN_WINDOW)
  }

  /** RCV.NXT. */
  #next(row: number): Seq {
    return add(this.#seq(row, Field.Irs), 1)
  }

  #remove(row: number): void {
    const at = row * STRIDE
    const rows = this.#rows
    this.#tcp.flows.delete(rows[at + Field.Local]!, rows[at + Field.Remote]!, rows[at + Field.Ports]!)
    this.#forget(row)
  }

  /** Frees the row; the flow is deleted, or given to a connection, by the caller. */
  #forget(row: number): void {
    this.#listeners[row]!.pending--
    this.#listeners[row] = undefined
    this.#deadlines.clear(row)
    this.#free.push(row)
  }

  #allocate(): number {
    const row = this.#free.pop() ?? this.#used++
    if (row < this.#capacity) return row
    this.#capacity *= 2
    const rows = new Int32Array(this.#capacity * STRIDE)
    const sentAt = new Float64Array(this.#capacity)
    rows.set(this.#rows)
    sentAt.set(this.#sentAt)
    this.#rows = rows
    this.#sentAt = sentAt
    this.#deadlines.grow(this.#capacity)
    return row
  }
}

function pack(options: Negotiated): number {
  return (
    options.sendMss |
    (options.sendShift << 16) |
    (options.receiveShift << 20) |
    (options.timestamps ? HAS_TIMESTAMPS : 0) |
    (options.sack ? HAS_SACK : 0) |
    (options.ecn ? HAS_ECN : 0) |
    (options.windowScaling ? HAS_SCALING : 0)
  )
}

function unpack(options: Negotiated, packed: number): void {
  options.sendMss = packed & 0xffff
  options.sendShift = (packed >>> 16) & 15
  options.receiveShift = (packed >>> 20) & 15
  options.timestamps = (packed & HAS_TIMESTAMPS) !== 0
  options.sack = (packed & HAS_SACK) !== 0
  options.ecn = (packed & HAS_ECN) !== 0
  options.windowScaling = (packed & HAS_SCALING) !== 0
}
