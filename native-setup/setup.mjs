// Makes a checkout ready to run: dependencies, native addon, TypeScript; each only when missing or stale. Silent when there is nothing
// to do. `--no-native` leaves the addon out.
import { addon } from './steps/addon.mjs'
import { fail, Problem } from './steps/common.mjs'
import { dependencies } from './steps/dependencies.mjs'
import { typescript } from './steps/typescript.mjs'

const isNative = !process.argv.includes('--no-native')
const steps = isNative ? [dependencies, addon, typescript] : [dependencies, typescript]

try {
  const isOld = Number(process.versions.node.split('.')[0]) < 20
  if (isOld) throw new Problem(`Node 20 or later is needed, this is ${process.version}`)
  if (steps.some((step) => step.isStale())) {
    const { isForOwner, runAsOwner } = await import('./steps/owner.mjs')
    if (isForOwner()) process.exitCode = runAsOwner(process.argv.slice(1))
    else await setUp()
  }
} catch (error) {
  if (!(error instanceof Problem)) throw error
  fail(error)
}

/** In turn, since each needs the one before; and asked again, since somebody else may have done it meanwhile. */
async function setUp() {
  const { lock } = await import('./steps/lock.mjs')
  const unlock = await lock()
  try {
    for (const step of steps) {
      if (step.isStale()) step.renew()
    }
  } finally {
    unlock()
  }
}
