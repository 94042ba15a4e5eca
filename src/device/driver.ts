// hot path: `#run` is called once a batch.
import { type Instant, MILLISECOND, NEVER } from '../base/time.ts'
import type { Stack } from '../stack/stack.ts'
import type { Device } from './device.ts'
import { turn } from './loop.ts'

/** Turns after which the event loop gets its turn though the device has more. */
const ROUNDS = 4

/** How long nothing is tried after a turn has failed, unless packets arrive. */
const RECOVERY = 10 * MILLISECOND

/** A device that says when there is something to read. */
export interface PolledDevice extends Device {
  /** False when the last batch was full: there may be more to read. */
  readonly isDrained: boolean
  /** Calls `onReadable` whenever there is something to read, until it is called with undefined. */
  serve(onReadable: (() => void) | undefined): void
}

/** Real time, and how to be called at some point of it. */
export interface Clock {
  /** Since the stack's start. */
  now(): Instant
  /** Calls `onDue` once at `at` or soon after, instead of what was armed before. */
  armAt(at: Instant): void
  disarm(): void
  onDue: (() => void) | undefined
  /** Calls `task` soon, after the input and output that is pending. */
  defer(task: () => void): void
}

/** Runs a stack on a device in real time: a turn for each batch, each deadline and each wake-up; none otherwise. */
export class TunDriver {
  /** Called when the device has more packets than a few turns take: some may have been lost in front of it. */
  onBacklog: (() => void) | undefined
  /** Turns so far, and those that threw. */
  turns = 0
  failures = 0
  readonly #stack: Stack
  readonly #device: PolledDevice
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  readonly #deferred = (): void => this.#wokenUp()
  #isStarted = false
  #isTurning = false
  #isAwake = false
  /** For when the clock is armed; it may be earlier than the next deadline, never later. */
  #armedFor: Instant = NEVER

  constructor(stack: Stack, device: PolledDevice, clock: Clock, onError: (error: unknown) => void) {
    this.#stack = stack
    this.#device = device
    this.#clock = clock
    this.#onError = onError
  }

  /** Serves the device from now on; the first turn comes at once. */
  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#clock.onDue = () => this.#due()
    this.#device.serve(() => this.#readable())
    this.wake()
  }

  /** No turn runs after this. The device and the clock stay open. */
  stop(): void {
    if (!this.#isStarted) return
    this.#isStarted = false
    this.#device.serve(undefined)
    this.#clock.disarm()
    this.#clock.onDue = undefined
    this.#armedFor = NEVER
  }

  /** Asks for a turn soon, because an application has something to say. Many calls ask for one turn. */
  wake(): void {
    if (this.#isAwake || this.#isTurning || !this.#isStarted) return
    this.#isAwake = true
    this.#clock.defer(this.#deferred)
  }

  #wokenUp(): void {
    this.#isAwake = false
    this.#run()
  }

  #due(): void {
    this.#armedFor = NEVER
    this.#run()
  }

  /** Polling is level-triggered: what is left after the rounds is announced again, after other input. */
  #readable(): void {
    for (let round = 0; round < ROUNDS; round++) {
      this.#run()
      if (this.#device.isDrained || !this.#isStarted) return
    }
    this.onBacklog?.()
  }

  #run(): void {
    if (!this.#isStarted || this.#isTurning) return
    this.#isTurning = true
    this.turns++
    const now = this.#clock.now()
    let next = now + RECOVERY
    try {
      next = turn(this.#stack, this.#device, now)
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#isTurning = false
      this.#expect(next, now)
    }
  }

  /** What was pushed before goes out now: the next batch takes the place of the bytes it points to. */
  #failed(error: unknown): void {
    this.failures++
    try {
      this.#device.flush()
    } finally {
      this.#onError(error)
    }
  }

  /**
   * Sees to it that a turn comes at `next`. A clock that is armed for an earlier moment is left alone: deadlines move
   * later with every acknowledgement, and one turn too many costs less than a system call per batch.
   */
  #expect(next: Instant, now: Instant): void {
    if (!this.#isStarted) return
    if (next <= now) this.wake()
    else if (next < this.#armedFor) {
      this.#armedFor = next
      this.#clock.armAt(next)
    }
  }
}
