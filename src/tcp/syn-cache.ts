import { Deadlines } from '../base/deadlines.ts'
import { type Instant, NEVER } from '../base/time.ts'
import { add, inWindow, type Seq, toSeq } from '../wire/seq.ts'
import { Flag, type Segment } from '../wire/tcp.ts'
import { completeWithCookie } from './cookie-handshake.ts'
import { asksForEcn } from './ecn.ts'
import type { FastOpenCookie } from './fast-open-cookie.ts'
import { FlowKind, flowHandle } from './flows.ts'
import { handshakeWindow, sendHandshake } from './handshake-reply.ts'
import type { IcmpError } from './host.ts'
import { isHardError } from './icmp-error.ts'
import type { Listener } from './listener.ts'
import { Negotiated } from './options.ts'
import { openPassively } from './passive-open.ts'
import { replyReset } from './reset.ts'
import { sampleHandshake } from './rtt-sample.ts'
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
  /** When a segment that is no progress was last answered, milliseconds; 0: not yet. */
  AnsweredAt: 10,
} as const
const STRIDE = 11

/** Handshakes of all listeners together; a power of two. Each listener's own limit is its backlog. */
export const MAX_HANDSHAKES = 1 << 16

const HAS_TIMESTAMPS = 1 << 24
const HAS_SACK = 1 << 25
const HAS_SCALING = 1 << 26
const HAS_ECN = 1 << 28
/** The handshake is over, and waits for data (TCP_DEFER_ACCEPT). */
const IS_DEFERRED = 1 << 27

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

  get isFull(): boolean {
    return this.size >= MAX_HANDSHAKES
  }

  /** A SYN came to `listener`: answers it. `answer`: the Fast Open option of our SYN-ACK; `iss`: to be used instead of one of our own (a reopened TIME-WAIT). False when there is no room. */
  add(listener: Listener, seg: Segment, answer: FastOpenCookie, now: Instant, iss?: Seq): boolean {
    if (this.isFull) return false
    const tcp = this.#tcp
    const options = this.#options
    options.offer(tcp.host.sysctl, listener.settings)
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
    rows[at + Field.AnsweredAt] = 0
    this.#listeners[row] = listener
    this.#sentAt[row] = now
    listener.pending++
    listener.young++
    tcp.flows.set(seg.destination, seg.source, ports, flowHandle(FlowKind.SynCache, row))
    this.#deadlines.set(row, now, tcp.host.profile.initialTimeout)
    this.#send(row, this.#seq(row, Field.Iss), Flag.Syn | Flag.Ack, answer)
    return true
  }

  /** RFC 9293 §3.10.7.4 in SYN-RECEIVED, for a passive open. */
  arrives(row: number, seg: Segment, now: Instant): void {
    const next = this.#next(row)
    if (seg.has(Flag.Syn) && !seg.has(Flag.Rst | Flag.Ack) && seg.seq === add(next, -1)) {
      if (!asksForEcn(seg)) this.#rows[row * STRIDE + Field.Options]! &= ~HAS_ECN // RFC 3168 §6.1.1.1: perhaps ECE is what lost it
      if (!this.#mayAnswer(row)) return
      this.#sentAt[row] = NEVER // which of the two will be acknowledged is not known (Karn)
      this.#sendSynAck(row) // our SYN-ACK was lost
      return
    }
    // An empty segment is good at the right edge, too: who has filled our window acknowledges a SYN-ACK that comes again from there.
    const isEdgeGood = seg.length === 0 && !seg.has(Flag.Rst)
    const window = handshakeWindow(this.#listeners[row]!.settings) + (isEdgeGood ? 1 : 0)
    if (!inWindow(seg.seq, next, window) || this.#isStale(row, seg)) {
      if (!seg.has(Flag.Rst)) this.#sendAck(row, now)
      return
    }
    if (seg.has(Flag.Rst)) {
      // Second, by RFC 5961 §3.2: back to LISTEN.
      if (seg.seq === next || this.#tcp.host.profile.believesResets) this.#reset(row)
      else this.#sendAck(row, now)
      return
    }
    if (seg.has(Flag.Syn)) {
      this.#reset(row) // Fourth: a passive open goes back to LISTEN
      return
    }
    if (!seg.has(Flag.Ack)) return // Fifth
    if (seg.ack !== add(this.#seq(row, Field.Iss), 1)) {
      this.#acknowledgedOther(row, seg, now)
      return
    }
    if (!this.#defers(row, seg)) this.#promote(row, seg, now)
  }

  /** Not our ISS: a cookie that the peer was given while there was no room for this row, or a mistake that draws a reset. */
  #acknowledgedOther(row: number, seg: Segment, now: Instant): void {
    const tcp = this.#tcp
    if (!completeWithCookie(tcp, this.#listeners[row]!, seg, now)) {
      replyReset(tcp, seg)
      return
    }
    const ports = (seg.sourcePort << 16) | seg.destinationPort
    if (tcp.flows.find(seg.destination, seg.source, ports) !== flowHandle(FlowKind.SynCache, row))
      this.#forget(row)
  }

  /** Sends what is due again, and gives up what nobody answers. */
  advance(now: Instant): void {
    const { counters, profile } = this.#tcp.host
    const { initialTimeout, timeoutSlop, longestTimeout } = profile
    for (let row = this.#deadlines.take(now); row !== -1; row = this.#deadlines.take(now)) {
      if (this.#isExpired(row)) {
        counters.TCPTimeouts++
        counters.AttemptFails++
        this.#remove(row)
        continue
      }
      const timeouts = this.#rows[row * STRIDE + Field.Timeouts]!++
      if (timeouts === 0) this.#listeners[row]!.young--
      this.#deadlines.set(
        row,
        now,
        Math.min(initialTimeout * 2 ** (timeouts + 1) + timeoutSlop, longestTimeout),
      )
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

  /** Each handshake in `most` rows from row `from` on, with ports (remote << 16 | local); returns the row to go on from, or -1. */
  scan(from: number, most: number, visit: (local: number, remote: number, ports: number) => void): number {
    const end = Math.min(from + most, this.#used)
    for (let row = from; row < end; row++) {
      const [local = 0, remote = 0, ports = 0] = this.#rows.subarray(row * STRIDE, row * STRIDE + 3)
      if (this.#listeners[row] !== undefined) visit(local, remote, ports)
    }
    return end < this.#used ? end : -1
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
    unpack(this.#options, rows[at + Field.Options]!)
    const c = openPassively(
      tcp,
      listener,
      rows[at + Field.Local]!,
      rows[at + Field.Remote]!,
      rows[at + Field.Ports]!,
      this.#seq(row, Field.Iss),
      this.#seq(row, Field.Irs),
      this.#options,
      rows[at + Field.TsRecent]!,
      rows[at + Field.Window]!,
      now,
    )
    c.synRetransmits = rows[at + Field.Retransmits]!
    if (c.synRetransmits === 0 && this.#sentAt[row]! <= now) sampleHandshake(c, this.#sentAt[row]!, now)
    this.#forget(row)
    tcp.opened(listener, c)
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
    if (timeouts < this.#retries(this.#listeners[row]!)) return false
    return !this.#isDeferred(row) || timeouts >= this.#listeners[row]!.settings.deferAccept
  }

  /**
   * `tcp_synack_retries`; fewer, down to two, while a queue that is more than half full holds few that have not timed out yet: half of the
   * room is for the young (Linux's reqsk_timer_handler). None is given up for a newcomer, who gets a cookie: docs/decisions.
   */
  #retries({ pending, young, backlog }: Listener): number {
    let retries = this.#tcp.host.sysctl.tcp_synack_retries
    if (pending * 2 <= Math.max(8, backlog)) return retries
    for (let most = young * 2; retries > 2 && pending >= most; most *= 2) retries--
    return retries
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

  /** Once in `tcp_invalid_ratelimit`: repetitions, too, may be answers to answers, or somebody else's. */
  #mayAnswer(row: number): boolean {
    const { host, milliseconds } = this.#tcp
    const last = this.#rows[row * STRIDE + Field.AnsweredAt]!
    if (last !== 0 && ((milliseconds - last) | 0) < host.sysctl.tcp_invalid_ratelimit) {
      host.counters.TCPACKSkippedSynRecv++
      return false
    }
    this.#rows[row * STRIDE + Field.AnsweredAt] = milliseconds === 0 ? 1 : milliseconds
    return true
  }

  /** What is not acceptable is answered with an ACK, within the limits of challenges. */
  #sendAck(row: number, now: Instant): void {
    if (!this.#mayAnswer(row) || !this.#tcp.challenges.take(now)) return
    this.#tcp.host.counters.TCPChallengeACK++
    this.#send(row, add(this.#seq(row, Field.Iss), 1), Flag.Ack)
  }

  #send(row: number, seq: Seq, flags: number, answer?: FastOpenCookie): void {
    const rows = this.#rows
    const at = row * STRIDE
    unpack(this.#options, rows[at + Field.Options]!)
    sendHandshake(
      this.#tcp,
      this.#listeners[row]!.settings,
      rows[at + Field.Local]!,
      rows[at + Field.Remote]!,
      rows[at + Field.Ports]!,
      seq,
      this.#next(row),
      flags,
      this.#options,
      this.#tcp.milliseconds,
      rows[at + Field.TsRecent]!,
      answer,
    )
  }

  #seq(row: number, field: number): Seq {
    return toSeq(this.#rows[row * STRIDE + field]!)
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
    const listener = this.#listeners[row]!
    listener.pending--
    if (this.#rows[row * STRIDE + Field.Timeouts] === 0) listener.young--
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
