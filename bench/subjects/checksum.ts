import { finish, sum } from '../../src/wire/checksum.ts'
import type { Plan, Subject } from './subject.ts'

class Checksum implements Subject {
  readonly #length: number
  readonly #bytes: Uint8Array

  constructor(length: number) {
    this.#length = length
    this.#bytes = new Uint8Array(length + 64).map((_, i) => i * 31)
  }

  run(count: number): void {
    let all = 0xffff
    for (let i = 0; i < count; i++) all &= finish(sum(this.#bytes, i & 62, this.#length))
    if (all < 0) throw new Error('a checksum has 16 bits')
  }
}

export const checksumPlans: Plan[] = [20, 1460, 65_536].map((length) => ({
  key: `checksum-${length}`,
  name: `checksum of ${length} bytes`,
  batch: length < 10_000 ? 1 << 14 : 64,
  bytes: length,
  isHeapMeasured: true,
  create: () => new Checksum(length),
}))
