import { setImmediate as afterOthers, setTimeout as wait } from 'node:timers/promises'
import type { Duration } from '../base/time.ts'
import type { TunDriver } from '../device/driver.ts'
import { setNoNewPrivileges } from '../device/process.ts'
import type { RealClock } from '../device/real-clock.ts'
import type { Tun } from '../device/tun.ts'
import type { Sockets } from '../socket/sockets.ts'
import { abort } from '../tcp/calls.ts'
import type { CaptureFile } from './capture-file.ts'
import type { DaemonConfig } from './config.ts'
import type { ControlVerbs } from './control.ts'
import type { Logger } from './logging.ts'
import { QueueWatch } from './queue-watch.ts'
import type { ServedStack } from './served-stack.ts'
import type { Open } from './services/open-services.ts'
import { collectView, type Pieces, viewVerbs } from './views.ts'

/** How often the end of the last connection is looked for, milliseconds. */
const CLOSE_CHECK = 20

export interface RunningParts {
  config: DaemonConfig
  log: Logger
  tun: Tun
  clock: RealClock
  driver: TunDriver
  sockets: Sockets
  services: readonly Open[]
  capture: CaptureFile | undefined
  /** Says what becomes of the device. */
  watchesDevice: boolean
  /** Packets that the kernel dropped and that have been told of, where others watch the same device. */
  told?: Int32Array
  /** Called when the device is let go. */
  onEnd?: () => void
}

/** Each piece in a turn of the event loop of its own, so that packets and timers are served in between. */
export async function* inTurns(pieces: Iterable<unknown>): Pieces {
  for (const piece of pieces) {
    yield piece
    await afterOthers()
  }
}

/** A stack on its TUN device, with the services on it. */
export class RunningStack implements ServedStack {
  readonly dev: string
  readonly verbs: ControlVerbs
  readonly files: readonly string[]
  readonly failed: Promise<Error> = new Promise(() => {})
  readonly #parts: RunningParts
  #isEnded = false

  constructor(parts: RunningParts) {
    this.#parts = parts
    this.dev = parts.tun.name
    this.files = parts.capture === undefined ? [] : [parts.capture.path]
    this.verbs = new Map(viewVerbs(async (view, args) => [inTurns(this.collect(view, args))]))
    this.#watchQueue()
    if (parts.watchesDevice) this.#watchDevice()
  }

  forbidNewPrivileges(): void {
    setNoNewPrivileges()
  }

  start(): void {
    this.#parts.driver.start()
  }

  async close(grace: Duration): Promise<void> {
    const { services, sockets, clock } = this.#parts
    for (const service of services) service.close()
    const end = clock.now() + grace
    while (this.#connections > 0 && clock.now() < end && !this.#isEnded) await wait(CLOSE_CHECK)
    for (const c of sockets.tcp.connections()) abort(c)
    sockets.tcp.timeWait.abortOrphans()
    // The resets are in the turn that this asks for.
    sockets.stack.wake()
    await wait(1)
    this.abort()
  }

  abort(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const { driver, clock, tun, capture, onEnd } = this.#parts
    driver.stop()
    onEnd?.()
    capture?.close()
    clock.close()
    tun.release()
  }

  get #connections(): number {
    const { table, timeWait } = this.#parts.sockets.tcp
    return timeWait.awaitingFin + table.size
  }

  /** This stack's part of a view, in pieces. */
  collect(view: string, args: unknown): Iterable<unknown> {
    return collectView(view, this.#parts, args)
  }

  #watchQueue(): void {
    const { tun, log, driver, clock, told } = this.#parts
    const queue = new QueueWatch(tun, log, told)
    driver.onBacklog = () => queue.look(clock.now())
  }

  #watchDevice(): void {
    const { tun, log } = this.#parts
    tun.on('down', () => log.warn(`${tun.name} is down: nothing is answered until it is up again`))
    tun.on('up', () => log.info(`${tun.name} is up`))
    tun.on('gone', () =>
      log.warn(`${tun.name} was deleted: it is served again when a device of that name is made`),
    )
  }
}
