import { Listener } from './listener.ts'
import type { Settings } from './settings.ts'

/** Who listens where: by port, then by local address, an exact one before any. */
export class Listeners {
  readonly #byPort = new Map<number, Listener[]>()

  find(local: number, port: number): Listener | undefined {
    const candidates = this.#byPort.get(port)
    if (candidates === undefined) return undefined
    let any: Listener | undefined
    for (const listener of candidates) {
      if (listener.local === local) return listener
      if (listener.local === 0) any = listener
    }
    return any
  }

  add(local: number, port: number, backlog: number, settings: Settings): Listener {
    const listener = new Listener(local, port, backlog, settings)
    const others = this.#byPort.get(port)
    if (others === undefined) this.#byPort.set(port, [listener])
    else others.push(listener)
    return listener
  }

  remove(listener: Listener): void {
    const left = this.#byPort.get(listener.port)?.filter((other) => other !== listener) ?? []
    if (left.length > 0) this.#byPort.set(listener.port, left)
    else this.#byPort.delete(listener.port)
  }

  *[Symbol.iterator](): IterableIterator<Listener> {
    for (const listeners of this.#byPort.values()) yield* listeners
  }
}
