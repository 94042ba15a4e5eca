import { Arena } from '../../src/base/arena.ts'
import { Column, PacketFlag } from '../../src/base/packet-table.ts'
import { turn } from '../../src/device/loop.ts'
import { Stack } from '../../src/stack/stack.ts'
import { Settings } from '../../src/tcp/settings.ts'
import { Protocol, writeIpv4 } from '../../src/wire/ipv4.ts'
import { Instants } from '../support/instants.ts'
import { NullDevice } from '../support/null-device.ts'
import { OUR_PORT, Peer, US } from '../support/peer.ts'
import type { Plan, Subject } from './subject.ts'

/** A turn's batch. */
const PER_TURN = 64
/** IP and TCP header, and the options of a SYN. */
const LENGTH = 60
const BACKLOG = 8
/** 11.0.0.0 */
const FIRST_STRANGER = 0x0b000000

/** SYNs from everywhere, for which there is no room. */
class Flood implements Subject {
  readonly #stack: Stack
  readonly #device: NullDevice
  readonly #memory: Uint8Array
  readonly #heads: number[] = []
  readonly #instants: Instants
  #strangers = 0

  constructor(cookies: number, operations = 1 << 20) {
    const arena = new Arena(16 << 20)
    this.#memory = arena.bytes
    this.#instants = new Instants(Math.ceil(operations / PER_TURN) + 64)
    this.#stack = new Stack({ arena, address: { address: US, prefix: 24 }, seed: 1 })
    this.#stack.sysctls.tcp.tcp_syncookies = cookies
    this.#stack.tcp.listen(0, OUR_PORT, BACKLOG, new Settings(this.#stack.sysctls.tcp))
    this.#device = new NullDevice(arena, 1500, false)
    const peer = new Peer(arena, this.#device, true)
    const { input } = this.#device
    for (let row = 0; row < PER_TURN; row++) {
      peer.open(1460) // into row 0
      this.#heads.push(input.get(0, Column.Head))
    }
    for (let row = 0; row < PER_TURN; row++) {
      input.set(row, Column.Head, this.#heads[row]!)
      input.set(row, Column.HeadLength, LENGTH)
      input.set(row, Column.Flags, PacketFlag.ChecksumValid)
    }
    input.count = PER_TURN
    this.#turn()
  }

  run(count: number): void {
    const { counters } = this.#stack
    const before = counters.tcp.SyncookiesSent + counters.tcp.TCPReqQFullDrop
    for (let i = 0; i < count; i += PER_TURN) this.#turn()
    const answered = counters.tcp.SyncookiesSent + counters.tcp.TCPReqQFullDrop - before
    if (answered !== count) throw new Error(`${answered} of ${count} SYNs found no room`)
  }

  #turn(): void {
    for (const head of this.#heads)
      writeIpv4(this.#memory, head, LENGTH, 0, 1, 0, 64, Protocol.Tcp, this.#stranger(), US)
    turn(this.#stack, this.#device, this.#instants.next())
  }

  /** An address that has not been seen for a long time. */
  #stranger(): number {
    this.#strangers = (this.#strangers + 1) & 0xffffff
    return FIRST_STRANGER + this.#strangers
  }
}

export const floodPlans: Plan[] = [
  {
    key: 'syn-cookie',
    name: 'a SYN of a flood, answered with a cookie',
    batch: 1024,
    isHeapMeasured: true,
    create: (operations) => new Flood(1, operations),
  },
]
