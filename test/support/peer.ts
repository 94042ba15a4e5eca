import { Arena } from '../../src/base/arena.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { type Duration, type Instant, MILLISECOND, SECOND } from '../../src/base/time.ts'
import { PathMtus } from '../../src/ip/path-mtus.ts'
import { RouteSysctls } from '../../src/ip/sysctls.ts'
import * as calls from '../../src/tcp/calls.ts'
import type { Connection, TcpUser } from '../../src/tcp/connection.ts'
import { TcpCounters } from '../../src/tcp/counters.ts'
import { FlowKind, kindOf, rowOf } from '../../src/tcp/flows.ts'
import type { SegmentSink, TcpHost } from '../../src/tcp/host.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import { LINUX, PROFILES, type TcpProfile } from '../../src/tcp/profile.ts'
import { Settings } from '../../src/tcp/settings.ts'
import type { State } from '../../src/tcp/state.ts'
import { TcpSysctls } from '../../src/tcp/sysctls.ts'
import { Tcp } from '../../src/tcp/tcp.ts'
import { add, distance, type Seq, toSeq } from '../../src/wire/seq.ts'
import { Flag, readSegment, Segment, TCP_HEADER, writeTcpHeader } from '../../src/wire/tcp.ts'
import {
  formatOptions,
  formatSegment,
  type Line,
  type Origins,
  parseLine,
  relativeSeq,
  type Sent,
  writeOptionText,
} from './notation.ts'

export const OUR_ADDRESS = 0x0a090002
export const OUR_PORT = 7
export const PEER_ADDRESS = 0x0a090001
export const PEER_PORT = 40_000

/** The peer's timestamp clock wraps from positive to negative at 2,200, ours the other way at 512. */
const PEER_CLOCK = 0x7fffffff - 2200
const OUR_CLOCK = -0x200

/** Bytes of the arena that stand for the device's receive slab. */
const SLAB = 131_072
const HEAD = 2048

export interface PeerOptions {
  /** Options of the peer's SYN or SYN-ACK, 'mss 1460' when left out. */
  options?: string
  /** The peer's window field in its SYN, and wherever a line names none; 65535 when left out. */
  win?: number
  /** Our initial sequence number, just below 2^31 when left out, and the peer's, just below 2^32. */
  iss?: number
  irs?: number
  sysctl?: Partial<TcpSysctls>
  /** Whose choices ours makes; Linux's when left out. */
  profile?: 'linux' | 'freebsd'
  settings?: Partial<Settings>
  mtu?: number
  backlog?: number
  /** The device takes super-segments. */
  offload?: boolean
  /** Bytes for streams. */
  memory?: number
  /** Nothing is sent or taken before. */
  quietTime?: Instant
}

/** The byte at relative sequence number `n` of either direction's stream. */
const pattern = (n: number): number => (n * 31 + (n >> 8) * 7) & 0xff

/**
 * One host that talks to a `Tcp` of ours in packetdrill's notation, with a clock that moves when it is told to.
 *
 * A turn begins with `sends`; calls of the user follow; it ends (our side transmits) with whatever looks or waits: `expects`,
 * `advance`, the next `sends`. All payload is a known pattern, checked wherever it arrives.
 */
export class Peer {
  readonly tcp: Tcp
  readonly arena: Arena
  readonly paths: PathMtus
  readonly counters = new TcpCounters()
  readonly sysctl = new TcpSysctls()
  readonly profile: TcpProfile = { ...LINUX }
  readonly settings: Settings
  /** What our numbers count from; the cookie, once `expectsCookie` has seen one. */
  iss: Seq
  readonly irs: Seq
  /** What was thrown inside a turn. */
  readonly faults: unknown[] = []
  /** How often our side asked for a turn. */
  wakes = 0
  now: Instant = SECOND
  /** When the factory was done: times in tests count from here. */
  started: Instant = SECOND
  /** The connection that tests look into; undefined while it is a row of a table. */
  connection: Connection | undefined
  listener: Listener | undefined
  /** Window field of lines that name none. */
  win: number
  offload: boolean
  /** Packets leave no more while this is set: the device is full. */
  isFull = false
  /** A turn's output may end though there is more to say. */
  leavesUnsaid = false
  readonly outbox: Sent[] = []
  /** Bytes of the arena in use when there is no connection. */
  readonly idle: number
  /** The TSval that the peer last saw, to echo. */
  #echo = 0
  #hasTimestamps = false
  #written = 0
  #read = 0
  #head: number
  #slab: number
  #slabUsed = 0
  #port = PEER_PORT
  readonly #segment = new Segment()

  constructor(options: PeerOptions = {}) {
    Object.assign(this.sysctl, options.sysctl)
    Object.assign(this.profile, PROFILES.get(options.profile ?? 'linux'))
    this.iss = toSeq(options.iss ?? 0x7fff_fff0)
    this.irs = toSeq(options.irs ?? 0xffff_fff0)
    this.win = options.win ?? 65535
    this.offload = options.offload ?? false
    this.arena = new Arena(options.memory ?? 4 << 20)
    this.#head = this.arena.take(HEAD)
    this.#slab = this.arena.take(SLAB)
    this.idle = this.arena.used
    this.paths = new PathMtus(options.mtu ?? 1500, new RouteSysctls())
    this.tcp = new Tcp(this.#host(options.quietTime ?? 0, options.mtu ?? 1500))
    this.tcp.source.initial = () => this.iss
    this.tcp.source.timestampOffset = () => OUR_CLOCK
    this.settings = Object.assign(new Settings(this.sysctl), options.settings)
  }

  /** The segments arrive in one turn. Timestamps are added where they were agreed on and the line has no options. */
  sends(...lines: string[]): void {
    this.#transmit()
    this.#slabUsed = 0
    for (const line of lines) this.tcp.receive(this.#build(parseLine(line)), this.now)
    this.tcp.advance(this.now)
  }

  /** The same from another port of the peer's: another connection. */
  sendsFrom(port: number, ...lines: string[]): void {
    this.#port = port
    this.sends(...lines)
    this.#port = PEER_PORT
  }

  /** The next segment that our side has sent is this one. What the line leaves out (ack, win, options, …) may be anything. */
  expects(line: string): Sent {
    this.#transmit()
    const sent = this.outbox.shift()
    const actual = sent === undefined ? 'nothing' : formatSegment(sent, this.#fromUs)
    if (sent === undefined || !this.#matches(parseLine(line), sent)) this.fail(line, actual)
    if (sent.segment.hasTimestamps) this.#echo = sent.segment.tsVal
    return sent
  }

  /** The next segment is a SYN-ACK whose number is a cookie: our numbers count from it now. Returns its options in the notation. */
  expectsCookie(line = 'S. 0:0(0) ack 1'): string {
    this.#transmit()
    const [sent] = this.outbox
    if (sent === undefined) this.fail('a SYN-ACK', 'nothing')
    this.iss = sent.segment.seq
    return formatOptions(this.expects(line), this.#fromUs)
  }

  expectsNothing(): void {
    this.#transmit()
    const [sent] = this.outbox
    if (sent !== undefined) this.fail('nothing', formatSegment(sent, this.#fromUs))
  }

  /** Forgets what was sent, and returns it in the notation. */
  takes(): string[] {
    this.#transmit()
    return this.outbox.splice(0).map((sent) => formatSegment(sent, this.#fromUs))
  }

  /** Forgets what was sent, and returns the moments, microseconds since `started`. */
  takesTimes(): Duration[] {
    this.#transmit()
    return this.outbox.splice(0).map((sent) => sent.at)
  }

  /** What the four-tuple is in now. */
  get currentState(): State {
    const ports = (PEER_PORT << 16) | OUR_PORT
    const handle = this.tcp.flows.find(OUR_ADDRESS, PEER_ADDRESS, ports)
    const row = this.tcp.timeWait.find(OUR_ADDRESS, PEER_ADDRESS, ports)
    if (handle === -1 && row !== -1) return this.tcp.timeWait.stateOf(row)
    if (handle === -1) return this.listener?.isOpen ? 'LISTEN' : 'CLOSED'
    if (kindOf(handle) === FlowKind.SynCache) return 'SYN-RECEIVED'
    for (const c of this.tcp.connections()) if (c.id === rowOf(handle)) return c.state
    throw new Error('a flow without a connection')
  }

  state(expected: State): void {
    if (this.currentState !== expected) this.fail(expected, this.currentState)
  }

  /** Lets time pass: timers and output run at each deadline. */
  advance(duration: Duration): void {
    this.#transmit()
    const until = this.now + duration
    for (let turns = 0; this.tcp.nextDeadline() <= until; turns++) {
      if (turns > 100_000) throw new Error('time stands still')
      this.now = Math.max(this.now, this.tcp.nextDeadline())
      this.tcp.advance(this.now)
      this.#transmit()
    }
    this.now = until
  }

  /** Lets time pass up to a moment, counted from `started`. */
  at(moment: Duration): void {
    this.advance(this.started + moment - this.now)
  }

  get elapsed(): Duration {
    return this.now - this.started
  }

  /** The connection, where there must be one. */
  get c(): Connection {
    if (this.connection === undefined) throw new Error('no connection')
    return this.connection
  }

  accepts(): Connection {
    const c = this.listener?.accept()
    if (c === undefined) this.fail('a connection to accept', 'none')
    this.connection = c
    return c
  }

  /** Our user writes `length` bytes of the pattern; returns how many were taken. */
  writes(length: number): number {
    const taken = calls.send(this.c, this.#pattern(1 + this.#written, length), 0, length)
    this.#written += taken
    return taken
  }

  /** Our user reads up to `length` bytes, which must be the pattern; returns how many. */
  reads(length = 1 << 24): number {
    const to = new Uint8Array(Math.min(length, this.c.receive.queue.length))
    const count = calls.receive(this.c, to, 0, to.length, true)
    for (let i = 0; i < count; i++) {
      if (to[i] !== pattern(1 + this.#read + i)) this.fail(`byte ${1 + this.#read + i} right`, 'wrong')
    }
    this.#read += count
    return count
  }

  closes(): void {
    calls.close(this.c, this.now)
  }

  aborts(): void {
    calls.abort(this.c)
  }

  /** Our user lets go of the connection. */
  releases(): void {
    calls.release(this.c, this.now)
  }

  /** Our user lets go of another connection than the one that tests look into. */
  releasesOther(c: Connection): void {
    calls.release(c, this.now)
  }

  /** Another connection follows: its streams begin anew. */
  restarts(): void {
    this.#written = 0
    this.#read = 0
  }

  fail(expected: string, actual: string): never {
    const counted = Object.entries(this.counters).filter(([, value]) => value !== 0)
    const counters = counted.map(([name, value]) => `${name}=${value}`).join(' ')
    const rest = this.outbox.map((sent) => `\n          ${formatSegment(sent, this.#fromUs)}`).join('')
    throw new Error(
      `at ${this.elapsed / SECOND} s\nexpected: ${expected}\nactual:   ${actual}${rest}\ncounters: ${counters}` +
        this.faults.map((fault) => `\nfault: ${fault}`).join(''),
    )
  }

  /** Wiring of the factories: the peer's SYN's options decide whether its lines carry timestamps. */
  agreed(options: string): void {
    this.#hasTimestamps = options.includes('TS ')
    this.started = this.now
  }

  #build(line: Line): Segment {
    const { bytes } = this.arena
    const start = this.#slab + this.#slabUsed
    const origins = this.#fromPeer
    const options = line.options ?? (this.#hasTimestamps && !(line.flags & Flag.Syn) ? this.#stamp() : '')
    const payload = writeOptionText(options, bytes, start + TCP_HEADER, origins)
    const seq = add(this.irs, line.seq)
    const ack = line.ack === undefined ? 0 : add(this.iss, line.ack)
    const win = line.win ?? this.win
    writeTcpHeader(
      bytes,
      start,
      this.#port,
      OUR_PORT,
      seq,
      toSeq(ack),
      payload - start,
      line.flags,
      win,
      line.urgent ?? 0,
    )
    bytes.set(this.#pattern(line.seq + (line.flags & Flag.Syn ? 1 : 0), line.length), payload)
    this.#slabUsed += (payload + line.length - start + 3) & ~3
    if (this.#slabUsed > SLAB) throw new Error('more than the slab holds')
    readSegment(this.#segment, bytes, start, payload + line.length)
    this.#segment.source = PEER_ADDRESS
    this.#segment.destination = OUR_ADDRESS
    this.#segment.gsoSize = line.gso ?? 0
    this.#segment.tos = line.ecn ?? 0
    return this.#segment
  }

  #stamp(): string {
    const val = 1000 + Math.floor(this.now / MILLISECOND)
    return `nop,nop,TS val ${val} ecr ${(this.#echo - OUR_CLOCK) | 0}`
  }

  #matches(line: Line, sent: Sent): boolean {
    const { segment } = sent
    const is = (wanted: number | undefined, actual: number) => wanted === undefined || wanted === actual
    return (
      line.flags === segment.flags &&
      line.seq === relativeSeq(segment, this.#fromUs) &&
      line.length === segment.payloadLength &&
      is(line.ecn, sent.tos & 3) &&
      is(line.ack, distance(this.irs, segment.ack)) &&
      is(line.win, segment.window) &&
      is(line.urgent, segment.urgent) &&
      is(line.gso, segment.gsoSize) &&
      (line.options === undefined || line.options === formatOptions(sent, this.#fromUs))
    )
  }

  #transmit(): void {
    this.tcp.transmit(this.#sink, this.now)
    if (this.tcp.isDirty && !this.isFull && !this.leavesUnsaid) throw new Error('something was left unsaid')
  }

  #host(quietTime: Instant, mtu: number): TcpHost {
    return {
      arena: this.arena,
      random: new SeededRandom(1),
      sysctl: this.sysctl,
      profile: this.profile,
      counters: this.counters,
      quietTime,
      replies: this.#sink,
      sourceFor: () => OUR_ADDRESS,
      isLocal: (address) => address === OUR_ADDRESS,
      isUnicast: () => true,
      paths: this.paths,
      wake: () => {
        this.wakes++
      },
      onFault: (error) => this.faults.push(error),
      receiveMtu: mtu,
    }
  }

  get #sink(): SegmentSink {
    const peer = this
    return {
      memory: this.arena.bytes,
      get segmentationOffload() {
        return peer.offload
      },
      room: () => (this.isFull ? -1 : this.#head),
      send: (
        _source,
        _destination,
        tos,
        ttl,
        head,
        first,
        firstLength,
        second,
        secondLength,
        gsoSize,
        mayFragment = false,
      ) => {
        const memory = this.arena.bytes
        const bytes = new Uint8Array(head + firstLength + secondLength)
        bytes.set(memory.subarray(this.#head, this.#head + head))
        bytes.set(memory.subarray(first, first + firstLength), head)
        bytes.set(memory.subarray(second, second + secondLength), head + firstLength)
        this.#record(bytes, tos, ttl, gsoSize, mayFragment)
      },
    }
  }

  #record(bytes: Uint8Array, tos: number, ttl: number, gsoSize: number, mayFragment: boolean): void {
    const segment = new Segment()
    if (readSegment(segment, bytes, 0, bytes.length) !== 0) throw new Error('a malformed segment was sent')
    segment.gsoSize = gsoSize
    const sent = { segment, bytes, at: this.elapsed, tos, ttl, mayFragment }
    const from = relativeSeq(segment, this.#fromUs) + (segment.has(Flag.Syn) ? 1 : 0)
    for (let i = 0; i < segment.payloadLength; i++) {
      if (bytes[segment.payload + i] !== pattern(from + i)) {
        this.fail(`byte ${from + i} right`, formatSegment(sent, this.#fromUs))
      }
    }
    this.outbox.push(sent)
  }

  #pattern(from: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) bytes[i] = pattern(from + i)
    return bytes
  }

  get #fromPeer(): Origins {
    return {
      senderSeq: this.irs,
      receiverSeq: this.iss,
      senderClock: PEER_CLOCK,
      receiverClock: OUR_CLOCK,
    }
  }

  get #fromUs(): Origins {
    return {
      senderSeq: this.iss,
      receiverSeq: this.irs,
      senderClock: OUR_CLOCK,
      receiverClock: PEER_CLOCK,
    }
  }
}

/** Counts how often it was told of a change. */
export class RecordingUser implements TcpUser {
  changes = 0
  changed(): void {
    this.changes++
  }
}
