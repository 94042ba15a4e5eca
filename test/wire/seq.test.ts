import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as seq from '../../src/wire/seq.ts'

const anySeq = fc.integer().map(seq.toSeq)
/** A distance at which "before" and "after" have a meaning. */
const step = fc.integer({ min: 1, max: 0x7fffffff })
const WRAPS = [0x7fffffff, -0x80000000, -1, 0].map(seq.toSeq)

describe('[RFC9293 §3.4] sequence numbers', () => {
  test('toSeq keeps the low 32 bits, and unsigned prints them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (n) => {
        expect(seq.unsigned(seq.toSeq(n))).toBe(n)
      }),
    )
    expect(seq.unsigned(seq.toSeq(0x1_0000_0005))).toBe(5)
  })

  test('add and distance are inverse, also across 2^31 and 2^32', () => {
    fc.assert(
      fc.property(fc.oneof(anySeq, fc.constantFrom(...WRAPS)), fc.integer(), (s, n) => {
        expect(seq.distance(s, seq.add(s, n))).toBe(n)
      }),
    )
    expect(seq.add(seq.toSeq(0xffffffff), 1)).toBe(0)
    expect(seq.add(seq.toSeq(0x7fffffff), 1)).toBe(-0x80000000)
  })

  test('less than 2^31 apart, exactly one of before, equal and after holds', () => {
    fc.assert(
      fc.property(fc.oneof(anySeq, fc.constantFrom(...WRAPS)), step, (a, n) => {
        const b = seq.add(a, n)
        expect(seq.before(a, b)).toBe(true)
        expect(seq.beforeOrAt(a, b)).toBe(true)
        expect(seq.after(b, a)).toBe(true)
        expect(seq.afterOrAt(b, a)).toBe(true)
        expect(seq.before(b, a) || seq.beforeOrAt(b, a) || seq.after(a, b) || seq.afterOrAt(a, b)).toBe(false)
        expect(seq.later(a, b)).toBe(b)
        expect(seq.later(b, a)).toBe(b)
        expect(seq.earlier(a, b)).toBe(a)
        expect(seq.earlier(b, a)).toBe(a)
      }),
    )
  })

  test('a number is neither before nor after itself', () => {
    fc.assert(
      fc.property(anySeq, (a) => {
        expect(seq.before(a, a) || seq.after(a, a)).toBe(false)
        expect(seq.beforeOrAt(a, a) && seq.afterOrAt(a, a)).toBe(true)
        expect(seq.later(a, a)).toBe(a)
        expect(seq.earlier(a, a)).toBe(a)
      }),
    )
  })

  test('order is kept when both move by the same amount', () => {
    fc.assert(
      fc.property(anySeq, step, fc.integer(), (a, n, move) => {
        const b = seq.add(a, n)
        expect(seq.before(seq.add(a, move), seq.add(b, move))).toBe(true)
      }),
    )
  })

  test('a window holds its left edge and its last number, and neither neighbour', () => {
    const size = fc.integer({ min: 1, max: 0x40000000 })
    fc.assert(
      fc.property(fc.oneof(anySeq, fc.constantFrom(...WRAPS)), size, (left, n) => {
        expect(seq.inWindow(left, left, n)).toBe(true)
        expect(seq.inWindow(seq.add(left, n - 1), left, n)).toBe(true)
        expect(seq.inWindow(seq.add(left, n), left, n)).toBe(false)
        expect(seq.inWindow(seq.add(left, -1), left, n)).toBe(false)
      }),
    )
  })

  test('an empty window holds nothing', () => {
    fc.assert(fc.property(anySeq, anySeq, (s, left) => !seq.inWindow(s, left, 0)))
  })
})
