import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FlowTable, NO_FLOW } from '../../src/base/flow-table.ts'
import { SeededRandom } from '../../src/base/random.ts'

type Flow = [local: number, remote: number, ports: number]

/** Few enough flows that deletions hit, enough that probes collide; extreme words among them. */
const word = fc.constantFrom(0, 1, -1, 2, 0x0a090002, -0x80000000, 0x7fffffff)
const flow = fc.tuple(word, word, fc.nat(12)) as fc.Arbitrary<Flow>
const step = fc.record({
  kind: fc.constantFrom('set', 'set', 'delete', 'find' as const),
  flow,
  handle: fc.nat(),
})

describe('the flow table', () => {
  test('finds what a Map finds, after any insertions and deletions, at any key and size', () => {
    const steps = fc.array(step, { maxLength: 400, size: 'max' })
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer(),
        fc.constantFrom(2, 4, 64),
        steps,
        (key0, key1, capacity, list) => {
          const table = new FlowTable(key0, key1, capacity)
          const model = new Map<string, number>()
          for (const { kind, flow, handle } of list) {
            const key = flow.join()
            if (kind === 'set') {
              table.set(...flow, handle)
              model.set(key, handle)
            } else if (kind === 'delete') expect(table.delete(...flow)).toBe(model.delete(key))
            else expect(table.find(...flow)).toBe(model.get(key) ?? NO_FLOW)
            expect(table.size).toBe(model.size)
          }
          for (const [key, handle] of model)
            expect(table.find(...(key.split(',').map(Number) as Flow))).toBe(handle)
        },
      ),
      { numRuns: 200 },
    )
  })

  test('deletion closes the gap: what collided with the deleted flow is still found', () => {
    const random = new SeededRandom(7)
    const table = new FlowTable(random.word(), random.word())
    const flows: Flow[] = Array.from({ length: 20_000 }, (_, i) => [i & 3, random.word(), i])
    for (const [i, f] of flows.entries()) table.set(...f, i)
    for (const [i, f] of flows.entries()) if (i % 3 !== 0) table.delete(...f)
    expect(table.size).toBe(6667)
    const wrong = flows.filter((f, i) => table.find(...f) !== (i % 3 === 0 ? i : NO_FLOW))
    expect(wrong).toEqual([])
    for (const [i, f] of flows.entries()) if (i % 3 === 0) table.delete(...f)
    expect(table.size).toBe(0)
    expect(flows.some((f) => table.find(...f) !== NO_FLOW)).toBe(false)
  })

  test('does not grow with the flows that came and went', () => {
    const table = new FlowTable(1, 2)
    // A table that kept tombstones would find no free slot and search for ever.
    let deleted = 0
    for (let i = 0; i < 100_000; i++) {
      table.set(1, 2, i, i)
      if (table.delete(1, 2, i)) deleted++
    }
    expect(deleted).toBe(100_000)
    expect(table.find(1, 2, 3)).toBe(NO_FLOW)
  })

  test('[RFC9293 §3.10.7] each of local address, remote address and ports tells flows apart', () => {
    const table = new FlowTable(1, 2)
    table.set(1, 2, 3, 10)
    table.set(2, 1, 3, 20)
    table.set(1, 2, 4, 30)
    expect([table.find(1, 2, 3), table.find(2, 1, 3), table.find(1, 2, 4)]).toEqual([10, 20, 30])
    expect([table.find(1, 1, 3), table.find(2, 2, 3), table.find(3, 2, 1)]).toEqual([-1, -1, -1])
  })

  test('[RFC6528 §3] its hash is keyed: who shares a slot under one key does not under another', () => {
    const table = new FlowTable(1, 2)
    const other = new FlowTable(1, 3)
    const slot = (of: FlowTable, port: number): number => of.hash(1, 2, port) & 0xff
    const together = Array.from({ length: 65_536 }, (_, port) => port).filter(
      (port) => slot(table, port) === 0,
    )
    const slots = new Set(together.map((port) => slot(other, port)))
    expect(together.length).toBeGreaterThan(180)
    expect(slots.size).toBeGreaterThan(100)
  })

  test('handle 0 is a handle, and a flow set again has the later one', () => {
    const table = new FlowTable(1, 2)
    table.set(1, 2, 3, 0)
    expect(table.find(1, 2, 3)).toBe(0)
    table.set(1, 2, 3, 5)
    expect([table.find(1, 2, 3), table.size]).toEqual([5, 1])
  })
})
