import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DelayQueue } from '../../src/base/delay-queue.ts'
import { NEVER } from '../../src/base/time.ts'

test('gives back what was added, in order, when its time has come', () => {
  const step = fc.record({ wait: fc.nat(30), adds: fc.nat(200) })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const queue = new DelayQueue(40)
      const expected: [number, number, number][] = []
      let now = 0
      let owner = 0
      for (const { wait, adds } of steps) {
        now += wait
        for (let i = 0; i < adds; i++) {
          queue.add(++owner, -owner, now)
          expected.push([owner, -owner, now + 40])
        }
        expect(queue.next()).toBe(expected[0]?.[2] ?? NEVER)
        while (queue.take(now)) expect([queue.owner, queue.ticket]).toEqual(expected.shift()!.slice(0, 2))
        expect(queue.size).toBe(expected.length)
        if (expected.length > 0) expect(expected[0]![2]).toBeGreaterThan(now)
      }
    }),
  )
})
