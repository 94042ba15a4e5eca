import { Arena } from '../../src/base/arena.ts'
import { Drop } from '../../src/wire/drop.ts'
import { Ipv4Header, readIpv4 } from '../../src/wire/ipv4.ts'
import { readSegment, Segment } from '../../src/wire/tcp.ts'
import { NullDevice } from '../support/null-device.ts'
import { Peer } from '../support/peer.ts'
import type { Plan, Subject } from './subject.ts'

const SLOTS = 64

/** The headers of 64 packets in turn, so that neither branches nor bytes are always the same. */
class Parse implements Subject {
  readonly #memory: Uint8Array
  readonly #device: NullDevice
  readonly #header = new Ipv4Header()
  readonly #segment = new Segment()

  constructor() {
    const arena = new Arena(1 << 20)
    this.#memory = arena.bytes
    this.#device = new NullDevice(arena, 1512, false)
    const peer = new Peer(arena, this.#device, true)
    peer.prepare(SLOTS, 1460, 65535)
    for (let slot = 0; slot < SLOTS; slot++) peer.send(slot, slot)
  }

  run(count: number): void {
    const header = this.#header
    const segment = this.#segment
    const { rows } = this.#device.input
    const width = rows.length / this.#device.input.capacity
    let bytes = 0
    for (let i = 0; i < count; i++) {
      const row = (i % SLOTS) * width
      const at = rows[row]!
      const end = at + rows[row + 1]!
      if (readIpv4(header, this.#memory, at, end) !== Drop.None) throw new Error('not an IPv4 header')
      if (readSegment(segment, this.#memory, at + header.headerLength, end) !== Drop.None)
        throw new Error('not a TCP header')
      bytes += segment.payloadLength
    }
    if (bytes !== count * 1460 || !segment.hasTimestamps) throw new Error('not what was written')
  }
}

export const parsePlans: Plan[] = [
  {
    key: 'parse',
    name: 'parse IPv4 and TCP headers with timestamps',
    batch: 1 << 14,
    isHeapMeasured: true,
    create: () => new Parse(),
  },
]
