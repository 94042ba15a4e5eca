import { expect, test, vi } from 'vitest'
import { collectTwice } from '../../src/daemon/garbage.ts'

test('garbage is collected at once, and once more when it has been quiet', () => {
  vi.useFakeTimers()
  try {
    const at: number[] = []
    const began = Date.now()
    const call = collectTwice(() => at.push((Date.now() - began) / 1000))
    call()
    vi.advanceTimersByTime(3000)
    call()
    vi.advanceTimersByTime(60_000)
    expect(at).toEqual([0, 3, 11])
  } finally {
    vi.useRealTimers()
  }
})
