import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Column, PacketFlag, ROW } from '../../src/base/packet-table.ts'
import { addon } from '../../src/device/tun.ts'
import { hasAddon } from './harness.ts'

const native = hasAddon() ? addon() : undefined

/** RFC 1071 §1, as it is written there: 16-bit words, the last byte padded with zero. */
function plainSum(bytes: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}

interface Pieces {
  head: number[]
  first: number[]
  second: number[]
  start: number
}

/** Lays the pieces out in a memory and has the checksum completed; returns what the head's field holds then. */
function completed({ head, first, second, start }: Pieces, gap: number, offset = 2): number {
  const at = [gap, gap + head.length + gap, gap + head.length + gap + first.length + gap]
  const memory = new Uint8Array(at[2]! + second.length + 1).fill(0xa5)
  memory.set(head, at[0]!)
  memory.set(first, at[1]!)
  memory.set(second, at[2]!)
  const rows = new Int32Array(ROW)
  rows[Column.Head] = at[0]!
  rows[Column.HeadLength] = head.length
  rows[Column.First] = at[1]!
  rows[Column.FirstLength] = first.length
  rows[Column.Second] = at[2]!
  rows[Column.SecondLength] = second.length
  rows[Column.Flags] = PacketFlag.NeedsChecksum
  rows[Column.ChecksumStart] = start
  rows[Column.ChecksumOffset] = offset
  native!.completeChecksum(memory, rows, 0)
  const field = at[0]! + start + offset
  return (memory[field]! << 8) | memory[field + 1]!
}

function expected({ head, first, second, start }: Pieces): number {
  return ~plainSum([...head.slice(start), ...first, ...second]) & 0xffff
}

const byte = fc.integer({ min: 0, max: 255 })
const range = (max: number) => fc.array(byte, { maxLength: max })
const pieces = fc.record({
  head: fc.array(byte, { minLength: 28, maxLength: 80 }),
  first: range(300),
  second: range(300),
  start: fc.integer({ min: 0, max: 24 }),
})

describe.skipIf(native === undefined)('the checksum that flush completes', () => {
  test('[RFC1071 §2] ranges of any length and place sum as one message', () => {
    fc.assert(
      fc.property(pieces, fc.integer({ min: 0, max: 9 }), (p, gap) => {
        expect(completed(p, gap)).toBe(expected(p))
      }),
      { numRuns: 2000 },
    )
  })

  test('[RFC1071 §2 (B)] a range that begins at an odd position changes its bytes’ places', () => {
    const head = [...Array(28).keys()]
    for (const first of [[], [1], [1, 2], [1, 2, 3]]) {
      for (const second of [[], [250], [250, 251], [250, 251, 252, 253, 254]]) {
        const p = { head, first, second, start: 20 }
        expect(completed(p, 1)).toBe(expected(p))
      }
    }
  })

  test('carries are kept over 64 KB of all ones', () => {
    const p = {
      head: Array(40).fill(0xff),
      first: Array(40_001).fill(0xff),
      second: Array(25_000).fill(0xff),
      start: 20,
    }
    expect(completed(p, 3)).toBe(expected(p))
  })

  const onlyOnes = { head: [...Array(26).fill(0), 0xff, 0xff], first: [], second: [], start: 20 }

  test('[RFC768] a checksum of zero is sent as all ones in UDP, where it means none', () => {
    expect(completed(onlyOnes, 0, 6)).toBe(0xffff)
  })

  test('[RFC1624 §3] elsewhere a checksum of zero is zero', () => {
    expect(completed(onlyOnes, 0, 2)).toBe(0)
  })

  test('rows that point outside the memory are refused', () => {
    const memory = new Uint8Array(100)
    const complete = (changes: Partial<Record<keyof typeof Column, number>>) => () => {
      const rows = new Int32Array(ROW)
      rows.set([0, 40, 40, 20, 60, 40, PacketFlag.NeedsChecksum, 0, 20, 16])
      for (const [column, value] of Object.entries(changes))
        rows[Column[column as keyof typeof Column]] = value
      native!.completeChecksum(memory, rows, 0)
    }
    complete({})()
    for (const changes of [
      { Head: -1 },
      { Head: 61 },
      { HeadLength: -40 },
      { HeadLength: 101 },
      { First: 0x7fffffff },
      { FirstLength: 61 },
      { Second: 61 },
      { SecondLength: 0x7fffffff },
      { ChecksumStart: -2 },
      { ChecksumStart: 23 },
      { ChecksumOffset: -1 },
      { ChecksumOffset: 0x7fffffff },
    ]) {
      expect(complete(changes), JSON.stringify(changes)).toThrow(TypeError)
    }
  })
})
