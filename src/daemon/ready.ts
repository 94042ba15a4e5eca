import { closeSync, writeSync } from 'node:fs'
import { notifyServiceManager } from '../device/process.ts'
import { formatAddress } from '../wire/address.ts'
import type { DaemonConfig } from './config.ts'
import { messageOf } from './errors.ts'
import type { Logger } from './logging.ts'

/** The line on stdout that says that packets are answered from now on. */
export const readyLine = (config: Pick<DaemonConfig, 'address' | 'dev'>): string =>
  `ready ${formatAddress(config.address.address)} on ${config.dev}\n`

/** Tells whoever waits: a line on stdout, and "1\n" into `readyFd`, which is closed then. */
export function announceReady(config: Pick<DaemonConfig, 'address' | 'dev' | 'readyFd'>): void {
  quietly(() => writeSync(1, readyLine(config)))
  const { readyFd } = config
  if (readyFd === undefined) return
  quietly(() => writeSync(readyFd, '1\n'))
  quietly(() => closeSync(readyFd))
}

/** Tells the service manager that started us, if one did (systemd's `Type=notify`), what `state` says. */
export function tellServiceManager(state: 'READY=1' | 'STOPPING=1', log: Logger): void {
  try {
    notifyServiceManager(state)
  } catch (error) {
    log.warn(`the service manager cannot be told ${state}: ${messageOf(error)}`)
  }
}

/** Nobody has to listen: a closed stdout or descriptor is no reason not to serve. */
function quietly(act: () => void): void {
  try {
    act()
  } catch {
    // See above.
  }
}
