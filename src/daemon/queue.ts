import type { PolledDevice } from '../device/driver.ts'
import { QueueDevice } from '../device/queue-device.ts'
import { type Commons, hearCalls, neighboursOf } from '../device/queues.ts'
import { Owners } from '../stack/owners.ts'
import type { Stack } from '../stack/stack.ts'
import type { Sysctls } from '../stack/sysctls.ts'
import type { SharedCapture } from './capture-file.ts'

/** One of a device's queues, for the stack that serves it in a thread of its own. */
export interface Queue {
  readonly index: number
  readonly commons: Commons
  /** The file that every packet goes to, when packets are captured. */
  readonly capture: SharedCapture | undefined
}

export const ownersOf = ({ commons, index }: Queue, sysctls: Sysctls): Owners =>
  new Owners(commons.key0, commons.key1, commons.count, index, sysctls.ports)

/** The queue's device as its stack sees it: joined to the other queues until it is closed. */
export function shareQueue(
  tun: PolledDevice,
  stack: Stack,
  { commons, index }: Queue,
): { device: PolledDevice; close(): void } {
  const device = new QueueDevice(
    tun,
    stack.arena,
    stack.owners!,
    neighboursOf(commons, index),
    stack.counters.stack,
  )
  stack.onReassembled = ({ start, end }) => device.handOver(start, end - start)
  const bell = hearCalls(commons, index, () => device.called())
  return { device, close: () => bell.close() }
}
