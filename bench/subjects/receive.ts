import { MILLISECOND } from '../../src/base/time.ts'
import type { Runnable } from '../../src/stack/ready-list.ts'
import { discard } from '../../src/tcp/calls.ts'
import type { Connection, TcpUser } from '../../src/tcp/connection.ts'
import { Established, type EstablishedOptions } from '../support/established.ts'
import type { Plan, Subject } from './subject.ts'

/** Larger than any receive window that matters here. */
const WINDOW = 65535

/** An application that throws away what it is sent. */
class Discarder implements TcpUser, Runnable {
  isQueued = false
  readonly #established: Established
  readonly #connection: Connection

  constructor(established: Established) {
    this.#established = established
    this.#connection = established.connection
    this.#connection.user = this
  }

  changed(): void {
    this.#established.stack.ready(this)
  }

  run(): void {
    discard(this.#connection, this.#connection.receive.queue.length)
  }
}

/** In-order data of one connection: parsed, delivered, read by the application, acknowledged. */
class ReceiveSegments implements Subject {
  readonly #established: Established
  readonly #perTurn: number
  #milliseconds = 2

  constructor(payload: number, perTurn: number, gsoSize: number, options: EstablishedOptions) {
    this.#established = new Established(options)
    this.#perTurn = perTurn
    const { peer } = this.#established
    peer.prepare(perTurn, payload, WINDOW, gsoSize)
    this.#established.device.input.count = perTurn
    // Every turn is acknowledged, not every second segment: as if data had come before, and been acknowledged at once for ever since.
    const { acks, ackDelay } = this.#established.connection
    acks.quick = 1 << 30
    ackDelay.timeout = 40 * MILLISECOND
    new Discarder(this.#established)
  }

  run(count: number): void {
    const { connection, device, peer } = this.#established
    const { tcp } = this.#established.stack.counters
    const before = tcp.InSegs
    const sent = device.packets
    this.#milliseconds++
    for (let i = 0; i < count; i += this.#perTurn) {
      for (let slot = 0; slot < this.#perTurn; slot++) peer.send(slot, this.#milliseconds)
      this.#established.turn()
    }
    if (tcp.InSegs - before !== count || connection.receive.nxt !== peer.seq)
      throw new Error('not every segment was delivered')
    if (device.packets - sent !== count / this.#perTurn)
      throw new Error(`${device.packets - sent} acknowledgements`)
  }
}

const plan = (key: string, name: string, bytes: number, create: Plan['create']): Plan => ({
  key,
  name,
  batch: 1024,
  bytes,
  isHeapMeasured: true,
  create,
})

export const receivePlans: Plan[] = [
  plan(
    'receive',
    'a segment of 1460 bytes in, read, its acknowledgement out',
    1460,
    (turns) => new ReceiveSegments(1460, 1, 0, { turns }),
  ),
  plan(
    'receive-summed',
    'the same with its checksum summed',
    1460,
    (turns) => new ReceiveSegments(1460, 1, 0, { turns, isChecked: false }),
  ),
  plan(
    'receive-batch',
    'the same, 32 segments a turn with one acknowledgement',
    1460,
    (turns) => new ReceiveSegments(1460, 32, 0, { turns }),
  ),
  plan(
    'receive-super',
    'a super-segment of 65160 bytes in, read, acknowledged',
    65_160,
    (turns) => new ReceiveSegments(65_160, 1, 1448, { turns }),
  ),
]
