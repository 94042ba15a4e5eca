import { Arena } from '../base/arena.ts'
import type { Duration, Instant } from '../base/time.ts'
import { turn } from '../device/loop.ts'
import { Stack, type StackOptions } from '../stack/stack.ts'
import { formatAddress } from '../wire/address.ts'
import { MemoryDevice } from './memory-device.ts'

const ARENA = 64 * 1024 * 1024

export interface HostOptions extends Omit<StackOptions, 'arena' | 'address' | 'seed'> {
  /** int32. */
  address: number
  /** Of the network that the address lies in; 24 when left out. */
  prefix?: number
  /** The address when left out. */
  name?: string
  /** Of the stack; the world gives one that follows from its own. */
  seed?: Uint8Array | number
  /** 64 MB of its own when left out. Hosts may share one: what they send each other is then copied without a view. */
  arena?: Arena
  /** Takes and delivers super-segments and partial checksums. */
  segmentationOffload?: boolean
  /** Time that each packet takes it, read or written; none when left out. */
  packetTime?: Duration
}

/** A machine in a simulated world: a stack with its device. */
export class Host {
  readonly name: string
  readonly address: number
  readonly arena: Arena
  readonly stack: Stack
  readonly device: MemoryDevice
  /** Turns so far. */
  turns = 0
  readonly #packetTime: Duration
  #deadline: Instant = 0
  #busyUntil: Instant = 0
  #isAwake = true

  constructor(options: HostOptions & { seed: Uint8Array | number }) {
    const { address, prefix = 24, segmentationOffload } = options
    this.name = options.name ?? formatAddress(address)
    this.address = address
    this.arena = options.arena ?? new Arena(ARENA)
    this.stack = new Stack({ ...options, arena: this.arena, address: { address, prefix } })
    this.device = new MemoryDevice(this.arena, { name: this.name, mtu: options.mtu, segmentationOffload })
    this.#packetTime = options.packetTime ?? 0
    this.stack.onWake = () => {
      this.#isAwake = true
    }
  }

  /** When the next turn is due, as things are now. */
  nextTurn(now: Instant): Instant {
    const due = this.#isAwake ? now : Math.min(this.#deadline, this.device.nextDeadline())
    return Math.max(due, this.#busyUntil)
  }

  turn(now: Instant): void {
    this.turns++
    this.#isAwake = false
    const before = this.device.handled
    this.#deadline = turn(this.stack, this.device, now)
    this.#busyUntil = now + (this.device.handled - before) * this.#packetTime
  }
}
