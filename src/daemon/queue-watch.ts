import { type Instant, SECOND } from '../base/time.ts'
import type { LinkCounters } from '../device/tun-options.ts'
import type { Logger } from './logging.ts'

/** What of a Tun is looked at. */
export interface WatchedDevice {
  readonly name: string
  counters(): LinkCounters
}

/**
 * Tells when the kernel drops packets for us: its queues in front of the device overflow without a word to the senders. Looked at while
 * there is a backlog, at most once a second, so that an idle device costs nothing.
 *
 * The kernel counts for all queues of a device together. Whoever serves one of them looks when it has a backlog, and `told` is what any of
 * them has told of.
 */
export class QueueWatch {
  readonly #device: WatchedDevice
  readonly #log: Logger
  /** Packets, modulo 2^32. */
  readonly #told: Int32Array
  #nextLook: Instant = 0

  constructor(device: WatchedDevice, log: Logger, told: Int32Array = new Int32Array(1)) {
    this.#device = device
    this.#log = log
    this.#told = told
    Atomics.compareExchange(told, 0, 0, device.counters().txDropped | 0) // what was before anybody looked is no news
  }

  look(now: Instant): void {
    if (now < this.#nextLook) return
    this.#nextLook = now + SECOND
    const told = Atomics.load(this.#told, 0)
    const dropped = this.#count(told)
    const packets = (dropped - told) | 0
    if (packets > 0 && Atomics.compareExchange(this.#told, 0, told, dropped) === told)
      this.#log.warn({ packets }, `${this.#device.name}: the kernel's queue for us was full`)
  }

  /** As before when the device has been deleted just now. */
  #count(told: number): number {
    try {
      return this.#device.counters().txDropped | 0
    } catch {
      return told
    }
  }
}
