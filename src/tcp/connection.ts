import { type Duration, type Instant, MILLISECOND } from '../base/time.ts'
import type { Seq } from '../wire/seq.ts'
import type { Segment } from '../wire/tcp.ts'
import { AckDelay } from './ack-delay.ts'
import { Acks } from './acks.ts'
import type { CongestionController } from './congestion.ts'
import { createController } from './controllers.ts'
import { DuplicateReports } from './duplicate-reports.ts'
import { Ecn } from './ecn.ts'
import type { FastOpenQueue } from './fast-open-queue.ts'
import type { FastOpen } from './fast-open-state.ts'
import type { Listener } from './listener.ts'
import { Negotiated, optionsLength } from './options.ts'
import { Pacer } from './pacer.ts'
import { Path } from './path.ts'
import { ReceiveState } from './receive.ts'
import { ReceiveSpace } from './receive-space.ts'
import { Recovery } from './recovery.ts'
import type { Resting } from './rest.ts'
import { RoundTrip, RTO_MAX } from './rtt.ts'
import { SendState } from './send.ts'
import type { Settings } from './settings.ts'
import { ARROWS, type CloseReason, isOpen, type State } from './state.ts'
import { Statistics } from './statistics.ts'
import { TailLossProbe } from './tail-loss-probe.ts'
import type { Tcp } from './tcp.ts'
import { Timers } from './timers.ts'
import { WindowUse } from './window-use.ts'

/** Who uses a connection: the socket. Called inside a turn; it marks itself ready and does its work when applications run. */
export interface TcpUser {
  /** Something a user may wait for has changed: readable, writable, open, ended, urgent. */
  changed(): void
  /** From now on the connection is this: it has come to rest, or been woken. Who cannot be told so has connections that never rest. */
  holds?(c: Connection | Resting): void
}

/** Watches transitions: tests, and the log at its finest level. */
export interface Probe {
  transition(c: Connection, from: State, to: State): void
}

/** The transmission control block (RFC 9293 §3.3.1): the parts own their state, this holds them together. */
export class Connection {
  readonly tcp: Tcp
  /** Row in the tables of connections and timers. */
  readonly id: number
  /** Both ends, for good (MUST-45). */
  readonly local: number
  readonly remote: number
  readonly localPort: number
  readonly remotePort: number
  /** Opened by us (MUST-11): a reset in SYN-RECEIVED is then a refusal. */
  readonly isActive: boolean
  settings: Settings
  readonly options: Negotiated
  readonly send: SendState
  readonly receive: ReceiveState
  readonly acks: Acks
  readonly ackDelay = new AckDelay()
  readonly ecn = new Ecn()
  readonly duplicates = new DuplicateReports()
  readonly receiveSpace = new ReceiveSpace()
  readonly rtt: RoundTrip
  readonly recovery: Recovery
  readonly tailProbe = new TailLossProbe()
  readonly windowUse: WindowUse
  readonly pacer = new Pacer()
  readonly timers: Timers
  /** The listener in whose accept queue this connection waits. */
  listener: Listener | undefined
  user: TcpUser | undefined
  /** Of an open that is a Fast Open, or asks for one. */
  fastOpen: FastOpen | undefined
  /** Where a Fast Open by the peer counts until its handshake is over. */
  fastOpenQueue: FastOpenQueue | undefined
  /** Why the connection is CLOSED, once it is. */
  closeReason: CloseReason | undefined
  /** Reason of the last soft ICMP error, reported if the connection times out (RFC 1122 §4.2.3.9). */
  softError: CloseReason | undefined
  /** Nobody holds this connection any more: it has been closed by its user. */
  isOrphan = false
  /** In the engine's list of those that may have something to say. */
  isDirty = false
  /** When it last had its turn (`turn.ts`). */
  period = -1
  /** What the queue of those that may come to rest knows this connection by; 0: it is not in it. */
  restTicket = 0
  /** Keep-alive and zero-window probes sent since the peer was last heard. */
  probes = 0
  /** SYNs or SYN-ACKs sent again. */
  synRetransmits = 0
  /** When the peer was last heard, and when data was last sent. */
  heardAt: Instant
  spokeAt: Instant
  /** When the connection was made. */
  readonly openedAt: Instant
  /** Added to the clock for timestamps (RFC 7323 §7.1). */
  readonly timestampOffset: number
  readonly path: Path
  /** Totals for STATUS: bytes acknowledged by the peer, received in order, sent again; segments in and out. */
  bytesAcked = 0
  bytesReceived = 0
  bytesRetransmitted = 0
  segmentsIn = 0
  segmentsOut = 0
  retransmits = 0
  readonly statistics: Statistics
  #congestion: CongestionController
  #state: State = 'CLOSED'

  constructor(
    tcp: Tcp,
    id: number,
    local: number,
    localPort: number,
    remote: number,
    remotePort: number,
    isActive: boolean,
    settings: Settings,
    iss: Seq,
    timestampOffset: number,
    now: Instant,
    controller = settings.congestionControl,
  ) {
    this.tcp = tcp
    this.id = id
    this.local = local
    this.remote = remote
    this.localPort = localPort
    this.remotePort = remotePort
    this.isActive = isActive
    this.settings = settings
    this.options = new Negotiated(tcp.host.sysctl, settings)
    const { memory } = tcp
    const { profile } = tcp.host
    this.send = new SendState(memory, settings.sendBuffer, iss)
    this.receive = new ReceiveState(memory, settings.receiveLimit, settings.windowLimit, profile)
    this.acks = new Acks(profile)
    this.rtt = new RoundTrip(profile)
    this.recovery = new Recovery(iss, tcp.host.sysctl.tcp_reordering)
    this.windowUse = new WindowUse(iss)
    this.#congestion = createController(controller, tcp.host.random)
    this.recovery.board.lossWatcher = this.#congestion
    this.timers = new Timers(tcp.timers, id)
    if (settings.delaysAcks && !isActive) this.ackDelay.prefer(this, 0)
    this.statistics = new Statistics(now)
    this.timestampOffset = timestampOffset
    this.path = new Path(this, now)
    this.heardAt = now
    this.spokeAt = now
    this.openedAt = now
  }

  get state(): State {
    return this.#state
  }

  get congestion(): CongestionController {
    return this.#congestion
  }

  /** Another congestion control algorithm, which is yet to begin. */
  useController(name: string): void {
    this.#congestion = createController(name, this.tcp.host.random)
    this.recovery.board.lossWatcher = this.#congestion
  }

  /** The one door of the state machine. An arrow that RFC 9293 does not have is a fault. */
  moveTo(next: State): void {
    if (!ARROWS[this.#state].includes(next)) throw new Error(`no arrow ${this.#state} -> ${next}`)
    this.tcp.probe?.transition(this, this.#state, next)
    this.tcp.openCount += Number(isOpen(next)) - Number(isOpen(this.#state))
    this.#state = next
  }

  /** Eff.snd.MSS without SACK blocks (RFC 9293 §3.7.1, MUST-16; its MMS_S is what the path takes, RFC 1122 §3.3.3): payload bytes of a full segment. */
  get segmentSize(): number {
    const limit = Math.min(this.options.sendMss, this.path.mss)
    const own = this.settings.maxSegment
    const least = this.tcp.host.sysctl.tcp_min_snd_mss
    return Math.max(least, own === 0 ? limit : Math.min(limit, own)) - optionsLength(this.options, 0)
  }

  /** The timestamp clock of this connection, milliseconds. */
  get timestamp(): number {
    return (this.tcp.milliseconds + this.timestampOffset) | 0
  }

  /** Time since the segment that `seg` echoes was sent (RFC 7323 §4), to the millisecond; -1: it echoes what we never sent. */
  sinceEcho(seg: Segment): Duration {
    const elapsed = (this.timestamp - seg.tsEcr) | 0
    return elapsed < 0 || elapsed > RTO_MAX / MILLISECOND ? -1 : Math.max(1, elapsed) * MILLISECOND
  }

  /** Made anew from what a rest has kept (`rest.ts`), it is where it was: no arrow leads there. */
  woken(state: State): void {
    this.#state = state
  }

  /** Asks for a chance to speak at the end of this turn, or of one to come. */
  speak(): void {
    this.tcp.markDirty(this)
  }

  /** Tells the user that something changed. */
  notify(): void {
    this.user?.changed()
  }
}
