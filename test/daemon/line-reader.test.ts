import { expect, test } from 'vitest'
import { LineReader } from '../../src/daemon/line-reader.ts'

const bytes = (text: string): Buffer => Buffer.from(text)

test('lines are cut wherever the chunks are, also within a character', () => {
  const reader = new LineReader(100)
  const text = bytes('grün\nzwei\n\ndrei')
  const lines = [...text].flatMap((byte) => reader.push(Buffer.from([byte])))
  expect(lines).toEqual(['grün', 'zwei', ''])
  expect(reader.push(bytes('!\n'))).toEqual(['drei!'])
})

test('the limit counts the line end, and holds for each line', () => {
  const reader = new LineReader(4)
  expect(reader.push(bytes('abc\nabc\n'))).toEqual(['abc', 'abc'])
  expect(reader.overflowed).toBe(false)
  expect(reader.push(bytes('ok\nabcd\nno\n'))).toEqual(['ok'])
  expect(reader.overflowed).toBe(true)
})

test('a line without end overflows too', () => {
  const reader = new LineReader(4)
  expect(reader.push(bytes('abcd'))).toEqual([])
  expect(reader.overflowed).toBe(false)
  expect(reader.push(bytes('e'))).toEqual([])
  expect(reader.overflowed).toBe(true)
})
