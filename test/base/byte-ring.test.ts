import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Arena, MIN_BLOCK } from '../../src/base/arena.ts'
import { ByteRing } from '../../src/base/byte-ring.ts'

const LIMIT = 16 * MIN_BLOCK

/** What the ring should hold: bytes by position, undefined in gaps. */
type Model = (number | undefined)[]

function put(ring: ByteRing, model: Model, at: number, length: number, seed: number): void {
  if (at + length > LIMIT || length === 0) return
  expect(ring.reserve(at + length)).toBe(true)
  const from = Uint8Array.from({ length: length + 2 }, (_, i) => (seed + i * 7) & 0xff)
  ring.put(at, from, 1, length)
  while (model.length < at) model.push(undefined)
  for (let i = 0; i < length; i++) model[at + i] = from[i + 1]
}

/** Reads the ring in three ways. */
function check(arena: Arena, ring: ByteRing, model: Model): void {
  expect(ring.extent).toBe(model.length)
  expect(ring.capacity).toBeGreaterThanOrEqual(model.length)
  expect(arena.used).toBe(ring.capacity)
  const copied = new Uint8Array(model.length + 2)
  if (model.length > 0) ring.get(0, copied, 1, model.length)
  const first = model.length === 0 ? 0 : ring.contiguous(0, model.length)
  const differs = model.findIndex((value, at) => {
    const direct = arena.bytes[at < first ? ring.rangeAt(0) + at : ring.wrapsTo + at - first]
    return (
      value !== undefined &&
      (copied[at + 1] !== value || direct !== value || arena.bytes[ring.rangeAt(at)] !== value)
    )
  })
  expect(differs).toBe(-1)
}

const lengths = fc.oneof(fc.nat(100), fc.nat(3000))
const step = fc.oneof(
  fc.record({ append: lengths, seed: fc.nat(255) }),
  fc.record({ at: fc.nat(6000), length: lengths, seed: fc.nat(255) }),
  fc.record({ drop: fc.nat(4000) }),
  fc.record({ reserve: fc.nat(LIMIT) }),
)

describe('[RFC9293 §3.10.7.4] the queue that keeps in-order and out-of-order bytes', () => {
  test('holds what an array holds, through growth while wrapped and puts beyond the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        const arena = new Arena(4 * LIMIT)
        const ring = new ByteRing(arena)
        let model: Model = []
        for (const s of steps) {
          if ('append' in s) put(ring, model, model.length, s.append, s.seed)
          else if ('at' in s) put(ring, model, s.at, s.length, s.seed)
          else if ('reserve' in s) expect(model.length === 0 || ring.reserve(s.reserve)).toBe(true)
          else {
            ring.drop(Math.min(s.drop, model.length))
            model = model.slice(s.drop)
          }
          check(arena, ring, model)
        }
        ring.clear()
        expect(arena.used).toBe(0)
        expect(arena.take(arena.size)).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  test('grows while its content wraps', () => {
    const arena = new Arena(LIMIT)
    const ring = new ByteRing(arena)
    const model: Model = []
    put(ring, model, 0, 2000, 1)
    ring.drop(1900)
    model.splice(0, 1900)
    put(ring, model, 100, 1900, 2)
    expect(ring.capacity).toBe(MIN_BLOCK)
    expect(ring.contiguous(0, 2000)).toBe(148)
    check(arena, ring, model)
    put(ring, model, 2000, 100, 3)
    expect(ring.capacity).toBe(2 * MIN_BLOCK)
    expect(ring.contiguous(0, 2100)).toBe(2100)
    check(arena, ring, model)
  })

  test('the owner moves the length; a drop moves both ends', () => {
    const ring = new ByteRing(new Arena(LIMIT))
    ring.reserve(300)
    ring.put(200, new Uint8Array(100), 0, 100)
    expect([ring.length, ring.extent]).toEqual([0, 300])
    ring.put(0, new Uint8Array(200), 0, 200)
    expect([ring.length, ring.extent]).toEqual([0, 300])
    ring.length = 300
    ring.drop(100)
    expect([ring.length, ring.extent]).toEqual([200, 200])
  })

  test('an empty queue holds no memory, and serves again', () => {
    const arena = new Arena(LIMIT)
    const ring = new ByteRing(arena)
    expect([ring.capacity, arena.used]).toEqual([0, 0])
    for (let round = 0; round < 3; round++) {
      const model: Model = []
      put(ring, model, 0, 1500, round)
      check(arena, ring, model)
      ring.length = 1500
      ring.drop(1500)
      expect([ring.capacity, arena.used, ring.length, ring.extent]).toEqual([0, 0, 0, 0])
    }
  })

  test('with a memory, what it held before it takes at once, and no more than that', () => {
    const arena = new Arena(LIMIT)
    const ring = new ByteRing(arena, 4 * MIN_BLOCK)
    const fill = (length: number): number => {
      put(ring, [], 0, length, 1)
      return ring.capacity / MIN_BLOCK
    }
    const empty = (): void => ring.drop(ring.extent)
    expect(fill(100)).toBe(1)
    expect(fill(3 * MIN_BLOCK)).toBe(4)
    empty()
    expect(arena.used).toBe(0)
    expect(fill(100)).toBe(4)
    empty()
    expect(fill(100)).toBe(1)
    expect(fill(8 * MIN_BLOCK)).toBe(8)
    empty()
    expect(fill(100), 'bounded').toBe(4)
    ring.drop(100)
    const rest = arena.take(8 * MIN_BLOCK)
    expect(fill(8 * MIN_BLOCK)).toBe(8)
    empty()
    arena.take(4 * MIN_BLOCK)
    arena.take(2 * MIN_BLOCK)
    expect(fill(100), 'where memory is short, what is needed').toBe(1)
    arena.give(rest, 8 * MIN_BLOCK)
  })

  test('without room it says so and keeps what it has', () => {
    const arena = new Arena(2 * MIN_BLOCK)
    const ring = new ByteRing(arena)
    const model: Model = []
    put(ring, model, 0, 2000, 5)
    expect(ring.reserve(MIN_BLOCK + 1)).toBe(false)
    check(arena, ring, model)
    expect(arena.take(MIN_BLOCK)).not.toBe(-1)
    expect(new ByteRing(arena).reserve(1)).toBe(false)
  })

  test('shrinks to what its content needs', () => {
    const arena = new Arena(LIMIT)
    const ring = new ByteRing(arena)
    const model: Model = []
    put(ring, model, 0, 2000, 5)
    ring.reserve(4 * MIN_BLOCK)
    ring.shrink()
    expect(ring.capacity).toBe(MIN_BLOCK)
    check(arena, ring, model)
    ring.shrink()
    expect(ring.capacity).toBe(MIN_BLOCK)
    ring.clear()
    ring.reserve(MIN_BLOCK)
    ring.shrink()
    expect(arena.used).toBe(0)
  })

  test('bytes may come from the arena itself and go back to it', () => {
    const arena = new Arena(LIMIT)
    const slab = arena.take(4096)
    for (let i = 0; i < 4096; i++) arena.bytes[slab + i] = i * 3
    const ring = new ByteRing(arena)
    ring.reserve(MIN_BLOCK)
    ring.put(0, arena.bytes, slab, 2000)
    ring.drop(1500)
    ring.put(500, arena.bytes, slab + 2000, 1500)
    const out = arena.take(4096)
    ring.get(0, arena.bytes, out, 2000)
    expect(arena.bytes.slice(out, out + 2000)).toEqual(arena.bytes.slice(slab + 1500, slab + 3500))
  })
})
