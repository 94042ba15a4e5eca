import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { measureHeap } from '../../bench/support/measure-heap.mjs'

const isBuilt = existsSync(fileURLToPath(new URL('../../dist/sim/world.js', import.meta.url)))
const title = 'heap bytes of a segment on the built code'

const OPERATIONS = 200_000

describe.skipIf(!isBuilt)(isBuilt ? title : `${title} (skipped: dist is not built)`, () => {
  test.for(['receive', 'receive-summed', 'receive-batch', 'send', 'syn-cookie'])(
    '%s: under 1',
    { timeout: 60_000 },
    (key) => {
      const { bytes, control } = measureHeap(key, OPERATIONS)
      expect(control).toBeGreaterThan(8)
      expect(bytes).toBeLessThan(1)
    },
  )
})
