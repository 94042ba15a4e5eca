import { describe, expect, test } from 'vitest'
import { MILLISECOND } from '../../src/base/time.ts'
import { cells, fairnessTable, measureFor, throughputTable } from '../sim-congestion/grid.ts'
import { expectResponse } from '../sim-congestion/response.ts'

const HEAD = `# Congestion controllers on simulated paths

Written by \`npm run soak -- test/soak/congestion.test.ts -u\`, in virtual time: the same each time, so that a change of behaviour shows as a diff.
A delay is that of the round trip without queues: 1 ms with 100 Mbit/s, so that the path holds 8 packets; 20 and 100 ms with 20 Mbit/s, 33 and 167
packets. A buffer is in what the path holds, and never smaller than two packets; a reordered packet comes a millisecond late. Flows run for 1, 4 or 8 s and
are then measured for twice as long; two flows have twice the time.
`

describe('congestion control', () => {
  test('[RFC5166 §2.1] [RFC5166 §2.3] throughput and fairness over the grid of paths', async () => {
    const throughput = `## One flow\n\nThe part of the bottleneck that it uses, and the part of its data that it sent again, percent.\n`
    const fairness = `## Two flows\n\nThe parts of the bottleneck that the two use, percent; nothing is lost but in the queue.\n`
    const text = [HEAD, throughput, throughputTable(cells(), measureFor), fairness, fairnessTable()].join(
      '\n',
    )
    await expect(text).toMatchFileSnapshot('../sim-congestion/table.md')
  })

  test.each([
    { lossEvery: 10_000, roundTrip: 100 * MILLISECOND, window: 187, firstLoss: 188 },
    { lossEvery: 10_000, roundTrip: 10 * MILLISECOND, window: 120 },
    { lossEvery: 100_000, roundTrip: 100 * MILLISECOND, window: 1054, firstLoss: 1120 },
  ])('[RFC9438 §5.1] one in $lossEvery lost, $roundTrip µs: $window segments on average', (row) => {
    expectResponse(row, 6)
  })
})
