// hot path
import { FlowTable, NO_FLOW } from '../base/flow-table.ts'
import { type Duration, type Instant, MILLISECOND, SECOND, sooner } from '../base/time.ts'
import { TimerTable } from '../base/timer-table.ts'
import type { Seq } from '../wire/seq.ts'
import type { Segment } from '../wire/tcp.ts'
import { beginOpen, initialNumber } from './active-open.ts'
import { closed } from './arrives/closed.ts'
import { listen } from './arrives/listen.ts'
import { otherStates } from './arrives/other-states.ts'
import { synSent } from './arrives/syn-sent.ts'
import { abort } from './calls.ts'
import { ChallengeBudget } from './challenge-budget.ts'
import { Connection, type Probe } from './connection.ts'
import { ConnectionTable } from './connection-table.ts'
import { SynCookies } from './cookies.ts'
import { FastOpenClient } from './fast-open-client.ts'
import { FastOpenKeys } from './fast-open-keys.ts'
import { takesFastOpenAnyway } from './fast-open-server.ts'
import type { FastOpen } from './fast-open-state.ts'
import { FlowKind, flowHandle, kindOf, rowOf } from './flows.ts'
import type { IcmpError, SegmentSink, TcpHost } from './host.ts'
import { icmpError } from './icmp-error.ts'
import { SequenceSource } from './isn.ts'
import type { Listener } from './listener.ts'
import { Listeners } from './listeners.ts'
import { TcpMemory } from './memory.ts'
import { output } from './output.ts'
import { prune } from './prune.ts'
import { sendReset } from './reset.ts'
import { Resting } from './rest.ts'
import { Rests } from './rests.ts'
import { sendAck } from './segments.ts'
import type { Settings } from './settings.ts'
import { type CloseReason, isSynchronized } from './state.ts'
import { SynCache } from './syn-cache.ts'
import { TimeWaitTable } from './time-wait.ts'
import { timeouts } from './timeouts.ts'
import { TIMER_COLUMNS } from './timers.ts'
import { Turn } from './turn.ts'

/** Spreads the peers over listeners that share a port; 2^32 by the golden ratio. */
const SCATTER = 0x9e3779b1

/** TCP: the tables of what there is, and the verbs that the stack calls. */
export class Tcp {
  readonly host: TcpHost
  readonly flows: FlowTable
  readonly timers = new TimerTable(TIMER_COLUMNS)
  readonly table = new ConnectionTable()
  readonly rests = new Rests(this)
  readonly listeners = new Listeners()
  readonly synCache: SynCache
  readonly timeWait: TimeWaitTable
  readonly source: SequenceSource
  readonly memory: TcpMemory
  readonly cookies: SynCookies
  readonly challenges: ChallengeBudget
  readonly fastOpenKeys: FastOpenKeys
  readonly fastOpen: FastOpenClient
  readonly turn = new Turn()
  probe: Probe | undefined
  /** The clock of timestamps, whole milliseconds (RFC 7323 §4.1, §5.4), int32; read once a verb. */
  milliseconds = 0
  /** Whole seconds: what outlives the wrap of milliseconds. */
  seconds = 0
  /** Connections past the handshake and not yet CLOSED. */
  establishedCount = 0
  /** Those in ESTABLISHED and CLOSE-WAIT (tcpCurrEstab of RFC 4022). */
  openCount = 0
  orphanCount = 0
  /** The moment of which `milliseconds` and `seconds` are. */
  #tickedAt: Instant = Number.NEGATIVE_INFINITY

  constructor(host: TcpHost) {
    this.host = host
    this.flows = new FlowTable(host.random.word(), host.random.word())
    this.source = new SequenceSource(host.random, host.sysctl)
    this.memory = new TcpMemory(host.arena, host.sysctl, host.counters)
    this.synCache = new SynCache(this)
    this.timeWait = new TimeWaitTable(this)
    this.challenges = new ChallengeBudget(host)
    this.cookies = new SynCookies(host.random)
    this.fastOpenKeys = new FastOpenKeys(host.random)
    this.fastOpen = new FastOpenClient(host)
  }

  /** SEGMENT ARRIVES (RFC 9293 §3.10.7). `seg` has passed IP and its checksum. */
  receive(seg: Segment, now: Instant): void {
    this.tick(now)
    if (now < this.host.quietTime) {
      this.host.counters.TCPDropQuietTime++
      return
    }
    if (seg.hasBadOption) this.host.counters.TCPDropBadOption++
    const handle = this.flows.find(seg.destination, seg.source, (seg.sourcePort << 16) | seg.destinationPort)
    if (handle === NO_FLOW) this.#withoutFlow(seg, now)
    else if (kindOf(handle) === FlowKind.Connection) this.arrives(this.#awake(rowOf(handle))!, seg, now)
    else this.synCache.arrives(rowOf(handle), seg, now)
  }

  /** USER TIMEOUT, RETRANSMISSION TIMEOUT, TIME-WAIT TIMEOUT (RFC 9293 §3.10.8), and the others. */
  advance(now: Instant): void {
    this.tick(now)
    for (let row = this.timers.takeDue(now); row !== -1; row = this.timers.takeDue(now)) {
      const c = this.#awake(row)
      if (c === undefined) continue
      try {
        timeouts(c, now)
      } catch (error) {
        this.#fault(c, error)
      }
      if (c.state !== 'CLOSED') this.timers.requeue(row, now)
    }
    this.synCache.advance(now)
    this.timeWait.advance(now)
    this.rests.advance(now)
  }

  /** Lets every connection that has something to say speak. */
  transmit(out: SegmentSink, now: Instant): void {
    this.tick(now)
    if (this.memory.wantsPruning) this.#prune()
    this.turn.begin(out.segmentationOffload, now)
    const { speakers } = this.turn
    for (let c = speakers.take(); c !== undefined; c = speakers.take()) {
      c.isDirty = false
      this.turn.takes(c)
      try {
        if (!output(c, out, now)) this.markDirty(c)
        if (c.restTicket === 0) this.rests.watch(c)
      } catch (error) {
        this.#fault(c, error)
      }
    }
  }

  /** Something is to be said: the next turn's output must not wait. */
  get isDirty(): boolean {
    return !this.turn.speakers.isEmpty
  }

  nextDeadline(): Instant {
    const handshakes = sooner(this.synCache.nextDeadline(), this.timeWait.nextDeadline())
    return sooner(sooner(this.timers.next(), this.rests.nextDeadline()), handshakes)
  }

  /** An ICMP error that quotes a segment of ours (MUST-54). */
  icmpError(error: IcmpError, now: Instant): void {
    this.tick(now)
    const handle = this.flows.find(
      error.source,
      error.destination,
      (error.destinationPort << 16) | error.sourcePort,
    )
    if (handle === NO_FLOW) this.host.counters.OutOfWindowIcmps++
    else if (kindOf(handle) === FlowKind.Connection) icmpError(this.#awake(rowOf(handle))!, error, now)
    else this.synCache.icmpError(rowOf(handle), error)
  }

  /** Passive OPEN (RFC 9293 §3.10.1), whatever connections use the port (MUST-41, MUST-42). The caller has seen that it is free. */
  listen(local: number, port: number, backlog: number, settings: Settings): Listener {
    const listener = this.listeners.add(local, port, backlog, settings)
    listener.fastOpen.limit = settings.fastOpenBacklog
    if (takesFastOpenAnyway(this.host.sysctl.tcp_fastopen)) listener.fastOpen.limit ||= backlog
    return listener
  }

  /** Ends LISTEN: handshakes in progress are forgotten, what nobody accepted is reset. */
  unlisten(listener: Listener): void {
    listener.isOpen = false
    this.listeners.remove(listener)
    this.synCache.removeAll(listener)
    for (let c = listener.accept(); c !== undefined; c = listener.accept()) {
      abort(c)
      c.receive.clear()
    }
  }

  /** Active OPEN (RFC 9293 §3.10.1): CLOSED to SYN-SENT. The caller has chosen addresses and ports that no flow uses. */
  connect(
    local: number,
    localPort: number,
    remote: number,
    remotePort: number,
    settings: Settings,
    now: Instant,
    fastOpen?: FastOpen,
  ): Connection {
    this.tick(now)
    const iss = initialNumber(this, local, localPort, remote, remotePort, now)
    const c = this.create(local, localPort, remote, remotePort, true, settings, iss, now)
    c.fastOpen = fastOpen
    beginOpen(c, now)
    return c
  }

  /** OPEN of a passive connection made active (RFC 9293 §3.10.1), which no socket does (EISCONN). Undefined, and still LISTEN, when the pair is in use. */
  connectFromListen(
    listener: Listener,
    local: number,
    remote: number,
    remotePort: number,
    now: Instant,
  ): Connection | undefined {
    this.tick(now)
    if (!this.isPairFree(local, listener.port, remote, remotePort, now)) return undefined
    this.unlisten(listener)
    const iss = initialNumber(this, local, listener.port, remote, remotePort, now)
    const c = this.create(local, listener.port, remote, remotePort, true, listener.settings, iss, now)
    c.moveTo('LISTEN')
    beginOpen(c, now)
    return c
  }

  /** A connection in CLOSED with a row in the tables; `adopt` gives it its flow. */
  create(
    local: number,
    localPort: number,
    remote: number,
    remotePort: number,
    isActive: boolean,
    settings: Settings,
    iss: Seq,
    now: Instant,
  ): Connection {
    const id = this.timers.allocate()
    const offset = this.source.timestampOffset(local, remote)
    return new Connection(
      this,
      id,
      local,
      localPort,
      remote,
      remotePort,
      isActive,
      settings,
      iss,
      offset,
      now,
    )
  }

  /** From now on segments of the connection's four-tuple are its own. */
  adopt(c: Connection): void {
    this.table.add(c)
    this.memory.connections++
    const ports = (c.remotePort << 16) | c.localPort
    this.flows.set(c.local, c.remote, ports, flowHandle(FlowKind.Connection, c.id))
  }

  /** A passive open has made a connection: it gets its flow, and waits to be accepted. */
  opened(listener: Listener, c: Connection): void {
    this.adopt(c)
    this.host.counters.PassiveOpens++
    listener.push(c)
  }

  markDirty(c: Connection): void {
    if (c.isDirty) return
    c.isDirty = true
    this.turn.speakers.add(c)
    this.host.wake()
  }

  /** The connection is over: CLOSED, its flow and timers gone; its user may still read what arrived. */
  finish(c: Connection, reason: CloseReason): void {
    if (c.state === 'CLOSED') return
    const flow = flowHandle(FlowKind.Connection, c.id)
    const ports = (c.remotePort << 16) | c.localPort
    if (this.flows.find(c.local, c.remote, ports) === flow) this.flows.delete(c.local, c.remote, ports)
    this.#countEnd(c, reason)
    c.closeReason = reason
    c.moveTo('CLOSED')
    c.send.queue.clear()
    c.recovery.clear()
    c.acks.clear()
    if (c.isOrphan) c.receive.clear()
    else c.receive.reassembly.clear()
    this.table.remove(c)
    this.memory.connections--
    this.timers.release(c.id)
    c.notify()
  }

  /** True when a connection may be opened between these two ends: none is there, nor one in TIME-WAIT that must not be disturbed. */
  isPairFree(local: number, localPort: number, remote: number, remotePort: number, now: Instant): boolean {
    const ports = (remotePort << 16) | localPort
    if (this.flows.find(local, remote, ports) !== NO_FLOW) return false
    const row = this.timeWait.find(local, remote, ports)
    return row === -1 || this.timeWait.mayReuse(row, now)
  }

  /** Both FINs are through: what remains is a row in the table of TIME-WAIT (MUST-13). */
  enterTimeWait(c: Connection, now: Instant): void {
    c.moveTo('TIME-WAIT')
    this.#leaveRow(c, now)
  }

  /** An orphan in FIN-WAIT-2: a row waits for the peer's FIN in its place. */
  leaveFinWait2(c: Connection, now: Instant, wait: Duration): void {
    this.#leaveRow(c, now, wait)
  }

  /** The user lets go of `c`. */
  orphan(c: Connection): void {
    if (c.isOrphan) return
    c.isOrphan = true
    if (c.state !== 'CLOSED') this.orphanCount++
  }

  /** All connections that are not CLOSED; those at rest are woken for it (`table` has them as they are). */
  *connections(): IterableIterator<Connection> {
    for (const c of this.table.all()) yield this.#awake(c.id)!
  }

  #awake(row: number): Connection | undefined {
    const c = this.table.at(row)
    return c instanceof Resting ? this.rests.wake(c) : c
  }

  /** There is neither a connection nor a handshake for this segment; perhaps one in TIME-WAIT. */
  #withoutFlow(seg: Segment, now: Instant): void {
    const ports = (seg.sourcePort << 16) | seg.destinationPort
    const row = this.timeWait.find(seg.destination, seg.source, ports)
    if (row === -1) {
      this.#stranger(seg, now)
      return
    }
    const iss = this.timeWait.arrives(row, seg, now)
    if (iss !== undefined) this.#stranger(seg, now, iss)
  }

  /** Nobody has a flow for this segment; `iss` when it reopens a TIME-WAIT. */
  #stranger(seg: Segment, now: Instant, iss?: Seq): void {
    const listener = this.listeners.find(
      seg.destination,
      seg.destinationPort,
      Math.imul(seg.source ^ seg.sourcePort, SCATTER) >>> 8,
    )
    if (listener === undefined) closed(this, seg)
    else listen(this, listener, seg, now, iss)
  }

  /** A segment for `c`. What goes wrong in its processing costs this connection only. */
  arrives(c: Connection, seg: Segment, now: Instant): void {
    c.segmentsIn += seg.segments
    if (c.restTicket === 0) this.rests.watch(c)
    try {
      if (c.state === 'SYN-SENT') synSent(c, seg, now)
      else otherStates(c, seg, now)
    } catch (error) {
      this.#fault(c, error)
    }
  }

  #leaveRow(c: Connection, now: Instant, wait?: Duration): void {
    if (!this.timeWait.add(c, now, wait) && c.acks.isOwed) sendAck(c, this.host.replies)
    this.finish(c, 'closed')
  }

  /** Memory has become short: once, every connection gives up what it can. */
  #prune(): void {
    this.memory.wantsPruning = false
    for (const c of this.table.awake()) prune(c)
  }

  #countEnd(c: Connection, reason: CloseReason): void {
    const { counters } = this.host
    if (c.isOrphan) this.orphanCount--
    c.fastOpenQueue?.left(reason === 'reset', this.seconds)
    if (c.state === 'SYN-SENT' || c.state === 'SYN-RECEIVED') counters.AttemptFails++
    else {
      this.establishedCount--
      if (reason !== 'closed' && (c.state === 'ESTABLISHED' || c.state === 'CLOSE-WAIT'))
        counters.EstabResets++
    }
  }

  #fault(c: Connection, error: unknown): void {
    this.host.counters.Faults++
    this.host.onFault(error)
    try {
      if (isSynchronized(c.state)) sendReset(c, this.host.replies)
      this.finish(c, 'fault')
    } catch (another) {
      this.host.onFault(another)
    }
  }

  /** It is `now`: who calls from outside a turn says so before, for the timestamps of what is sent. */
  tick(now: Instant): void {
    if (now === this.#tickedAt) return
    this.#tickedAt = now
    this.milliseconds = Math.floor(now / MILLISECOND) | 0
    this.seconds = Math.floor(now / SECOND) | 0
  }
}
