import { Arena } from '../base/arena.ts'
import { type Duration, type Instant, NEVER, SECOND } from '../base/time.ts'
import type { CaptureWriter } from '../device/capture.ts'
import type { Device } from '../device/device.ts'
import { turn } from '../device/loop.ts'
import { TappedDevice } from '../device/tap.ts'
import { type Clock, Sockets } from '../socket/sockets.ts'
import { Stack } from '../stack/stack.ts'
import type { TcpProfile } from '../tcp/profile.ts'
import { ScriptDevice } from './script-device.ts'

const ARENA = 16 * 1024 * 1024

/** Arenas of machines that are no more. */
const spareArenas: Arena[] = []

/** Turns at one instant after which the stack is taken to be stuck, and turns of one script. */
const MAX_TURNS_AT_ONCE = 10_000
const MAX_TURNS = 2_000_000

export interface MachineOptions {
  /** int32. */
  address: number
  prefix: number
  mtu: number
  segmentationOffload: boolean
  /** The stack's own. */
  profile: TcpProfile
  /** Makes runs repeatable. */
  seed: number
  /** Sees every packet. */
  capture?: CaptureWriter | undefined
  /** Of a connection that the peer opens: its initial sequence number will lie just below 2^31 or 2^32. */
  flow: { readonly localPort: number; readonly remote: number; readonly remotePort: number }
}

/** How long before sequence numbers wrap the clock starts, in ticks of the clock that initial ones follow. */
const BEFORE_WRAP = 26_000
const TICK: Duration = 4
const WRAP = 2 ** 32

/** What was thrown inside the stack: a bug in it. */
export class Crash extends Error {
  constructor(fault: unknown) {
    super(fault instanceof Error ? fault.message : String(fault), { cause: fault })
    this.name = 'Crash'
    if (fault instanceof Error && fault.stack !== undefined) this.stack = fault.stack
  }
}

/** The stack turns and turns, and time stands still. */
export class Livelock extends Error {
  override readonly name = 'Livelock'
}

/**
 * The machine under test: a stack with its sockets on a device, and a clock that jumps from one thing to do to the next.
 *
 * Everything that is done to it from outside is followed by a turn, so that the stack answers at once.
 */
export class Machine implements Clock {
  readonly stack: Stack
  readonly sockets: Sockets
  readonly device: ScriptDevice
  /** When the clock began. */
  readonly start: Instant
  /** Runs in each turn's application phase; what it does goes out with the turn. */
  onTurn: (() => void) | undefined
  /** A moment at which somebody wants a turn. */
  alarm: Instant = NEVER
  #now: Instant
  #deadline: Instant = 0
  #turns = 0
  #turnsAtOnce = 0
  readonly #wire: Device
  readonly #faults: unknown[] = []
  readonly #application = { isQueued: false, run: () => this.onTurn?.() }

  constructor(options: MachineOptions) {
    const arena = spareArenas.pop() ?? new Arena(ARENA)
    const { address, prefix, mtu, profile, seed } = options
    this.stack = new Stack({ arena, address: { address, prefix }, mtu, profile, seed })
    this.device = new ScriptDevice(arena, options)
    this.#wire = options.capture ? new TappedDevice(this.device, options.capture) : this.device
    this.start = startBeforeWrap(this.stack, options)
    this.#now = this.start
    this.sockets = new Sockets(this.stack, this)
    this.stack.onFault = (error) => this.#faults.push(error)
    this.stack.onWake = () => {
      this.#deadline = 0
    }
  }

  /** The machine is used no more, and another may have its memory. */
  release(): void {
    const { arena } = this.stack
    arena.reset()
    spareArenas.push(arena)
  }

  get now(): Instant {
    return this.#now
  }

  /** The time since the start. */
  get elapsed(): Duration {
    return this.#now - this.start
  }

  /** One turn now. Throws Crash, and Livelock when there have been too many. */
  turn(): void {
    if (++this.#turns > MAX_TURNS) throw new Livelock(`more than ${MAX_TURNS} turns of the stack`)
    if (++this.#turnsAtOnce > MAX_TURNS_AT_ONCE) {
      throw new Livelock(`the stack wants a turn again and again while its clock stands at ${this.#now} µs`)
    }
    if (this.onTurn !== undefined) this.stack.ready(this.#application)
    this.#deadline = turn(this.stack, this.#wire, this.#now)
    if (this.#faults.length > 0) throw new Crash(this.#faults.shift())
  }

  /** The packet arrives now. `gsoSize`: payload of each segment that it stands for, or 0. */
  inject(packet: Uint8Array, gsoSize = 0): void {
    this.device.inject(packet, gsoSize)
    this.turn()
  }

  /**
   * Lets everything happen that is due up to `until`, which is then the time; ends early, and answers true, as soon as `isDone` holds
   * after a turn.
   */
  run(until: Instant, isDone: () => boolean = () => false): boolean {
    if (isDone()) return true
    for (let next = this.#next(); next <= until; next = this.#next()) {
      if (next === NEVER) return false
      this.#advanceTo(Math.max(next, this.#now))
      this.turn()
      if (isDone()) return true
    }
    if (until !== NEVER) this.#advanceTo(Math.max(until, this.#now))
    return false
  }

  #next(): Instant {
    return Math.min(this.#deadline, this.alarm)
  }

  #advanceTo(at: Instant): void {
    if (at > this.#now) this.#turnsAtOnce = 0
    this.#now = at
  }
}

/** The first second at which the clock of initial sequence numbers (RFC 6528) gives the flow one that soon wraps. */
function startBeforeWrap({ tcp }: Stack, { address, flow, seed }: MachineOptions): Instant {
  const first = tcp.source.initial(address, flow.localPort, flow.remote, flow.remotePort, 0)
  const wanted = ((seed & 1) === 0 ? WRAP / 2 : WRAP) - BEFORE_WRAP
  const ticks = (wanted - first) >>> 0
  return (ticks * TICK < SECOND ? ticks + WRAP : ticks) * TICK
}
