import { SeededRandom } from '../base/random.ts'
import { type Duration, type Instant, NEVER } from '../base/time.ts'
import { VirtualClock } from './clock.ts'
import { Host, type HostOptions } from './host.ts'
import { Link, type LinkOptions } from './link.ts'

/** Turns at one instant after which the world is taken to be stuck. */
const MAX_TURNS = 100_000

export interface WorldOptions {
  /** Of everything that happens by chance; 1 when left out. */
  seed?: number
  /** Turns at one instant that are too many; 100,000 when left out. */
  maxTurns?: number
}

interface Task {
  at: Instant
  run: () => void
}

/**
 * Hosts joined by links, in virtual time: nothing happens but by packets, deadlines and tasks, always in the same order, and the clock jumps
 * from one to the next. It is the clock of its sockets too.
 */
export class World {
  readonly hosts: Host[] = []
  readonly links: Link[] = []
  /** Called with what was thrown inside a stack's turn. Unless it is replaced, `run` throws it on: it is a bug. */
  onFault: ((error: unknown, host: Host) => void) | undefined
  readonly random: SeededRandom
  readonly #clock = new VirtualClock()
  readonly #seed: number
  readonly #maxTurns: number
  /** In the order of their moments, and of their arrival. */
  readonly #tasks: Task[] = []
  readonly #faults: unknown[] = []

  constructor(options: WorldOptions = {}) {
    this.#seed = options.seed ?? 1
    this.#maxTurns = options.maxTurns ?? MAX_TURNS
    this.random = new SeededRandom(this.#seed)
  }

  get now(): Instant {
    return this.#clock.now
  }

  /** Nothing more will happen by itself. */
  get isIdle(): boolean {
    return this.#next() === NEVER
  }

  addHost(options: HostOptions): Host {
    const host = new Host({ ...options, seed: options.seed ?? this.#seed * 1000 + this.hosts.length + 1 })
    host.stack.onFault = (error) => this.#fault(error, host)
    this.hosts.push(host)
    return host
  }

  /** Joins two hosts. A host with several links sends by the one that leads to the packet's destination. */
  connect(a: Host, b: Host, options: LinkOptions = {}): Link {
    const link = new Link(a, b, options, this.random)
    this.links.push(link)
    return link
  }

  /** Runs `task` when the world comes to `at`, before the turns of that instant. */
  at(at: Instant, task: () => void): void {
    let place = this.#tasks.length
    while (place > 0 && this.#tasks[place - 1]!.at > at) place--
    this.#tasks.splice(place, 0, { at, run: task })
  }

  /** Lets everything happen that is due up to `until`, which is then the time. */
  run(until: Instant): void {
    for (let next = this.#next(); next <= until; next = this.#next()) this.#step(next)
    this.#clock.advanceTo(Math.max(until, this.now))
  }

  runFor(duration: Duration): void {
    this.run(this.now + duration)
  }

  /**
   * Runs until the predicate holds; it is asked after the turns of each instant. Throws an Error when it does not come to hold within `limit`
   * of virtual time, or can no more.
   */
  runUntil(predicate: () => boolean, limit: Duration): void {
    const end = this.now + limit
    while (!predicate()) {
      const next = this.#next()
      if (next === NEVER) throw new Error(`nothing more happens, and still not so: ${predicate}`)
      if (next > end) throw new Error(`not within ${limit} µs: ${predicate}\n${this.#waiting()}`)
      this.#step(next)
    }
  }

  /** Runs until no packet is on its way and no deadline is left. Throws an Error when that takes longer than `limit`. */
  runUntilIdle(limit: Duration): void {
    const end = this.now + limit
    for (let next = this.#next(); next !== NEVER; next = this.#next()) {
      if (next > end) throw new Error(`not idle within ${limit} µs\n${this.#waiting()}`)
      this.#step(next)
    }
  }

  #next(): Instant {
    let next = this.#tasks[0]?.at ?? NEVER
    for (const host of this.hosts) next = Math.min(next, host.nextTurn(this.now))
    return next
  }

  /** Everything that happens at one instant. */
  #step(at: Instant): void {
    this.#clock.advanceTo(Math.max(at, this.now))
    while (this.#tasks.length > 0 && this.#tasks[0]!.at <= this.now) this.#tasks.shift()!.run()
    let turns = 0
    for (let isBusy = true; isBusy; ) {
      isBusy = false
      for (const host of this.hosts) {
        if (host.nextTurn(this.now) > this.now) continue
        isBusy = true
        if (++turns > this.#maxTurns) throw new Error(this.#stuck(host))
        host.turn(this.now)
      }
    }
    if (this.#faults.length > 0) throw this.#faults.shift()
  }

  #fault(error: unknown, host: Host): void {
    if (this.onFault === undefined) this.#faults.push(error)
    else this.onFault(error, host)
  }

  #stuck(host: Host): string {
    return `livelock: more than ${this.#maxTurns} turns at ${this.now} µs, the last of ${host.name}`
  }

  /** Who still has something to do, and when. */
  #waiting(): string {
    const lines = this.hosts.map((host) => `  ${host.name}: next turn at ${host.nextTurn(this.now)} µs`)
    return [`at ${this.now} µs:`, ...lines].join('\n')
  }
}
