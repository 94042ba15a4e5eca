import { FlowTable } from '../../src/base/flow-table.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { US } from '../support/peer.ts'
import type { Plan, Subject } from './subject.ts'

/** Look-ups before the order repeats itself: more than a cache holds. */
const LOOKUPS = 1 << 17
const MASK = LOOKUPS - 1

/** Finds connections of many peers in random order. */
class Demultiplex implements Subject {
  readonly #flows: FlowTable
  readonly #remotes: Int32Array
  readonly #ports: Int32Array
  readonly #order = new Int32Array(LOOKUPS)
  #at = 0

  constructor(connections: number) {
    const random = new SeededRandom(1)
    this.#flows = new FlowTable(random.word(), random.word())
    this.#remotes = Int32Array.from({ length: connections }, () => random.word())
    this.#ports = Int32Array.from({ length: connections }, () => (random.word() << 16) | 7)
    for (let i = 0; i < connections; i++) this.#flows.set(US, this.#remotes[i]!, this.#ports[i]!, i)
    for (let i = 0; i < LOOKUPS; i++) this.#order[i] = random.below(connections)
  }

  run(count: number): void {
    let at = this.#at
    for (let i = 0; i < count; i++) {
      const wanted = this.#order[at]!
      at = (at + 1) & MASK
      if (this.#flows.find(US, this.#remotes[wanted]!, this.#ports[wanted]!) !== wanted)
        throw new Error('another connection was found')
    }
    this.#at = at
  }
}

export const demultiplexPlans: Plan[] = [1, 1000, 100_000].map((connections) => ({
  key: `find-${connections}`,
  name: `find one of ${connections} connection${connections === 1 ? '' : 's'}`,
  batch: 1 << 14,
  isHeapMeasured: true,
  create: () => new Demultiplex(connections),
}))
