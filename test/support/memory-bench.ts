import { Arena } from '../../src/base/arena.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { NO_IMPAIRMENTS } from '../../src/device/impairments.ts'
import { Path } from '../../src/device/path.ts'
import { MemoryDevice, type MemoryDeviceOptions } from '../../src/sim/memory-device.ts'
import { arrivals, rowsOf } from './packet-rows.ts'

/** A memory device with a path on either side, over which nothing is lost or late. */
export class MemoryBench {
  readonly arena = new Arena(16 * 1024 * 1024)
  readonly far = new Arena(16 * 1024 * 1024)
  readonly device: MemoryDevice
  readonly #in: Path
  readonly #out: Path

  constructor(options: MemoryDeviceOptions = {}) {
    const random = new SeededRandom(1)
    this.device = new MemoryDevice(this.arena, options)
    this.#in = new Path(this.arena, random, { impairments: NO_IMPAIRMENTS })
    this.#out = new Path(this.far, random, { impairments: NO_IMPAIRMENTS })
    this.device.receiveFrom(this.#in)
    this.device.sendTo(0, this.#out)
  }

  arrive(packets: readonly Uint8Array[]): void {
    const table = rowsOf(packets)
    for (let row = 0; row < table.count; row++) this.#in.send(table, row, 0)
  }

  sent(): Uint8Array[] {
    return arrivals(this.#out, this.far, Number.MAX_VALUE)
  }
}
