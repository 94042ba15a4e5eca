import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Arena } from '../../src/base/arena.ts'
import { Column } from '../../src/base/packet-table.ts'
import { NEVER } from '../../src/base/time.ts'
import { Backlog } from '../../src/device/backlog.ts'
import { HeldPackets } from '../../src/device/held-packets.ts'

test('packets leave in the order of their moments, those of one moment in the order of their arrival', () => {
  const event = fc.oneof(
    fc.record({ hold: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ until: fc.integer({ min: 0, max: 20 }) }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const held = new HeldPackets(new Arena(4096), 16)
      const model: { due: number; id: number }[] = []
      let id = 0
      for (const each of events) {
        if ('hold' in each) {
          expect(held.isFull).toBe(model.length === 16)
          if (held.isFull) continue
          held.hold(each.hold, ++id, 0, 0, 0, 0, 0)
          model.push({ due: each.hold, id })
          model.sort((a, b) => a.due - b.due || a.id - b.id)
        } else {
          for (let row = held.take(each.until); row !== -1; row = held.take(each.until)) {
            expect(held.table.get(row, Column.Head)).toBe(model.shift()?.id)
          }
        }
        expect(held.nextDue).toBe(model[0]?.due ?? NEVER)
        expect(held.count).toBe(model.length)
      }
    }),
  )
})

test('what is forgotten gives its memory back', () => {
  const arena = new Arena(65536)
  const held = new HeldPackets(arena, 4)
  for (let due = 0; due < 4; due++) held.hold(due, arena.take(3000), 3000, 0, 0, 0, 0)
  held.clear()
  expect([held.count, arena.used]).toEqual([0, 0])
})

test('a backlog knows what has not left', () => {
  const backlog = new Backlog()
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 100; i++) backlog.add(round * 1000 + i, 10)
    expect([backlog.packets, backlog.bytes]).toEqual([100, 1000])
    backlog.settle(round * 1000 + 49)
    expect([backlog.packets, backlog.bytes]).toEqual([50, 500])
    backlog.settle(round * 1000 + 500)
    expect([backlog.packets, backlog.bytes]).toEqual([0, 0])
  }
})
