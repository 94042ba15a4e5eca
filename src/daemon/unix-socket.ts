import { once } from 'node:events'
import { lstatSync, rmSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { codeOf, DaemonError, messageOf } from './errors.ts'

/** How to say what is wrong with a path. */
export interface SocketWords {
  /** Who else may be behind it: `another daemon`. */
  readonly owner: string
  /** What to do when somebody is. */
  readonly busyHint: string
  /** What to do when there can be no socket. */
  readonly hint: string
}

/**
 * Lets the server listen at `path`, a file of this mode; replaces the socket that a dead process left. Throws DaemonError when a live one
 * has it (EADDRINUSE), or when something else is there (EEXIST).
 */
export async function listenAt(
  server: Server,
  path: string,
  mode: number,
  words: SocketWords,
): Promise<void> {
  await removeStale(path, words)
  const before = process.umask(0o777 & ~mode)
  try {
    server.listen(path) // makes the file at once, so it never has another mode
  } finally {
    process.umask(before)
  }
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new DaemonError(codeOf(error), `cannot listen on ${path}: ${messageOf(error)}`, words.hint)
  }
}

async function removeStale(path: string, words: SocketWords): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isSocket()) throw new DaemonError('EEXIST', `${path} exists and is not a socket`)
  if (await isLive(path)) {
    throw new DaemonError('EADDRINUSE', `${words.owner} answers on ${path}`, words.busyHint)
  }
  rmSync(path, { force: true })
}

function isLive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT'].includes(codeOf(error))))
  })
}
