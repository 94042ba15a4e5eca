import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
export const inRoot = (...parts) => join(root, ...parts)

/** Something the user can do something about: told in one line, without a stack. */
export class Problem extends Error {
  /** `details`: what a tool printed, shown before the line. */
  constructor(message, details = '') {
    super(message)
    this.details = details
  }
}

/** Standard error: standard output belongs to the command that follows. */
export const say = (line) => process.stderr.write(`tunstack: ${line}\n`)

export function fail(problem) {
  if (problem.details !== '') process.stderr.write(`${problem.details.trimEnd()}\n`)
  say(problem.message)
  process.exitCode = 1
}

/** Paths of the files under `folder` (relative to the checkout), sorted. */
export function filesUnder(folder) {
  if (!existsSync(inRoot(folder))) return []
  const files = []
  for (const entry of readdirSync(inRoot(folder), { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) files.push(...filesUnder(path))
    else files.push(path)
  }
  return files.sort()
}

/** A hash of names and contents. Times say little: a checkout or a copy gives files any. */
export function fingerprint(paths, ...more) {
  const hash = createHash('sha256')
  for (const path of paths)
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(inRoot(path)))
      .update('\0')
  for (const text of more) hash.update(text).update('\0')
  return hash.digest('hex')
}

export const textOf = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '')

export const isWritable = (path) => isAccessible(path, constants.W_OK)
export const isReadable = (path) => isAccessible(path, constants.R_OK)

function isAccessible(path, mode) {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/** The path of a program, or undefined. */
export function programPath(name) {
  if (name.includes('/')) return existsSync(name) ? name : undefined
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name)
    if (isAccessible(path, constants.X_OK)) return path
  }
  return undefined
}

/** Runs a program in `cwd`; returns its status and what it printed. */
export function run(program, args, { cwd = root, env = {} } = {}) {
  const limit = 64 * 1024 * 1024
  const done = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: limit,
    env: { ...process.env, ...env },
  })
  const output = `${done.stdout ?? ''}${done.stderr ?? ''}${done.error === undefined ? '' : done.error.message}`
  return { isDone: done.status === 0, output }
}
