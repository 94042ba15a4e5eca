import { Listener } from './listener.ts'
import type { Settings } from './settings.ts'

/** Who listens where: by port, then by local address (MUST-43), an exact one before any. */
export class Listeners {
  readonly #byPort = new Map<number, Listener[]>()

  /** `choice`: any number; it decides among those that share an address and port (SO_REUSEPORT), the same number always for the same one. */
  find(local: number, port: number, choice = 0): Listener | undefined {
    const candidates = this.#byPort.get(port)
    if (candidates === undefined) return undefined
    if (candidates.length === 1) {
      const [only] = candidates
      return only!.local === 0 || only!.local === local ? only : undefined
    }
    return choose(candidates, local, choice) ?? choose(candidates, 0, choice)
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

/** One of the listeners at just this address. */
function choose(candidates: readonly Listener[], local: number, choice: number): Listener | undefined {
  let count = 0
  for (let i = 0; i < candidates.length; i++) if (candidates[i]!.local === local) count++
  if (count === 0) return undefined
  let left = (choice >>> 0) % count
  for (let i = 0; i < candidates.length; i++)
    if (candidates[i]!.local === local && left-- === 0) return candidates[i]
  return undefined
}
