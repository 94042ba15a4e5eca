import { serialize } from 'node:v8'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Memo } from '../../src/tcp/memo.ts'
import { toSeq } from '../../src/wire/seq.ts'

const memo = new Memo()

function carried<T>(values: readonly T[], carry: (value: T) => T, blank: T): T[] {
  memo.write()
  for (const value of values) carry(value)
  const { text } = memo
  memo.read(text)
  return values.map(() => carry(blank))
}

test('numbers of any kind come back as they were', () => {
  const number = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.maxSafeInteger(),
    fc.constantFrom(0, 1, -1, 63, 64, -64, -65, 127, 128, 2 ** 31, -(2 ** 31), 2 ** 52 - 1, 2 ** 52, 2 ** 53),
    fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 0.5),
  )
  fc.assert(
    fc.property(fc.array(number, { maxLength: 200 }), (values) => {
      const plain = values.map((value) => value + 0) // -0 is 0
      expect(carried(plain, (value) => memo.number(value), 0)).toEqual(plain)
    }),
  )
})

test('sequence numbers come back across the wrap', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (values) => {
      const seqs = values.map(toSeq)
      expect(carried(seqs, (value) => memo.seq(value), toSeq(7))).toEqual(seqs)
    }),
  )
})

test('moments come back to the microsecond, and those that never come as never', () => {
  const moment = fc.oneof(
    fc.double({ min: -1, max: 2 ** 45, noNaN: true }),
    fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  )
  fc.assert(
    fc.property(fc.array(moment), (values) => {
      const whole = values.map((value) => Math.round(value) + 0)
      expect(carried(values, (value) => memo.instant(value), 3.25).map((value) => value + 0)).toEqual(whole)
    }),
  )
})

test('flags come back', () => {
  const flags = [true, false, false, true]
  expect(carried(flags, (value) => memo.flag(value), false)).toEqual(flags)
})

test('small numbers and sequence numbers that lie close together take a byte', () => {
  memo.write()
  memo.seq(toSeq(0x7ffffff0))
  const { length } = memo.text
  memo.seq(toSeq(0x80000001))
  memo.number(-64)
  memo.number(63)
  expect(memo.text.length).toBe(length + 3)
})

test('small integers come back as what V8 takes for such, lest fields that hold them change their kind, and code that uses them is thrown away', () => {
  const isSmall = (value: number): boolean => serialize(value)[2] === 'I'.charCodeAt(0)
  const values = [0, 1, -1, 63, 64, 128, -8192, 1_000_000, 0x3fffffff, 0x7fffffff, -0x80000000]
  expect(values.every(isSmall)).toBe(true)
  const back = carried(values, (value) => memo.number(value), 0.5)
  expect(back).toEqual(values)
  expect(back.filter((value) => !isSmall(value))).toEqual([])
  expect(isSmall(0.5)).toBe(false)
})
