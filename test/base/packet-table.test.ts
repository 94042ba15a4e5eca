import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Column, PacketFlag, PacketTable, ROW } from '../../src/base/packet-table.ts'

describe('the packet table', () => {
  test('has a column of its own for everything a row says', () => {
    const columns = Object.values(Column)
    expect(new Set(columns).size).toBe(ROW)
    expect(columns.every((column) => column >= 0 && column < ROW)).toBe(true)
    const flags = Object.values(PacketFlag)
    expect(flags.reduce<number>((all, flag) => all | flag, 0)).toBe(
      flags.reduce<number>((sum, flag) => sum + flag, 0),
    )
  })

  test('rows do not disturb each other, and a length is that of all pieces', () => {
    const lengths = fc.tuple(fc.nat(65535), fc.nat(65535), fc.nat(65535))
    fc.assert(
      fc.property(fc.array(lengths, { minLength: 1, maxLength: 20 }), (rows) => {
        const memory = new Uint8Array(1)
        const table = new PacketTable(memory, rows.length)
        for (const [row, [head, first, second]] of rows.entries()) {
          table.set(row, Column.HeadLength, head)
          table.set(row, Column.FirstLength, first)
          table.set(row, Column.SecondLength, second)
        }
        expect(rows.map((_, row) => table.length(row))).toEqual(rows.map(([a, b, c]) => a + b + c))
        expect(rows.map((_, row) => table.get(row, Column.FirstLength))).toEqual(
          rows.map(([, first]) => first),
        )
        expect([table.memory, table.capacity, table.count]).toEqual([memory, rows.length, 0])
      }),
    )
  })
})
