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

const NOTES = `## What stands out

- A buffer of two packets (1 ms, 0.1 BDP): CUBIC and NewReno are not paced, and an acknowledgement of two segments that lets the window grow sends three at
  once, of which one is lost; so the window stays at its least. BBR sends pairs, which fit, but keeps the four segments that it keeps at least.
- A buffer of three packets (20 ms, 0.1 BDP) with 5 % reordered: the acknowledgement that closes a gap lets several segments go at once, and the buffer
  does not hold them; no time-out and little is sent again. BBR's pacing spreads them. The pairs of two BBR flows meet in it and lose more than the
  model bears, whatever the rate, so both stay low.
- 1 % and 5 % lost: NewReno can have 1.22/sqrt(p) segments in a round trip, 12 and 5, which are 37 and 16 % of 33 packets, 7 and 3 % of 167; so it is. CUBIC is
  in its Reno-friendly region there. With 0.1 % at 100 ms it is beyond it.
- BBR bears losses of 2 % of what is in flight and one standard deviation more: of 33 packets one, of 167 five. With 5 % each probe finds too much in flight.
- Reordering by a millisecond costs nothing where a quarter of the round trip is longer, RACK's window; at 1 ms it is learnt from D-SACKs.
- BBR against others in five BDP: it keeps two BDP in flight at most, and they fill the buffer. With one BDP both have their share.
`

describe('congestion control', () => {
  test('[RFC5166 §2.1] [RFC5166 §2.3] throughput and fairness over the grid of paths', async () => {
    const throughput = `## One flow\n\nThe part of the bottleneck that it uses, and the part of its data that it sent again, percent.\n`
    const fairness = `## Two flows\n\nThe parts of the bottleneck that the two use, percent; nothing is lost but in the queue.\n`
    const text = [
      HEAD,
      throughput,
      throughputTable(cells(), measureFor),
      fairness,
      fairnessTable(),
      NOTES,
    ].join('\n')
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
