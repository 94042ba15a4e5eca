import { Arena } from '../../src/base/arena.ts'
import { type Random, SeededRandom } from '../../src/base/random.ts'
import { type Duration, type Instant, SECOND } from '../../src/base/time.ts'
import { Link } from '../../src/sim/link.ts'
import { World } from '../../src/sim/world.ts'
import { Msg } from '../../src/socket/constants.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'
import { Sysctls } from '../../src/stack/sysctls.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import type { TcpCounters } from '../../src/tcp/counters.ts'
import { A, addHost, B, type SocketHost } from '../support/sim-world.ts'

const ARENA = 128 << 20
const BUFFER = 16 << 20
const CHUNK = new Uint8Array(1 << 16)
const PORT = 5001
/** Ethernet's MTU; its payload with timestamps. */
export const PACKET = 1500
export const SEGMENT = 1448

export interface BottleneckOptions {
  /** Bits a second. */
  rate: number
  /** Without queues. */
  roundTrip: Duration
  /** Of the queue before the rate, bytes; at least two packets. */
  buffer: number
  loss?: number
  /** Of a packet that comes a millisecond late. */
  reorder?: number
  /** Every so many data packets one is lost; instead of `loss`. */
  lossEvery?: number
  /** And the first of these is this one. */
  firstLoss?: number
  seed?: number
  /** The hosts take super-segments. */
  offload?: boolean
  /** Both agree on SACK and timestamps; yes unless said otherwise. */
  hasSack?: boolean
  /** Bytes for each host's queues. */
  arena?: number
}

/** Two hosts with one slow link between them, and flows from the first to the second that always have something to send. */
export class Bottleneck {
  readonly world: World
  readonly link: Link
  readonly options: BottleneckOptions
  readonly flows: Flow[] = []
  readonly #a: SocketHost
  readonly #b: SocketHost

  constructor(options: BottleneckOptions) {
    this.options = options
    const { rate, roundTrip, buffer, loss = 0, reorder = 0, seed = 1, offload = false } = options
    const { lossEvery = 0, firstLoss = lossEvery, hasSack = true, arena = ARENA } = options
    this.world = new World({ seed })
    this.#a = addHost(this.world, {
      address: A,
      name: 'a',
      arena: new Arena(arena),
      sysctls: sysctls(hasSack),
      segmentationOffload: offload,
    })
    this.#b = addHost(this.world, {
      address: B,
      name: 'b',
      arena: new Arena(arena),
      sysctls: sysctls(hasSack),
      segmentationOffload: offload,
    })
    const random = lossEvery > 0 ? new Metronome(lossEvery, firstLoss) : new SeededRandom(seed)
    const forth = {
      rate,
      queue: { bytes: Math.max(buffer, 2 * PACKET) },
      impairments: { loss: lossEvery > 0 ? 0.5 : loss, reorder },
      capacity: 1 << 15,
    }
    const back = { delay: roundTrip, capacity: 1 << 15 }
    this.link = new Link(this.#a, this.#b, { ...forth, back }, random)
    this.world.links.push(this.link)
  }

  /** Bytes that the path itself holds. */
  get bdp(): number {
    return (this.options.rate / 8) * (this.options.roundTrip / SECOND)
  }

  /** Bytes that wait now. */
  get queue(): number {
    return this.link.forth.backlog(this.world.now).bytes
  }

  /** Of the host that sends. */
  get counters(): TcpCounters {
    return this.#a.stack.counters.tcp
  }

  open(controller: string): Flow {
    const port = PORT + this.flows.length
    const flow = new Flow(controller, this.#a.sockets.stream())
    const listener = this.#b.sockets.stream()
    listener.bind(0, port)
    listener.listen(1)
    listener.onReady = () => {
      const accepted = listener.accept()
      if (typeof accepted === 'number') return
      accepted.onReady = () => flow.drain(accepted)
      flow.drain(accepted)
      listener.close()
    }
    flow.socket.connect(B, port)
    this.flows.push(flow)
    return flow
  }

  /** Lets time pass, looking at the bottleneck's queue every so often. */
  watch(duration: Duration, every: Duration, look: (now: Instant) => void): void {
    const end = this.world.now + duration
    while (this.world.now < end) {
      this.world.runFor(Math.min(every, end - this.world.now))
      look(this.world.now)
    }
  }

  /** Bytes a second of payload that each flow got to its user within `duration`. */
  measure(duration: Duration): number[] {
    const before = this.flows.map((flow) => flow.received)
    this.world.runFor(duration)
    return this.flows.map((flow, i) => ((flow.received - before[i]!) * SECOND) / duration)
  }

  /** What of the link's rate is payload: the most that flows can get. */
  get payloadRate(): number {
    return ((this.options.rate / 8) * SEGMENT) / PACKET
  }
}

/** A connection that sends without end, and its reader. */
export class Flow {
  readonly controller: string
  readonly socket: StreamSocket
  /** Bytes that the reader had. */
  received = 0
  isPaused = false

  constructor(controller: string, socket: StreamSocket) {
    this.controller = controller
    this.socket = socket
    socket.configure((t) => {
      t.congestionControl = controller
    })
    socket.onReady = () => this.pour()
  }

  get connection(): Connection {
    const { connection } = this.socket
    if (connection === undefined) throw new Error('not connected')
    return connection
  }

  pour(): void {
    while (!this.isPaused && this.socket.send(CHUNK, 0, CHUNK.length) === CHUNK.length);
  }

  drain(reader: StreamSocket): void {
    for (let count = 1; count > 0; ) {
      count = reader.recv(CHUNK, 0, CHUNK.length, Msg.Trunc)
      if (count > 0) this.received += count
    }
  }
}

function sysctls(hasSack: boolean): Sysctls {
  const values = new Sysctls()
  values.tcp.tcp_sack = Number(hasSack)
  values.tcp.tcp_timestamps = Number(hasSack)
  values.tcp.tcp_wmem = [4096, BUFFER, BUFFER]
  values.tcp.tcp_rmem = [4096, BUFFER, BUFFER]
  return values
}

/** Chance that strikes at regular intervals. */
class Metronome implements Random {
  readonly #every: number
  #count: number

  constructor(every: number, first: number) {
    this.#every = every
    this.#count = every - first
  }

  word(): number {
    return 0
  }

  below(): number {
    return 0
  }

  /** A link draws once for each packet. */
  fraction(): number {
    return ++this.#count % this.#every === 0 ? 0 : 1
  }

  bytes(length: number): Uint8Array {
    return new Uint8Array(length)
  }
}
