import { expect, test } from 'vitest'
import { measureIdle } from '../../bench/support/measure-idle.mjs'

const COUNT = 40_000

test('an idle established connection takes at most 1,024 bytes beyond its socket', {
  timeout: 60_000,
}, () => {
  const { bytes, resting } = measureIdle(COUNT, 'connections')
  expect(resting).toBe(COUNT)
  expect(bytes).toBeLessThan(1024)
})
