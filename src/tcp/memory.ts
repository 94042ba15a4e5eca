import { Arena } from '../base/arena.ts'
import type { Blocks } from '../base/byte-ring.ts'
import type { TcpCounters } from './counters.ts'
import type { TcpSysctls } from './sysctls.ts'

/** What a queue that fills and empties again and again takes at once, bytes. */
export const MOST_USUAL = 1 << 20

/** The unit of `tcp_mem`, bytes. */
const PAGE = 4096
/** Eighths of the arena that TCP may hold whatever `tcp_mem` says: it is not the only one to live there. */
const SHARES = [3, 4, 6] as const

/**
 * What all send and receive queues of TCP hold together, bounded by `tcp_mem`. Beyond its second number there is pressure: windows do not
 * grow, and nobody gets more than his share; it lasts until no more than the first is held. Beyond the third nobody gets more
 * than the least that a connection needs to go on.
 */
export class TcpMemory implements Blocks {
  readonly bytes: Uint8Array
  /** Bytes held, in whole blocks. */
  used = 0
  /** Connections among which it is shared. */
  connections = 0
  isPressed = false
  /** Pressure has begun, and what waits out of order has not yet given way. */
  wantsPruning = false
  readonly #arena: Arena
  readonly #sysctl: TcpSysctls
  readonly #counters: TcpCounters

  constructor(arena: Arena, sysctl: TcpSysctls, counters: TcpCounters) {
    this.#arena = arena
    this.bytes = arena.bytes
    this.#sysctl = sysctl
    this.#counters = counters
  }

  /** As the arena's, for a queue that will then hold `length` bytes. */
  take(length: number): number {
    const size = Arena.blockSize(length)
    if (!this.#isGranted(size)) return -1
    const offset = this.#arena.take(length)
    if (offset === -1) return -1
    this.used += size
    if (!this.isPressed && this.used > this.#limit(1)) {
      this.isPressed = true
      this.wantsPruning = true
      this.#counters.TCPMemoryPressures++
    }
    return offset
  }

  give(offset: number, length: number): void {
    this.#arena.give(offset, length)
    this.used -= Arena.blockSize(length)
    if (this.isPressed && this.used <= this.#limit(0)) this.isPressed = false
  }

  /** Less is held than pressure leaves when it ends: buffers may grow. */
  get isAmple(): boolean {
    return !this.isPressed && this.used < this.#limit(0)
  }

  /** More is held than may be: what nobody waits for has to go. */
  get isExhausted(): boolean {
    return this.used > this.#limit(2)
  }

  /** What one queue always gets, bytes. */
  get least(): number {
    return Math.max(PAGE, this.#sysctl.tcp_rmem[0]!)
  }

  #isGranted(size: number): boolean {
    if (size <= this.least) return true
    const most = this.#limit(2)
    if (this.used + size > most) return false
    return !this.isPressed || size * this.connections <= most
  }

  /** Bytes at which pressure ends, begins, and nothing more is given. */
  #limit(which: 0 | 1 | 2): number {
    return Math.min(this.#sysctl.tcp_mem[which]! * PAGE, (this.#arena.size / 8) * SHARES[which])
  }
}
