import { PacketRing } from './packet-ring.ts'
import type { Neighbours } from './queue-device.ts'
import { addon } from './tun.ts'

/** Words between two flags: a cache line. */
const LINE = 16

/** What the threads that serve a device's queues have in common: memory and descriptors, handed to each as it starts. */
export interface Commons {
  /** Queues, and so stacks. */
  readonly count: number
  /** Random, for `Owners`. */
  readonly key0: number
  readonly key1: number
  /** The ring from stack i to stack k is at i * count + k. */
  readonly rings: readonly (SharedArrayBuffer | undefined)[]
  /** For each stack: 1 when it has been called and has not looked since. */
  readonly flags: SharedArrayBuffer
  /** One word: packets that the kernel dropped in front of the device, of which the log has been told. */
  readonly told: SharedArrayBuffer
  /** For each stack: the bell it hears, and its queue of the device; descriptors of the process. */
  readonly bells: readonly number[]
  readonly queues: readonly number[]
}

/** Bytes of one ring: 2 MB; less of many, so that all of them together keep within a gigabyte. Always some super-segments. */
const ringSize = (count: number): number => 1 << Math.min(21, 24 - Math.ceil(Math.log2(count)))

/** Opens the queues of a device and what joins them. Throws an Error with `code`, as `Tun` does; what was opened is then returned by `close`. */
export function openCommons(
  name: string,
  count: number,
  key0: number,
  key1: number,
  close: (fd: number) => void,
): Commons {
  const { openQueue, makeBell } = addon()
  const opened: number[] = []
  const open = (one: () => number): number[] =>
    Array.from({ length: count }, () => {
      const fd = one()
      opened.push(fd)
      return fd
    })
  try {
    const queues = open(() => openQueue(name))
    const bells = open(makeBell)
    const flags = new SharedArrayBuffer(count * LINE * 4)
    const told = new SharedArrayBuffer(4)
    const rings = Array.from({ length: count * count }, (_, i) =>
      i % (count + 1) === 0 ? undefined : PacketRing.memory(ringSize(count)),
    )
    return { count, key0, key1, rings, flags, told, bells, queues }
  } catch (error) {
    for (const fd of opened) close(fd)
    throw error
  }
}

/** The descriptor of stack `self`'s queue, to be adopted by a `Tun`; the original stays open for whoever comes after. */
export const queueOf = (commons: Commons, self: number): number => addon().duplicate(commons.queues[self]!)

/** What joins stack `self` to the others. */
export function neighboursOf(commons: Commons, self: number): Neighbours {
  const { count, rings, bells } = commons
  const { ring } = addon()
  const flags = new Int32Array(commons.flags)
  const end = (i: number, k: number): PacketRing | undefined => {
    const memory = rings[i * count + k]
    return memory === undefined ? undefined : new PacketRing(memory)
  }
  return {
    from: Array.from({ length: count }, (_, i) => end(i, self)),
    to: Array.from({ length: count }, (_, k) => end(self, k)),
    call: (index) => {
      if (Atomics.exchange(flags, index * LINE, 1) === 0) ring(bells[index]!)
    },
    listen: () => {
      Atomics.store(flags, self * LINE, 0)
    },
  }
}

/** Calls every stack, whatever it has heard: somebody died who may have been about to. */
export function callAll(commons: Commons): void {
  for (const bell of commons.bells) addon().ring(bell)
}

/** Hears the calls to stack `self` until it is closed. */
export const hearCalls = (commons: Commons, self: number, onCall: () => void): { close(): void } =>
  new (addon().Bell)(commons.bells[self]!, onCall)
