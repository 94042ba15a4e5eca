import { randomInt } from 'node:crypto'
import { closeSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { Duration } from '../base/time.ts'
import { setNoNewPrivileges } from '../device/process.ts'
import { type Commons, callAll, openCommons } from '../device/queues.ts'
import { CaptureFile } from './capture-file.ts'
import type { DaemonConfig } from './config.ts'
import type { ControlVerbs } from './control.ts'
import { type Part, readFrom } from './cursors.ts'
import { codeOf, DaemonError, messageOf } from './errors.ts'
import type { Logger } from './logging.ts'
import { QueueThread } from './queue-thread.ts'
import type { ServedStack } from './served-stack.ts'
import { shortName } from './sysctls.ts'
import { type Pieces, settingOf, viewVerbs } from './views.ts'

/** A thread that ends sooner after its start, milliseconds, is started again only when that time is over. */
const RESTART = 1000

const WORDS = 0x1_0000_0000

/** Opens the queues of the device, each with a thread and a stack of its own. Throws UsageError and DaemonError. */
export async function createQueuedStack(config: DaemonConfig, log: Logger): Promise<QueuedStack> {
  const commons = open(config)
  const { pcap, dev } = config
  let capture: CaptureFile | undefined
  try {
    capture = pcap === undefined ? undefined : new CaptureFile(pcap, dev, 0, log)
    capture?.writer.flush() // the file's head; the stacks add packets
  } catch (error) {
    letGo(commons)
    throw error
  }
  const stack = new QueuedStack(config, log, commons, capture)
  try {
    await stack.open()
    return stack
  } catch (error) {
    await stack.abort()
    throw error
  }
}

function open({ dev, queues }: DaemonConfig): Commons {
  try {
    return openCommons(dev, queues, randomInt(WORDS) | 0, randomInt(WORDS) | 0, closeSync)
  } catch (error) {
    throw new DaemonError(codeOf(error), messageOf(error))
  }
}

function letGo(commons: Commons): void {
  for (const fd of [...commons.queues, ...commons.bells]) closeSync(fd)
}

/**
 * Stacks that serve one address together, each in a thread of its own on a queue of its own.
 *
 * A thread that ends is started again, on the same queue; its connections are gone, and their segments are answered with resets. The other
 * threads do not notice.
 */
export class QueuedStack implements ServedStack {
  readonly dev: string
  readonly verbs: ControlVerbs
  readonly files: readonly string[]
  readonly failed: Promise<Error> = new Promise(() => {})
  readonly #config: DaemonConfig
  readonly #log: Logger
  readonly #commons: Commons
  readonly #capture: CaptureFile | undefined
  readonly #threads: QueueThread[] = []
  /** All tunables that were set, before the start or since. */
  readonly #settings: Map<string, string>
  #isStarted = false
  #isEnding = false
  #isOver = false

  constructor(config: DaemonConfig, log: Logger, commons: Commons, capture: CaptureFile | undefined) {
    this.dev = config.dev
    this.#config = config
    this.#settings = new Map(config.sysctls)
    this.#log = log
    this.#commons = commons
    this.#capture = capture
    this.files = capture === undefined ? [] : [capture.path]
    this.verbs = new Map(viewVerbs((view, args) => this.#collect(view, args)))
  }

  /** Starts the threads: the first sets the device up, and the others find it so. */
  async open(): Promise<void> {
    await this.#begin(0).opened
    const others = Array.from({ length: this.#commons.count - 1 }, (_, i) => this.#begin(i + 1))
    await Promise.all(others.map((thread) => thread.opened))
  }

  forbidNewPrivileges(): void {
    setNoNewPrivileges()
  }

  start(): void {
    this.#isStarted = true
    for (const thread of this.#threads) this.#startThread(thread)
  }

  async close(grace: Duration): Promise<void> {
    this.#isEnding = true
    await Promise.allSettled(this.#threads.map((thread) => thread.ask('close', grace)))
    await this.abort()
  }

  async abort(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    this.#isEnding = true
    await Promise.all(this.#threads.map((thread) => thread.terminate()))
    this.#capture?.close()
    letGo(this.#commons)
  }

  /** Ends the thread of a queue as a fault would: another takes its place. */
  async terminate(index: number): Promise<void> {
    await this.#threads[index]?.terminate()
  }

  /** A thread that is about to be started again has nothing to tell, and finds what was set in the meantime. */
  async #collect(view: string, args: unknown): Promise<Pieces[]> {
    const asked = this.#threads.map(async (thread) => {
      try {
        return [readFrom(thread, (await thread.ask('collect', view, args)) as Part)]
      } catch (error) {
        if (thread.isOver) return []
        throw error
      }
    })
    const parts = (await Promise.all(asked)).flat(1)
    if (parts.length === 0) throw new DaemonError('EAGAIN', 'no queue is served at the moment')
    const setting = settingOf(view, args)
    if (setting !== undefined) this.#settings.set(shortName(setting[0]), setting[1])
    return parts
  }

  #begin(index: number): QueueThread {
    const queue = { index, commons: this.#commons, capture: this.#sharedCapture }
    const config = { ...this.#config, sysctls: this.#settings }
    const thread = new QueueThread({ config, queue }, this.#log)
    this.#threads[index] = thread
    const since = performance.now()
    thread.ended.then((error) => this.#ended(index, error, since))
    return thread
  }

  get #sharedCapture(): { path: string; fd: number } | undefined {
    const capture = this.#capture
    return capture === undefined ? undefined : { path: capture.path, fd: capture.fd }
  }

  #startThread(thread: QueueThread): void {
    thread.ask('start').catch(() => {}) // its end is told elsewhere
  }

  async #ended(index: number, error: Error | undefined, since: number): Promise<void> {
    if (this.#isEnding || !this.#isStarted) return
    this.#log.error(
      { queue: index, ...(error && { err: error }) },
      `the thread of queue ${index} has ended: its connections are lost, and it is started again`,
    )
    const early = since + RESTART - performance.now()
    if (early > 0) await wait(early)
    if (this.#isEnding) return
    callAll(this.#commons)
    await this.#restart(index)
  }

  async #restart(index: number): Promise<void> {
    const thread = this.#begin(index)
    try {
      await thread.opened
      this.#startThread(thread)
    } catch (error) {
      this.#log.error({ queue: index, err: error }, `queue ${index} could not be opened again`)
    }
  }
}
