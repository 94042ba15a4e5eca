import { describe, expect, test } from 'vitest'
import { Arena } from '../../src/base/arena.ts'
import { type Duration, MILLISECOND, SECOND } from '../../src/base/time.ts'
import { World } from '../../src/sim/world.ts'
import { Msg } from '../../src/socket/constants.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'
import { A, addHost, B, type SocketHost } from '../support/sim-world.ts'

const PORT = 9
const FLOWS = 8
const CHUNK = new Uint8Array(1 << 16)
const SEGMENT = 1448
/** Between two that begin, and from the first on until shares are looked at. */
const APART = 5 * MILLISECOND
const WARM_UP = 500 * MILLISECOND

interface Site {
  /** Time that a packet takes the host that sends, and the one that receives. */
  sending: Duration
  receiving: Duration
  /** Segments at which slow start ends for every second connection: some delay was taken for a queue (RFC 9406). */
  early: number
}

/** Eight connections by which one host pours into another. */
class Crowd {
  readonly world = new World()
  /** Bytes that arrived by each. */
  readonly received = new Array<number>(FLOWS).fill(0)
  readonly #from: SocketHost
  readonly #to: SocketHost

  constructor(site: Site) {
    const arena = new Arena(1 << 28)
    this.#from = addHost(this.world, { arena, address: A, name: 'a', packetTime: site.sending })
    this.#to = addHost(this.world, { arena, address: B, name: 'b', packetTime: site.receiving })
    this.world.connect(this.#from, this.#to, { delay: 20, capacity: 1 << 15 })
    for (let i = 0; i < FLOWS; i++)
      this.world.at(this.world.now + i * APART, () => this.#open(i, site.early * SEGMENT))
    this.world.runFor(WARM_UP)
  }

  /** What each got of an eighth, within three seconds. */
  shares(): number[] {
    const before = this.received.slice()
    this.world.runFor(3 * SECOND)
    const got = this.received.map((bytes, i) => bytes - before[i]!)
    const sum = got.reduce((a, b) => a + b)
    return got.map((bytes) => (bytes * FLOWS) / sum)
  }

  #open(row: number, early: number): void {
    const listener = this.#to.sockets.stream()
    listener.bind(0, PORT + row)
    listener.listen(1)
    listener.onReady = () => {
      const reader = listener.accept()
      if (typeof reader === 'number') return
      reader.onReady = () => this.#drain(reader, row)
      this.#drain(reader, row)
    }
    const socket = this.#from.sockets.stream()
    let isBegun = false
    socket.onReady = () => {
      if (!isBegun && row % 2 === 1) socket.connection!.congestion.threshold = early
      isBegun = true
      while (socket.send(CHUNK, 0, CHUNK.length) > 0);
    }
    socket.connect(B, PORT + row)
  }

  #drain(reader: StreamSocket, row: number): void {
    for (let count = 1; count > 0; this.received[row]! += Math.max(0, count))
      count = reader.recv(CHUNK, 0, CHUNK.length, Msg.Trunc)
  }
}

describe('eight connections of a host that is slower than its network get half their share at least, whatever their congestion windows', () => {
  test.each([
    ['it sends', { sending: 20, receiving: 0, early: 50 }],
    ['it receives', { sending: 0, receiving: 20, early: 100 }],
  ])('%s', (_, site) => {
    const shares = new Crowd(site).shares()
    expect(Math.min(...shares), shares.join(' ')).toBeGreaterThan(0.5)
  })
})
