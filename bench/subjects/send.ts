import type { Runnable } from '../../src/stack/ready-list.ts'
import { send } from '../../src/tcp/calls.ts'
import type { Connection, TcpUser } from '../../src/tcp/connection.ts'
import { add } from '../../src/wire/seq.ts'
import { Established, type EstablishedOptions } from '../support/established.ts'
import type { Plan, Subject } from './subject.ts'

/** What the peer lets us have outstanding. */
const WINDOW = 4 * 1024 * 1024

/** An application that writes as much as was acknowledged. */
class Writer implements TcpUser, Runnable {
  isQueued = false
  readonly #established: Established
  readonly #connection: Connection
  /** In the arena: from elsewhere a write that wraps round the queue's end costs two views. */
  readonly #data: number
  readonly #size: number
  readonly #queued: number

  /** `size`: bytes that it writes at once. `queued`: bytes that it keeps in the send queue. */
  constructor(established: Established, size: number, queued: number) {
    this.#established = established
    this.#connection = established.connection
    this.#data = established.arena.take(size)
    this.#size = size
    this.#queued = queued
    this.#connection.user = this
  }

  changed(): void {
    this.#established.stack.ready(this)
  }

  run(): void {
    const connection = this.#connection
    const { bytes } = this.#established.arena
    while (connection.send.queue.length + this.#size <= this.#queued) {
      if (send(connection, bytes, this.#data, this.#size) !== this.#size)
        throw new Error('the send queue is too small')
    }
  }
}

/** A sender with data: an acknowledgement comes in, the application writes, the next segment goes out. */
class SendSegments implements Subject {
  readonly #established: Established
  readonly #size: number
  #milliseconds = 2

  constructor(size: number, outstanding: number, options: EstablishedOptions) {
    this.#established = new Established(options)
    this.#size = size
    const { connection, device, peer, stack } = this.#established
    peer.prepare(1, 0, WINDOW)
    device.input.count = 1
    stack.ready(new Writer(this.#established, size, outstanding * size))
    peer.send(0, this.#milliseconds)
    this.#established.turn()
    for (let i = 0; connection.send.flight < outstanding * size; i++) {
      if (i > 1000) throw new Error('the congestion window does not grow')
      peer.ack = add(peer.ack, size)
      peer.send(0, this.#milliseconds)
      this.#established.turn()
    }
  }

  run(count: number): void {
    const { connection, device, peer } = this.#established
    const sent = device.packets
    this.#milliseconds++
    for (let i = 0; i < count; i++) {
      peer.ack = add(peer.ack, this.#size)
      peer.send(0, this.#milliseconds)
      this.#established.turn()
    }
    if (device.packets - sent !== count || device.payloadLength !== this.#size || connection.retransmits > 0)
      throw new Error(`${device.packets - sent} segments for ${count} acknowledgements`)
  }
}

export const sendPlans: Plan[] = [
  {
    key: 'send',
    name: 'an acknowledgement in, a write, the next segment of 1460 bytes out',
    batch: 1024,
    bytes: 1460,
    isHeapMeasured: true,
    create: (operations) => new SendSegments(1460, 44, { turns: operations }),
  },
]
