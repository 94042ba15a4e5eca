import { closeSync, constants, openSync, truncateSync, unlinkSync, writeSync } from 'node:fs'
import { codeOf, DaemonError, messageOf } from './errors.ts'

const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants

/** Writes our process id into a file, never through a link that somebody may have left there. Throws DaemonError. */
export function writePidFile(path: string): void {
  try {
    const fd = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o644)
    writeSync(fd, `${process.pid}\n`)
    closeSync(fd)
  } catch (error) {
    throw new DaemonError(codeOf(error), `cannot write the pid file: ${messageOf(error)}`)
  }
}

/** Removes the file, or at least empties it where the folder is not ours any more. */
export function removePidFile(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM') truncateQuietly(path)
  }
}

function truncateQuietly(path: string): void {
  try {
    truncateSync(path)
  } catch {
    // Nothing more can be done, and nothing depends on it.
  }
}
