import { expect, test } from 'vitest'
import { formatLine } from '../../src/daemon/logging.ts'

const time = new Date(2026, 0, 2, 3, 4, 5, 67).getTime()

test('a record is one line: time, level, message, fields', () => {
  const line = formatLine({
    level: 30,
    time,
    msg: 'listening',
    service: 'echo',
    port: 7,
    why: 'a b',
    empty: '',
  })
  expect(line).toBe('03:04:05.067 info  listening service=echo port=7 why="a b" empty=""\n')
})

test('structured fields are JSON', () => {
  expect(formatLine({ level: 20, time, msg: 'm', a: { b: [1] } })).toBe(
    '03:04:05.067 debug m a="{\\"b\\":[1]}"\n',
  )
})

test('an error shows its stack below', () => {
  const line = formatLine({
    level: 50,
    time,
    msg: 'broken',
    err: { message: 'no', stack: 'Error: no\n    at a.ts:1' },
  })
  expect(line).toBe('03:04:05.067 error broken\n    Error: no\n    at a.ts:1\n')
})

test('what a stranger sent cannot move the cursor or begin a line', () => {
  const line = formatLine({ level: 40, time, msg: 'odd\n\x1b[2J', peer: 'x\r\ny\u2028' })
  expect(line).toBe('03:04:05.067 warn  odd\\u000a\\u001b[2J peer="x\\r\\ny\\u2028"\n')
})
