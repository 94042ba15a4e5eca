// hot path: once for every batch of packets.
import { type Instant, NEVER, sooner } from '../base/time.ts'
import type { Stack } from '../stack/stack.ts'
import type { Device } from './device.ts'

/**
 * One turn of a stack on a device, the same for TUN driver and simulator. Returns when the next one is due though nothing comes; a moment
 * at or before `now` asks for one at once.
 */
export function turn(stack: Stack, device: Device, now: Instant): Instant {
  device.advance?.(now)
  const count = device.readBatch()
  stack.isBehind = device.isDrained === false
  for (let row = 0; row < count; row++) stack.receive(device.input, row, now)
  stack.advance(now)
  stack.runApplications() // before transmission, so that replies carry acknowledgements
  stack.transmit(device, now)
  device.flush()
  return sooner(stack.nextDeadline(), device.nextDeadline?.() ?? NEVER)
}
