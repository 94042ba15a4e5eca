import type { Logger } from './logging.ts'

/** What has to be undone, done in the opposite order. One failure does not keep the rest from being undone. */
export class Undo {
  readonly #log: Logger
  readonly #steps: [what: string, act: () => unknown][] = []

  constructor(log: Logger) {
    this.#log = log
  }

  add(what: string, act: () => unknown): void {
    this.#steps.push([what, act])
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      const [what, act] = step
      try {
        await act()
      } catch (error) {
        this.#log.warn({ err: error }, `could not ${what}`)
      }
    }
  }
}
