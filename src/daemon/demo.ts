import { createHash } from 'node:crypto'
import { type Duration, type Instant, MILLISECOND, MINUTE } from '../base/time.ts'
import type { Host } from '../sim/host.ts'
import type { Link } from '../sim/link.ts'
import { World } from '../sim/world.ts'
import { Shutdown } from '../socket/constants.ts'
import { Errno, errnoName, errnoText } from '../socket/errno.ts'
import { Sockets } from '../socket/sockets.ts'
import type { StreamSocket } from '../socket/stream-socket.ts'
import type { State } from '../tcp/state.ts'
import { readAddress } from './addresses.ts'
import type { DemoOptions } from './demo-options.ts'

const SENDER = '10.9.0.1'
const RECEIVER = '10.9.0.2'
const PORT = 9000
const CHUNK = 65_536

/** How often things are looked at. */
const SAMPLE: Duration = 10 * MILLISECOND
/** All of TCP's timers together are shorter. */
const PATIENCE: Duration = 240 * MINUTE

/** A step of a state machine. */
export interface Transition {
  at: Instant
  end: string
  from: State
  to: State
}

/** One end of the transfer: a host with a socket. */
export class DemoEnd {
  readonly name: string
  readonly address: string
  readonly host: Host
  readonly sockets: Sockets
  socket: StreamSocket
  /** The state as seen from outside: that of the tables where there is no connection. */
  state: State = 'CLOSED'
  bytes = 0
  /** Why the transfer ended too early, as an errno; 0: it did not. */
  error = 0
  readonly hash = createHash('sha256')

  constructor(world: World, name: string, address: string) {
    this.name = name
    this.address = address
    this.host = world.addHost({ address: readAddress(address), name })
    this.sockets = new Sockets(this.host.stack, world)
    this.socket = this.sockets.stream()
  }

  get connection(): StreamSocket['connection'] {
    return this.socket.connection
  }
}

/** A transfer between two stacks over a bad link, in virtual time. */
export class Demo {
  readonly options: DemoOptions
  readonly world: World
  readonly link: Link
  readonly sender: DemoEnd
  readonly receiver: DemoEnd
  readonly transitions: Transition[] = []
  /** The sender's congestion window every few milliseconds, bytes, until all has arrived. */
  readonly windows: number[] = []
  /** When the last byte was read, or undefined. */
  completedAt: Instant | undefined
  #digests: [sent: string, received: string] | undefined

  constructor(options: DemoOptions) {
    this.options = options
    this.world = new World({ seed: options.seed })
    this.sender = new DemoEnd(this.world, 'sender', SENDER)
    this.receiver = new DemoEnd(this.world, 'receiver', RECEIVER)
    const { rate, delay } = options.impairments
    // A queue of twice what fits on the way, as a router of that link might have.
    const queue = { packets: Math.max(20, Math.ceil((rate * 4 * delay) / 8e6 / 1500)) }
    const way = { impairments: options.impairments, queue }
    this.link = this.world.connect(this.sender.host, this.receiver.host, way)
    for (const end of [this.sender, this.receiver]) this.#watch(end)
    this.#serve(this.receiver)
    this.#send(this.sender)
  }

  /** Nothing more will happen. */
  get isOver(): boolean {
    return this.world.isIdle
  }

  /** Both connections have ended; what is left is the wait of TIME-WAIT. */
  get isEnded(): boolean {
    const { sender, receiver } = this
    return sender.connection?.state === 'CLOSED' && receiver.connection?.state === 'CLOSED'
  }

  /** Lets virtual time pass. */
  step(duration: Duration): void {
    const end = this.world.now + duration
    while (this.world.now < end && !this.isOver) {
      const sample = this.receiver.state === 'LISTEN' ? MILLISECOND : SAMPLE
      this.world.run(Math.min(end, this.world.now + sample))
      this.#look()
    }
  }

  /** Lets everything happen that still will. */
  finish(): void {
    this.world.runUntilIdle(PATIENCE)
    this.#look()
  }

  /** SHA-256 of what was sent and of what arrived, in hexadecimal; when the transfer is over. */
  get digests(): readonly [sent: string, received: string] {
    this.#digests ??= [this.sender.hash.digest('hex'), this.receiver.hash.digest('hex')]
    return this.#digests
  }

  get isGood(): boolean {
    const [sent, received] = this.digests
    return sent === received && this.receiver.bytes === this.options.data.length
  }

  /** Why the transfer failed, in words; undefined when it did not. */
  get failure(): string | undefined {
    const { sender, receiver } = this
    const error = sender.error || receiver.error || sender.socket.takeError()
    return error === 0 ? undefined : errnoText(errnoName(error))
  }

  /** Notes each step of the end's state machine. */
  #watch(end: DemoEnd): void {
    end.host.stack.tcp.probe = {
      transition: (_connection, from, to) => {
        // The listener was there before its connection, and TIME-WAIT outlives it.
        if (to !== 'LISTEN' && from !== 'TIME-WAIT') this.#moved(end, to)
      },
    }
  }

  #moved(end: DemoEnd, to: State): void {
    if (end.state === to) return
    this.transitions.push({ at: this.world.now, end: end.name, from: end.state, to })
    end.state = to
  }

  #serve(end: DemoEnd): void {
    const listener = end.socket
    const buffer = new Uint8Array(CHUNK)
    listener.bind(0, PORT)
    listener.listen(1)
    this.#moved(end, 'LISTEN')
    listener.onReady = () => {
      const socket = listener.accept()
      if (typeof socket === 'number') return
      listener.close()
      end.socket = socket
      socket.onReady = () => this.#read(end, buffer)
      this.#read(end, buffer)
    }
  }

  #read(end: DemoEnd, buffer: Uint8Array): void {
    const { socket } = end
    for (;;) {
      const count = socket.recv(buffer, 0, buffer.length)
      if (count === -Errno.EAGAIN) return
      if (count <= 0) {
        end.error = -count
        socket.close()
        return
      }
      end.hash.update(buffer.subarray(0, count))
      end.bytes += count
      if (end.bytes === this.options.data.length) this.completedAt = this.world.now
    }
  }

  #send(end: DemoEnd): void {
    const { socket } = end
    const { data } = this.options
    end.hash.update(data)
    socket.connect(readAddress(RECEIVER), PORT)
    const nothing = new Uint8Array(1)
    let isShut = false
    socket.onReady = () => {
      while (end.bytes < data.length && end.error === 0) {
        const count = socket.send(data, end.bytes, Math.min(CHUNK, data.length - end.bytes))
        if (count === -Errno.EAGAIN) return
        if (count < 0) {
          end.error = -count
          break
        }
        end.bytes += count
      }
      // The socket stays until the receiver has ended too: of one that is closed before, nothing shows TIME-WAIT.
      if (!isShut) socket.shutdown(Shutdown.Write)
      isShut = true
      const count = socket.recv(nothing, 0, 1)
      if (count === -Errno.EAGAIN) return
      if (count < 0) end.error ||= -count
      socket.close()
    }
  }

  /** What no connection tells of: handshakes in the SYN cache, the end of TIME-WAIT; and the curve of the window. */
  #look(): void {
    const { sender, receiver } = this
    if (receiver.state === 'LISTEN' && receiver.host.stack.tcp.synCache.size > 0)
      this.#moved(receiver, 'SYN-RECEIVED')
    for (const end of [sender, receiver]) {
      if (end.state === 'TIME-WAIT' && end.host.stack.tcp.timeWait.size === 0) this.#moved(end, 'CLOSED')
    }
    const window = sender.connection?.congestion.window ?? 0
    if (window > 0 && this.completedAt === undefined) this.windows.push(window)
  }
}
