import { expect, test } from 'vitest'
import { type Cell, throughputTable } from './grid.ts'

/** A few paths of the grid that `npm run soak` walks, slow and short; the table is reviewed as a diff (`vitest -u` writes it). */
const SAMPLE: Cell[] = [
  { delay: 1, buffer: 1, reorder: 0, loss: 0 },
  { delay: 20, buffer: 1, reorder: 0, loss: 0 },
  { delay: 20, buffer: 1, reorder: 0.05, loss: 0 },
  { delay: 20, buffer: 1, reorder: 0, loss: 0.01 },
  { delay: 100, buffer: 1, reorder: 0, loss: 0 },
]

test('[RFC5166 §2.1] throughput on a sample of paths', async () => {
  const table = throughputTable(SAMPLE, () => ({ rate: 10e6, warmUp: 2, duration: 4 }))
  await expect(table).toMatchFileSnapshot('sample.md')
}, 60_000)
