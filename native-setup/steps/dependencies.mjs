import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { inRoot, isReadable, isWritable, Problem, programPath, root, run, say, textOf } from './common.mjs'

const WANTED = inRoot('package-lock.json')
/** npm's own note of what it has installed. */
const INSTALLED = inRoot('node_modules/.package-lock.json')

/** node_modules as package-lock.json says. */
export const dependencies = {
  isStale() {
    if (!existsSync(WANTED)) return false
    const installed = packagesIn(INSTALLED)
    return Object.entries(packagesIn(WANTED)).some(
      ([path, wanted]) => path !== '' && !isMet(wanted, installed[path]),
    )
  },

  renew() {
    if (!isWritable(root)) {
      if (!existsSync(INSTALLED))
        throw new Problem(`dependencies are not installed, and ${root} is read-only`)
      say('dependencies differ from package-lock.json, but the checkout is read-only: used as they are')
      return
    }
    say('installing dependencies (npm ci)')
    const [program, ...first] = npm()
    const { isDone, output } = run(program, [
      ...first,
      'ci',
      '--include=dev',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
    ])
    if (!isDone) throw new Problem('npm ci failed; is the registry within reach?', output)
  },
}

const packagesIn = (path) => JSON.parse(textOf(path) || '{}').packages ?? {}

/** Optional packages are those of other platforms. */
const isMet = (wanted, found) =>
  wanted.link === true || (found === undefined ? wanted.optional === true : found.version === wanted.version)

/** The npm that runs this script (it may be another manager's run), or the one in PATH. */
function npm() {
  const path = process.env.npm_execpath ?? ''
  if (basename(path) === 'npm-cli.js' && isReadable(path)) return [process.execPath, path]
  const program = programPath('npm')
  if (program === undefined) throw new Problem('npm is not in PATH: install it beside Node')
  return [program]
}
