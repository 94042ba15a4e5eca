import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { DaemonError, UsageError } from './errors.ts'
import { type Logger, relay } from './logging.ts'
import type { QueueCalls, QueueMessage, QueueRequest, QueueTask } from './queue-messages.ts'

/** Node's own, so that the file is found in src as in dist. */
const FILE = fileURLToPath(new URL(`queue-worker${extname(import.meta.url)}`, import.meta.url))

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

/** The main thread's end of the thread that serves a queue. */
export class QueueThread {
  /** Resolves with the device's name when the queue is open. Rejects with UsageError or DaemonError. */
  readonly opened: Promise<string>
  /** Resolves when the thread has ended, with the error that ended it if there was one. */
  readonly ended: Promise<Error | undefined>
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #log: Logger
  readonly #index: number
  #settle!: Waiting
  #requests = 0
  #isOver = false

  constructor(task: QueueTask, log: Logger) {
    this.#log = log
    this.#index = task.queue.index
    this.#worker = new Worker(FILE, { workerData: task, name: `queue ${task.queue.index}` })
    this.opened = new Promise((resolve, reject) => {
      this.#settle = { resolve: resolve as Waiting['resolve'], reject }
    })
    this.opened.catch(() => {}) // whoever restarts a thread learns of its end only
    this.ended = this.#watch()
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Has the thread do something. Rejects when that fails, and when the thread ends before. */
  ask<C extends keyof QueueCalls>(call: C, ...args: Parameters<QueueCalls[C]>): Promise<unknown> {
    const request: QueueRequest = { id: this.#requests++, call, args }
    return new Promise((resolve, reject) => {
      if (this.#isOver) return reject(this.#endedEarly())
      this.#waiting.set(request.id, { resolve, reject })
      this.#worker.postMessage(request)
    })
  }

  /** Ends the thread, whatever it does. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #watch(): Promise<Error | undefined> {
    let reason: Error | undefined
    this.#worker.on('message', (message: QueueMessage) => this.#hear(message))
    this.#worker.on('error', (error) => {
      reason = error
    })
    return new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#isOver = true
        const early = this.#endedEarly()
        this.#settle.reject(reason ?? early)
        for (const { reject } of this.#waiting.values()) reject(early)
        this.#waiting.clear()
        resolve(reason)
      })
    })
  }

  #endedEarly(): Error {
    return new DaemonError('EPIPE', `the thread of queue ${this.#index} has ended`)
  }

  #hear(message: QueueMessage): void {
    if (message.kind === 'log') relay(this.#log, message.record, { queue: this.#index })
    else if (message.kind === 'opened') this.#settle.resolve(message.dev)
    else if (message.kind === 'failed') {
      const { isUsage, code, message: text, hint } = message
      this.#settle.reject(isUsage ? new UsageError(text) : new DaemonError(code, text, hint))
    } else this.#answered(message.id, message.result, message.error)
  }

  #answered(id: number, result: unknown, error: string | undefined): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(error))
  }
}
