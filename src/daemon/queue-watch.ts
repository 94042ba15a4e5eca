import { type Instant, SECOND } from '../base/time.ts'
import type { LinkCounters } from '../device/tun-options.ts'
import type { Logger } from './logging.ts'

/** What of a Tun is looked at. */
export interface WatchedDevice {
  readonly name: string
  counters(): LinkCounters
}

/**
 * Tells when the kernel drops packets for us: its queue in front of the device overflows without a word to the senders. Looked at while
 * there is a backlog, at most once a second, so that an idle device costs nothing.
 */
export class QueueWatch {
  readonly #device: WatchedDevice
  readonly #log: Logger
  #dropped: number
  #nextLook: Instant = 0

  constructor(device: WatchedDevice, log: Logger) {
    this.#device = device
    this.#log = log
    this.#dropped = device.counters().txDropped
  }

  look(now: Instant): void {
    if (now < this.#nextLook) return
    this.#nextLook = now + SECOND
    const dropped = this.#count()
    const packets = dropped - this.#dropped
    this.#dropped = dropped
    if (packets > 0) this.#log.warn({ packets }, `${this.#device.name}: the kernel's queue for us was full`)
  }

  /** As before when the device has been deleted just now. */
  #count(): number {
    try {
      return this.#device.counters().txDropped
    } catch {
      return this.#dropped
    }
  }
}
