import { Arena } from '../../src/base/arena.ts'
import type { Instant } from '../../src/base/time.ts'
import { turn } from '../../src/device/loop.ts'
import { Stack } from '../../src/stack/stack.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import { Settings } from '../../src/tcp/settings.ts'
import { Instants } from './instants.ts'
import { NullDevice } from './null-device.ts'
import { OUR_PORT, Peer, US } from './peer.ts'

const ARENA = 16 * 1024 * 1024

/** What counters show after some hours: from then on they are no small integers. */
const LONG_AGO = 2 ** 40

export interface EstablishedOptions {
  /** Of the link, bytes: 1512 lets a segment with timestamps carry 1,460. */
  mtu?: number
  segmentationOffload?: boolean
  /** The stack need not sum what arrives. */
  isChecked?: boolean
  /** How many moments to have in store. */
  turns?: number | undefined
}

/** A stack with one connection, which a peer has opened by real segments. */
export class Established {
  readonly arena = new Arena(ARENA)
  readonly stack: Stack
  readonly device: NullDevice
  readonly peer: Peer
  readonly connection: Connection
  readonly #instants: Instants

  constructor(options: EstablishedOptions = {}) {
    const { mtu = 1512, segmentationOffload = false, isChecked = true, turns = 1 << 16 } = options
    this.stack = new Stack({ arena: this.arena, address: { address: US, prefix: 24 }, seed: 1, mtu })
    this.stack.onFault = (error) => {
      throw error
    }
    this.device = new NullDevice(this.arena, mtu, segmentationOffload)
    this.peer = new Peer(this.arena, this.device, isChecked)
    this.#instants = new Instants(turns)
    this.connection = this.#open(mtu)
    this.#age()
  }

  /** Runs a turn on what lies in the device's input. */
  turn(): Instant {
    return turn(this.stack, this.device, this.#instants.next())
  }

  #open(mtu: number): Connection {
    const listener = this.stack.tcp.listen(0, OUR_PORT, 8, new Settings(this.stack.sysctls.tcp))
    this.peer.open(mtu - 40)
    this.turn()
    this.peer.opened()
    this.peer.prepare(1, 0, 65535)
    this.peer.send(0, 1)
    this.turn()
    this.device.input.count = 0
    const connection = listener.accept()
    if (connection === undefined) throw new Error('the handshake has failed')
    return connection
  }

  /** Lets the totals be what they are in a daemon that has run for some time. */
  #age(): void {
    const { ip } = this.stack.counters
    ip.InOctets += LONG_AGO
    ip.OutOctets += LONG_AGO
    this.connection.bytesReceived += LONG_AGO
    this.connection.bytesAcked += LONG_AGO
  }
}
