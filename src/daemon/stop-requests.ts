/** Milliseconds within which a second signal is the same request: one Ctrl-C reaches us from the terminal and from npm. */
const SAME_REQUEST = 1000

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Turns signals into at most two requests: stop in order, then stop at once. */
export class StopRequests {
  readonly #now: () => number
  readonly #orderly: PromiseWithResolvers<string>
  readonly #forced: PromiseWithResolvers<string>
  #first: number | undefined

  /** `now` reads a monotonic clock, milliseconds. */
  constructor(now: () => number) {
    this.#now = now
    this.#orderly = withResolvers()
    this.#forced = withResolvers()
  }

  /** Resolves with its reason when the daemon is to end. */
  get orderly(): Promise<string> {
    return this.#orderly.promise
  }

  /** Resolves when somebody insists. */
  get forced(): Promise<string> {
    return this.#forced.promise
  }

  /** Asks for an end. A second request within a second is the first one again; a later one insists. */
  request(reason: string): void {
    const now = this.#now()
    if (this.#first === undefined) {
      this.#first = now
      this.#orderly.resolve(reason)
    } else if (now - this.#first > SAME_REQUEST) {
      this.#forced.resolve(reason)
    }
  }

  /** Listens to the process's signals; returns what ends that. */
  listen(): () => void {
    const onSignal = (signal: string): void => this.request(signal)
    for (const signal of SIGNALS) process.on(signal, onSignal)
    return () => {
      for (const signal of SIGNALS) process.off(signal, onSignal)
    }
  }
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>
  resolve: (value: T) => void
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
