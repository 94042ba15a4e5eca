import { test } from 'vitest'
import { MILLISECOND } from '../../src/base/time.ts'
import { expectResponse, renoWindow } from './response.ts'

test.each([
  { lossEvery: 1000, roundTrip: 100 * MILLISECOND, window: 38 },
  { lossEvery: 1000, roundTrip: 10 * MILLISECOND, window: 38 },
])('[RFC9438 §5.1] one in $lossEvery lost, $roundTrip µs: $window segments on average', (row) => {
  expectResponse(row, 12)
})

test('[RFC9438 §5.1] one in 1000 lost: Reno', () => {
  expectResponse({ lossEvery: 1000, roundTrip: 20 * MILLISECOND, window: renoWindow(1000) }, 12, 'reno')
})
