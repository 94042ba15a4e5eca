import type { DaemonConfig } from './config.ts'
import { DaemonError } from './errors.ts'
import type { Logger } from './logging.ts'
import type { ServedStack } from './served-stack.ts'

/** Opens the device and builds stack and services on it. Throws UsageError (sysctls) and DaemonError (device). */
export async function createStack(config: DaemonConfig, _log: Logger): Promise<ServedStack> {
  throw new DaemonError('ENOSYS', `this build has no stack to serve ${config.dev} with`)
}
