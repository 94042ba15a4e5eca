// What `on-dist.mjs` registers; Node runs it in a thread of its own.
//
// `../src/wire/tcp.ts` becomes `dist/wire/tcp.js`: what is measured is what the daemon runs. BENCH_DIST names another build to compare with.
import { resolve as resolvePath } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export { load } from '../../test/support/typescript-hooks.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const source = pathToFileURL(resolvePath(root, 'src')).href
const built = pathToFileURL(resolvePath(root, process.env.BENCH_DIST ?? 'dist')).href

export async function resolve(specifier, context, next) {
  const isPath = /^\.{0,2}\//.test(specifier) && context.parentURL?.startsWith('file:')
  if (!isPath) return next(specifier, context)
  const { href } = new URL(specifier, context.parentURL)
  if (!href.startsWith(`${source}/`)) return next(specifier, context)
  return next(built + href.slice(source.length).replace(/\.ts$/, '.js'), context)
}
