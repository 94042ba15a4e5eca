import { discard } from '../../src/tcp/calls.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import { Settings } from '../../src/tcp/settings.ts'
import { BATCH, Crowd, Holder } from '../support/crowd.ts'
import { OUR_PORT } from '../support/peer.ts'
import type { Plan, Subject } from './subject.ts'

/** Those that send, in turn. */
const BUSY = 64
const PAYLOAD = 64
/** Microseconds of silence after which all are at rest. */
const SILENCE = 3_000_000

/** 64 bytes in, read and acknowledged, on a few connections among many that are idle, each with keep-alive. */
class Among implements Subject {
  readonly #crowd: Crowd
  readonly #holders: Holder[] = []

  constructor(connections: number) {
    this.#crowd = new Crowd(connections)
    const { tcp } = this.#crowd.stack
    const settings = new Settings(tcp.host.sysctl)
    settings.keepAlive = true
    const listener = tcp.listen(0, OUR_PORT, BATCH, settings)
    for (let i = 0; i < connections; i += BATCH) {
      this.#crowd.open(i, Math.min(BATCH, connections - i))
      for (let c = listener.accept(); c !== undefined; c = listener.accept())
        this.#holders.push(new Holder(c))
      this.#crowd.turn()
    }
    this.#crowd.now += SILENCE
    while (this.#crowd.turn() <= this.#crowd.now);
  }

  run(count: number): void {
    const crowd = this.#crowd
    const busy = Math.min(BUSY, this.#holders.length)
    const { InSegs } = crowd.stack.counters.tcp
    for (let i = 0; i < count; i += busy) {
      for (let peer = 0; peer < busy; peer++) crowd.add(peer, PAYLOAD)
      crowd.turn()
      for (let peer = 0; peer < busy; peer++) this.#read(peer)
    }
    if (crowd.stack.counters.tcp.InSegs - InSegs < count) throw new Error('not every segment has come')
  }

  #read(peer: number): void {
    const c = this.#holders[peer]!.connection as Connection // what has just come has woken it
    discard(c, c.receive.queue.length)
  }
}

export const amongPlans: Plan[] = [64, 10_000, 100_000].map((connections) => ({
  key: `among-${connections}`,
  name: `64 bytes in, read, acknowledged: one of 64 busy connections among ${connections}`,
  batch: 1024,
  create: () => new Among(connections),
}))
