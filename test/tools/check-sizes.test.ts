import { describe, expect, test } from 'vitest'
import { tool, tree } from './tool.ts'

const lines = (count: number, line = '// …'): string => `${line}\n`.repeat(count)
const statements = (count: number): string => lines(count, '  i++')

describe('files', () => {
  test('this project passes', () => {
    expect(tool('check-sizes.mjs')).toMatchObject({ status: 0 })
  })

  test('400 lines pass and 401 do not', () => {
    expect(tool('check-sizes.mjs', tree({ 'src/a.ts': lines(400) }))).toMatchObject({ status: 0 })
    expect(tool('check-sizes.mjs', tree({ 'src/base/a.ts': lines(401) }))).toEqual({
      status: 1,
      output: 'src/base/a.ts:401: file has 401 lines, limit 400\n',
    })
  })

  test('only src is measured', () => {
    expect(tool('check-sizes.mjs', tree({ 'test/a.ts': lines(500), 'src/a.ts': '' }))).toMatchObject({
      status: 0,
    })
  })
})

describe('functions', () => {
  test('a body of 60 lines passes, braces included, and of 61 does not', () => {
    const root = tree({
      'src/a.ts': `let i = 0\nexport function fits() {\n${statements(58)}}\nexport function long() {\n${statements(59)}}\n`,
    })
    expect(tool('check-sizes.mjs', root)).toEqual({
      status: 1,
      output: 'src/a.ts:62: long has 61 lines, limit 60\n',
    })
  })

  test('whatever kind of function it is, it is found when it is too long', () => {
    const body = statements(59)
    const root = tree({
      'src/a.ts': `class A {\n  run() {\n${body}}\n}\n`,
      'src/b.ts': `class A {\n  #run() {\n${body}}\n}\n`,
      'src/c.ts': `class A {\n  constructor() {\n${body}}\n}\n`,
      'src/d.ts': `class A {\n  get run() {\n${body}}\n}\n`,
      'src/e.ts': `class A {\n  static {\n${body}}\n}\n`,
      'src/f.ts': `const run =\n  () => {\n${body}}\n`,
      'src/g.ts': `const a = {\n  run: () => {\n${body}},\n}\n`,
      'src/h.ts': `call(\n() => {\n${body}})\n`,
    })
    const { status, output } = tool('check-sizes.mjs', root)
    expect(status).toBe(1)
    const names = ['run', '#run', 'constructor', 'run', 'static block', 'run', 'run', 'anonymous function']
    expect(output.trim().split('\n')).toEqual(
      names.map((name, i) => `src/${'abcdefgh'[i]}.ts:2: ${name} has 61 lines, limit 60`),
    )
  })

  test('--report gives median and maximum', () => {
    const root = tree({ 'src/a.ts': 'export const one = () => 1\n', 'src/b.ts': lines(9) })
    const { status, output } = tool('check-sizes.mjs', '--report', root)
    expect(status).toBe(0)
    expect(output).toContain('files: 2, median 9 lines, max 9 of 400 (src/b.ts)')
    expect(output).toContain('functions: 1, median 1 lines, max 1 of 60 (one, src/a.ts:1)')
  })
})
