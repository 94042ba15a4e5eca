import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { LOADER } from './measure-heap.mjs'

/** Megabytes that the heap may take: a million connections fit. */
const HEAP = 12_000

/** What `count` idle connections cost, measured in a process of its own. */
export function measureIdle(count, kind) {
  const idle = fileURLToPath(new URL('../idle.ts', import.meta.url))
  const args = ['--expose-gc', `--max-old-space-size=${HEAP}`, ...LOADER, idle, `${count}`, kind]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`bench/idle.ts ${count} ${kind} failed\n${stderr}`)
  return JSON.parse(stdout)
}
