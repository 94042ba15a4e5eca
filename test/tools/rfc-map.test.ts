import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tool, tree } from './tool.ts'

const HEADER = 'id\tlevel\tsection\trequirement\n'

const LISTS = {
  'docs/rfc/rfc9293.tsv': `${HEADER}MUST-1\tMUST\t3.1\tOne.\nMUST-2\tMUST NOT\t3.1\tTwo.\nSHLD-1\tSHOULD\t3.2\tThree.\n`,
  'docs/rfc/rfc6298.tsv': `${HEADER}RFC6298-5.5\tMUST\t5.5\tFour.\n`,
}
const CODE = { 'src/a.ts': '// MUST-1 and\n// MUST-2; RFC 6298 §5.3 and §5.5\n' }
const TESTS = {
  'test/a/a.test.ts': `describe('[RFC9293 §3.1] MUST-2', () => { test('two', () => {}) })\ntest.each([1])('[RFC6298 §5.5] %i', () => {})\n`,
  'test/conformance/b/c.pkt': '// [RFC9293 §3.1] a script\n// MUST-1: shown here\n',
}

/** A tree with its map written. */
function mapped(files: Record<string, string> = {}): string {
  const root = tree({ ...LISTS, ...CODE, ...TESTS, ...files })
  expect(tool('rfc-map.mjs', root)).toMatchObject({ status: 0 })
  return root
}

const mapOf = (root: string): string => readFileSync(join(root, 'docs/rfc-map.md'), 'utf8')
const check = (root: string, ...more: string[]) => tool('rfc-map.mjs', '--check', ...more, root)

describe('the map', () => {
  test('names code, tests and scripts, by id or by section', () => {
    const map = mapOf(mapped())
    expect(map).toContain('**MUST-1**, §3.1: One.\n- in [a.ts](../src/a.ts)\n')
    expect(map).toContain('- shown by [conformance/b/c.pkt](../test/conformance/b/c.pkt): a script\n')
    expect(map).toContain(
      '**MUST-2** MUST NOT, §3.1: Two.\n- in [a.ts](../src/a.ts)\n- shown by [a/a.test.ts]',
    )
    expect(map).toContain(
      '**RFC6298-5.5** MUST, §5.5: Four.\n- in [a.ts](../src/a.ts)\n- shown by [a/a.test.ts]',
    )
    expect(map).toContain('**SHLD-1** SHOULD, §3.2: Three.\n- open: no code and no test cites it\n')
    expect(map).toContain('| RFC 9293 | 3 | 2 | 0 | 0 | 1 |\n')
  })
})

describe('a MUST', () => {
  test('with code and a test is kept', () => {
    expect(check(mapped())).toEqual({ status: 0, output: '4 requirements, the map is up to date\n' })
  })

  test.each([
    ['a test', { 'test/conformance/b/c.pkt': '// nothing\n' }, 'no test cites it'],
    ['code', { 'src/a.ts': '// MUST-2\n' }, 'no code cites it'],
  ])('without %s is a complaint', (_what, files, reason) => {
    const { status, output } = check(mapped(files))
    expect(status).toBe(1)
    expect(output).toContain(`MUST-1 is neither implemented and shown nor argued away: ${reason}`)
    expect(output).not.toContain('MUST-2')
  })

  test('that is argued away in docs/deviations.md is none; a reason there must be', () => {
    const row = (why: string) => ({
      'src/a.ts': '',
      'docs/deviations.md': `| Requirement | says | do | why |\n|---|---|---|---|\n| RFC 9293 MUST-1 to MUST-2 | this | that | ${why} |\n`,
    })
    expect(check(mapped(row('Because.')))).toMatchObject({ status: 0 })
    expect(mapOf(mapped(row('Because.')))).toContain('- deviates: that. Because.\n')
    expect(check(mapped(row('')))).toMatchObject({ status: 1 })
  })

  test('whose test is skipped has none', () => {
    const skipped = { 'test/a/a.test.ts': `test.skip('MUST-2', () => {})\n` }
    expect(check(mapped(skipped)).output).toContain('MUST-2 is neither')
  })
})

describe('with the report of a run', () => {
  const report = (two: string, script = 'passed') => ({
    'report.json': JSON.stringify({
      testResults: [
        {
          name: '@/test/a/a.test.ts',
          assertionResults: [{ ancestorTitles: ['[RFC9293 §3.1] MUST-2'], title: 'two', status: two }],
        },
        {
          name: '@/test/runner.test.ts',
          assertionResults: [{ ancestorTitles: ['scripts'], title: 'a script (b/c.pkt)', status: script }],
        },
      ],
    }),
  })

  /** The tree’s own path is known only when it is there. */
  function checkReport(files: Record<string, string>) {
    const root = mapped(files)
    const path = join(root, 'report.json')
    const text = readFileSync(path, 'utf8').replaceAll('@/', `${root}/`)
    const elsewhere = tree({ 'report.json': text })
    return check(root, '--report', join(elsewhere, 'report.json'))
  }

  test('what ran and passed shows', () => {
    expect(checkReport(report('passed'))).toMatchObject({ status: 0 })
  })

  test.each(['failed', 'pending'])('what %s does not', (status) => {
    expect(checkReport(report(status)).output).toContain('MUST-2 is neither')
    expect(checkReport(report('passed', status)).output).toContain('MUST-1 is neither')
  })
})

test('a map that is out of date, and an id that nobody knows, are complaints', () => {
  const root = tree({ ...LISTS, ...CODE, ...TESTS, 'src/b.ts': '// MUST-99\n', 'docs/rfc-map.md': 'old' })
  const { status, output } = check(root)
  expect(status).toBe(1)
  expect(output).toContain('src/b.ts: there is no requirement MUST-99\n')
  expect(output).toContain('docs/rfc-map.md: not up to date')
})
