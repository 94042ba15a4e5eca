import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { filesUnder, fingerprint, inRoot, isWritable, Problem, root, run, say, textOf } from './common.mjs'

const STAMP = inRoot('dist/.sources')
const MAIN = inRoot('dist/cli/main.js')
const SETTINGS = ['tsconfig.json', 'tsconfig.build.json', 'package.json']
const OUTPUTS = ['.js', '.js.map', '.d.ts']

/** dist, built from src. */
export const typescript = {
  isStale() {
    return textOf(STAMP) !== sources() || !isComplete()
  },

  renew() {
    if (!isWritable(existsSync(inRoot('dist')) ? inRoot('dist') : root)) {
      if (!existsSync(MAIN)) throw new Problem(`the TypeScript is not built, and ${root} is read-only`)
      say('dist is older than src, but the checkout is read-only: used as it is')
      return
    }
    say('building the TypeScript')
    // What the incremental build believes to be there must be there.
    if (!isComplete()) rmSync(inRoot('dist'), { recursive: true, force: true })
    const before = sources()
    const { isDone, output } = run(process.execPath, [
      inRoot('node_modules/typescript/bin/tsc'),
      '-p',
      'tsconfig.build.json',
    ])
    if (!isDone) throw new Problem('the TypeScript does not compile', output)
    removeStrangers()
    writeFileSync(STAMP, before)
  },
}

const modules = () => filesUnder('src').filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))

const sources = () => fingerprint([...modules(), ...SETTINGS.filter((path) => existsSync(inRoot(path)))])

/** dist/a/b from src/a/b.ts. */
const outputOf = (path) => path.replace(/^src/, 'dist').replace(/\.ts$/, '')

const isComplete = () => modules().every((path) => existsSync(inRoot(`${outputOf(path)}.js`)))

/** Removes from dist what has no source any more. */
function removeStrangers() {
  const known = new Set(modules().flatMap((path) => OUTPUTS.map((ending) => outputOf(path) + ending)))
  for (const path of filesUnder('dist')) {
    if (OUTPUTS.some((ending) => path.endsWith(ending)) && !known.has(path)) rmSync(inRoot(path))
  }
}
