import { type Random, SeededRandom } from '../base/random.ts'
import type { Duration } from '../base/time.ts'
import { type Impairments, NO_IMPAIRMENTS, type QueueLimit } from '../device/impairments.ts'
import { Path, type PathOptions } from '../device/path.ts'
import type { MemoryDevice } from './memory-device.ts'

/** How a link treats packets in one direction. */
export interface LinkDirection {
  delay?: Duration
  /** Bits a second; without one, as fast as it goes. */
  rate?: number
  /** What may wait for the rate; without one, everything. */
  queue?: QueueLimit
  impairments?: Partial<Impairments>
  /** Packets that may be on their way at once; 4096 when left out. */
  capacity?: number
}

export interface LinkOptions extends LinkDirection {
  /** The way from the second end to the first, where it differs; as a whole, not field by field. */
  back?: LinkDirection
}

/** One end of a link. */
export interface LinkEnd {
  readonly address: number
  readonly device: MemoryDevice
}

/** Joins two devices. Its packets lie in the arena of the device they travel to. */
export class Link {
  /** From the first end to the second, and back. */
  readonly forth: Path
  readonly back: Path

  /** Throws a RangeError for ends of which only one takes super-segments, or both over a link that harms packets. */
  constructor(a: LinkEnd, b: LinkEnd, options: LinkOptions = {}, random: Random = new SeededRandom(0)) {
    const keepsPartial = a.device.segmentationOffload
    if (keepsPartial !== b.device.segmentationOffload) {
      throw new RangeError('both ends of a link take super-segments, or neither')
    }
    this.forth = new Path(b.device.arena, random, pathOptions(options, keepsPartial))
    this.back = new Path(a.device.arena, random, pathOptions(options.back ?? options, keepsPartial))
    a.device.sendTo(b.address, this.forth)
    b.device.receiveFrom(this.forth)
    b.device.sendTo(a.address, this.back)
    a.device.receiveFrom(this.back)
  }
}

function pathOptions(direction: LinkDirection, keepsPartial: boolean): PathOptions {
  const impairments = { ...NO_IMPAIRMENTS, ...direction.impairments }
  if (direction.delay !== undefined) impairments.delay = direction.delay
  if (direction.rate !== undefined) impairments.rate = direction.rate
  const { loss, reorder, duplicate, corrupt } = impairments
  if (keepsPartial && loss + reorder + duplicate + corrupt > 0) {
    throw new RangeError('a link that harms packets takes no super-segments')
  }
  return { impairments, queue: direction.queue, capacity: direction.capacity, keepsPartial }
}
