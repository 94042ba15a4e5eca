import { Arena } from '../../src/base/arena.ts'
import { SECOND } from '../../src/base/time.ts'
import type { Host } from '../../src/sim/host.ts'
import { World } from '../../src/sim/world.ts'
import type { Runnable } from '../../src/stack/ready-list.ts'
import { discard, send } from '../../src/tcp/calls.ts'
import type { Connection, TcpUser } from '../../src/tcp/connection.ts'
import { Settings } from '../../src/tcp/settings.ts'
import { OUR_PORT, PEER, US } from '../support/peer.ts'
import type { Plan, Subject } from './subject.ts'

const DELAY = 10
const PIECE = 65_536
const MEGABYTE = 1_000_000

/** One end's application. */
abstract class Application implements TcpUser, Runnable {
  isQueued = false
  protected readonly connection: Connection
  readonly #host: Host

  constructor(host: Host, connection: Connection) {
    this.#host = host
    this.connection = connection
    connection.user = this
  }

  changed(): void {
    this.#host.stack.ready(this)
  }

  abstract run(): void
}

class Reader extends Application {
  read = 0

  run(): void {
    const { length } = this.connection.receive.queue
    this.read += length
    if (length > 0) discard(this.connection, length)
  }
}

class Writer extends Application {
  /** Bytes still to be written. */
  left = 0
  readonly #data = new Uint8Array(PIECE).fill(7)

  run(): void {
    while (this.left > 0) {
      const count = send(this.connection, this.#data, 0, PIECE)
      this.left -= count
      if (count < PIECE) return
    }
  }
}

/** Bytes from one stack to another, over a link of 10 µs without a rate or a loss; both stacks, and the link's copy, are in the time. */
class Transfer implements Subject {
  readonly #world = new World()
  readonly #reader: Reader
  readonly #writer: Writer
  #wanted = 0

  constructor(segmentationOffload: boolean) {
    const arena = new Arena(64 * 1024 * 1024)
    const world = this.#world
    const a = world.addHost({ address: PEER, arena, segmentationOffload })
    const b = world.addHost({ address: US, arena, segmentationOffload })
    world.connect(a, b, { delay: DELAY })
    const settings = new Settings(b.stack.sysctls.tcp)
    const listener = b.stack.tcp.listen(0, OUR_PORT, 8, settings)
    const connection = a.stack.tcp.connect(PEER, 4000, US, OUR_PORT, settings, world.now)
    world.runUntil(() => listener.queued > 0, SECOND)
    this.#reader = new Reader(b, listener.accept()!)
    this.#writer = new Writer(a, connection)
  }

  run(count: number): void {
    this.#wanted += count * MEGABYTE
    this.#writer.left += count * MEGABYTE
    this.#writer.changed()
    this.#world.runUntil(() => this.#reader.read >= this.#wanted, 1000 * SECOND)
  }
}

export const transferPlans: Plan[] = [
  {
    key: 'transfer',
    name: 'a megabyte between two stacks',
    batch: 4,
    bytes: MEGABYTE,
    create: () => new Transfer(false),
  },
  {
    key: 'transfer-super',
    name: 'the same in super-segments',
    batch: 4,
    bytes: MEGABYTE,
    create: () => new Transfer(true),
  },
]
