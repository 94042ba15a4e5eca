import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MUTATIONS } from './rfc-mutations.ts'

const ROOT = join(import.meta.dirname, '../..')
/** What a run of tests needs; `dist` is left out, since what runs on it would not see the change. */
const COPIED = ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts']

let scratch = ''

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tunstack-mutations-'))
  mkdirSync(join(scratch, 'docs'))
  for (const name of COPIED) cpSync(join(ROOT, name), join(scratch, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(scratch, 'node_modules'))
})

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** The test files that the RFC map names for the requirement. */
function filesFor(requirement: string): string[] {
  const map = readFileSync(join(ROOT, 'docs/rfc-map.md'), 'utf8')
  const entry = map.split('\n\n').find((text) => text.startsWith(`**${requirement}**`)) ?? ''
  const files = [...entry.matchAll(/shown by \[([^\]]+\.test\.ts)\]/g)].map(([, path]) => `test/${path}`)
  return [...new Set(files)]
}

interface Result {
  readonly status: string
  readonly fullName: string
}

/** Runs the files in the scratch copy; the results of the tests whose titles cite the requirement. */
function resultsOf(requirement: string): Result[] {
  const report = join(scratch, 'report.json')
  rmSync(report, { force: true })
  const args = ['run', ...filesFor(requirement), '--reporter=json', `--outputFile=${report}`]
  const { stderr } = spawnSync(join(ROOT, 'node_modules/.bin/vitest'), args, {
    cwd: scratch,
    encoding: 'utf8',
  })
  let text: string
  try {
    text = readFileSync(report, 'utf8')
  } catch {
    throw new Error(`no report: ${stderr}`)
  }
  const { testResults } = JSON.parse(text) as { testResults: { assertionResults: Result[] }[] }
  const cites = new RegExp(`\\b${requirement}\\b`)
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ fullName }) => cites.test(fullName))
}

describe('the RFC map names tests that notice when the requirement is broken', () => {
  test(`${MUTATIONS.length} requirements, each once`, () => {
    expect(MUTATIONS.length).toBeGreaterThanOrEqual(30)
    expect(new Set(MUTATIONS.map(({ requirement }) => requirement)).size).toBe(MUTATIONS.length)
  })

  test.each(MUTATIONS)('$requirement, in $file', ({ requirement, file, find, replace }) => {
    const path = join(scratch, 'src', file)
    const sound = readFileSync(join(ROOT, 'src', file), 'utf8')
    expect(sound.split(find), `\`${find}\` stands once in ${file}`).toHaveLength(2)
    try {
      writeFileSync(
        path,
        sound.replace(find, () => replace),
      )
      const statuses = resultsOf(requirement).map(({ status }) => status)
      expect(statuses, 'a test that cites it fails').toContain('failed')
    } finally {
      writeFileSync(path, sound)
    }
  })

  test('and pass while nothing is broken', () => {
    for (const { requirement } of MUTATIONS.slice(0, 3)) {
      const statuses = new Set(resultsOf(requirement).map(({ status }) => status))
      expect(statuses, requirement).toEqual(new Set(['passed']))
    }
  })
})
