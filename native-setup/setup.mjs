// Makes a checkout ready to run: dependencies, native addon, TypeScript; each only when missing or stale. Silent when there is nothing
// to do. `--no-native` leaves the addon out.
import { addon } from './steps/addon.mjs'
import { fail, Problem } from './steps/common.mjs'
import { dependencies } from './steps/dependencies.mjs'
import { lock } from './steps/lock.mjs'
import { isForOwner, runAsOwner } from './steps/owner.mjs'
import { typescript } from './steps/typescript.mjs'

const steps = [dependencies, addon, typescript].filter(
  (s) => s !== addon || !process.argv.includes('--no-native'),
)

try {
  if (Number(process.versions.node.split('.')[0]) < 20)
    throw new Problem(`Node 20 or later is needed, this is ${process.version}`)
  if (steps.some((step) => step.isStale())) {
    if (isForOwner()) process.exitCode = runAsOwner(process.argv.slice(1))
    else await setUp()
  }
} catch (error) {
  if (!(error instanceof Problem)) throw error
  fail(error)
}

/** In turn, since each needs the one before; and asked again, since somebody else may have done it meanwhile. */
async function setUp() {
  const unlock = await lock()
  try {
    for (const step of steps) {
      if (step.isStale()) step.renew()
    }
  } finally {
    unlock()
  }
}
