import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Arena, MIN_BLOCK } from '../../src/base/arena.ts'

interface Taken {
  offset: number
  length: number
}

const SIZE = 64 * MIN_BLOCK

const overlap = (a: Taken, b: Taken): boolean =>
  a.offset < b.offset + Arena.blockSize(b.length) && b.offset < a.offset + Arena.blockSize(a.length)

/** A length to take, or the index of a block to give back. */
const step = fc.oneof(
  fc.record({ take: fc.oneof(fc.nat(3 * MIN_BLOCK), fc.nat(SIZE + 10)) }),
  fc.record({ give: fc.nat() }),
)

describe('the arena', () => {
  test('never hands out overlapping blocks, counts them, and is one block again when all are given back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const arena = new Arena(SIZE)
        const taken: Taken[] = []
        for (const s of steps) {
          if ('take' in s) take(arena, taken, s.take)
          else if (taken.length > 0) {
            const [block] = taken.splice(s.give % taken.length, 1)
            arena.give(block!.offset, block!.length)
          }
          expect(arena.used).toBe(taken.reduce((sum, t) => sum + Arena.blockSize(t.length), 0))
        }
        for (const { offset, length } of taken) arena.give(offset, length)
        expect(arena.used).toBe(0)
        expect(arena.take(SIZE)).toBe(0)
      }),
    )
  })

  test('is one block again after a reset, whatever was taken', () => {
    const arena = new Arena(SIZE)
    for (let i = 0; i < 10; i++) arena.take(3 * MIN_BLOCK)
    arena.reset()
    expect(arena.used).toBe(0)
    expect(arena.take(SIZE)).toBe(0)
    expect(arena.take(1)).toBe(-1)
  })

  function take(arena: Arena, taken: Taken[], length: number): void {
    const offset = arena.take(length)
    if (offset === -1) return
    const block = { offset, length }
    expect(offset % Arena.blockSize(length)).toBe(0)
    expect(offset + Arena.blockSize(length)).toBeLessThanOrEqual(SIZE)
    for (const other of taken) expect(overlap(block, other)).toBe(false)
    taken.push(block)
  }

  test('is handed out to the last byte in smallest blocks, in any order of return', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(
          Array.from({ length: 64 }, (_, i) => i),
          { minLength: 64 },
        ),
        (order) => {
          const arena = new Arena(SIZE)
          const offsets = Array.from({ length: 64 }, () => arena.take(MIN_BLOCK))
          expect(new Set(offsets).size).toBe(64)
          expect(offsets).not.toContain(-1)
          expect(arena.take(1)).toBe(-1)
          for (const i of order) arena.give(offsets[i]!, MIN_BLOCK)
          expect(arena.take(SIZE)).toBe(0)
        },
      ),
      { numRuns: 20 },
    )
  })

  test('refuses what is larger than itself or than its largest free block, and loses nothing by it', () => {
    const arena = new Arena(SIZE)
    expect(arena.take(SIZE + 1)).toBe(-1)
    expect(arena.take(2 ** 40)).toBe(-1)
    const first = arena.take(1)
    expect(arena.take(SIZE)).toBe(-1)
    expect(arena.take(SIZE / 2)).toBe(SIZE / 2)
    arena.give(first, 1)
    expect(arena.take(SIZE / 2)).toBe(0)
    expect(arena.used).toBe(SIZE)
  })

  test('blocks are powers of two that hold the length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1 << 29 }), (length) => {
        const size = Arena.blockSize(length)
        expect(size).toBeGreaterThanOrEqual(Math.max(length, MIN_BLOCK))
        expect(Math.log2(size) % 1).toBe(0)
        if (size > MIN_BLOCK) expect(size / 2).toBeLessThan(length)
      }),
    )
  })

  test.each([
    [0, MIN_BLOCK],
    [1, MIN_BLOCK],
    [MIN_BLOCK, MIN_BLOCK],
    [MIN_BLOCK + 1, 2 * MIN_BLOCK],
    [100_000, 131_072],
  ])('a size of %i is rounded up to %i', (asked, size) => {
    const arena = new Arena(asked)
    expect(arena.size).toBe(size)
    expect(arena.bytes).toHaveLength(size)
    expect(arena.take(size)).toBe(0)
  })
})
