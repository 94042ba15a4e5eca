import { DaemonError } from '../daemon/errors.ts'

/** Transfers a file between two stacks in virtual time; resolves with the exit status. */
export async function runDemo(): Promise<number> {
  throw new DaemonError('ENOSYS', 'this build has no simulator to show')
}
