import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

/** Loads the benches' TypeScript, on the code in dist. */
export const LOADER = ['--import', at('on-dist.mjs')]

/** Semi-spaces so large that nothing is collected; compilation in turn, so that a busy machine does not put it off. */
const FLAGS = [
  '--expose-gc',
  '--min-semi-space-size=256',
  '--max-semi-space-size=256',
  '--no-concurrent-recompilation',
]

/** An object per operation is 16 bytes at least. */
const SEEN = 8

/**
 * Heap bytes of one operation, measured in a process of its own; `control` is what an object per operation gives.
 * Throws an Error when the control is not seen.
 */
export function measureHeap(key, operations) {
  const args = [...FLAGS, ...LOADER, at('../heap.ts'), key, `${operations}`]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`bench/heap.ts ${key} failed\n${stderr}`)
  const measured = JSON.parse(stdout)
  if (measured.control <= SEEN)
    throw new Error(`the control is not seen: ${measured.control} bytes per operation`)
  return measured
}
