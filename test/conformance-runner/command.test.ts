import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { run } from '../../src/cli/program.ts'
import { temporaryFolder } from '../daemon/temporary.ts'
import { captureOutput } from '../support/captured-output.ts'
import { ESTABLISHED, LISTENING } from './running.ts'

const output = captureOutput()
let folder = ''

beforeEach(() => {
  folder = temporaryFolder()
  mkdirSync(join(folder, 'b'))
  writeFileSync(join(folder, 'a.pkt'), ESTABLISHED)
  writeFileSync(join(folder, 'b', 'wrong.pkt'), `${LISTENING}+0 listen(9, N) = 0\n`)
  writeFileSync(join(folder, 'b', 'other.txt'), 'not a script')
})

describe('tunstack conform', () => {
  test('runs the scripts of folders, and tells how many passed', async () => {
    expect(await run(['conform', folder, '-D', 'N=1'])).toBe(1)
    const lines = output.out.trimEnd().split('\n')
    expect(lines[0]).toBe(`passed  ${join(folder, 'a.pkt')}`)
    expect(lines[1]).toBe(`failed  ${join(folder, 'b', 'wrong.pkt')}`)
    expect(lines[2]).toBe(
      `${join(folder, 'b', 'wrong.pkt')}:5: error handling system call: listen(): another result`,
    )
    expect(lines.at(-1)).toBe('1 passed, 1 failed, 0 skipped')
  })

  test('goes on after a file that does not exist', async () => {
    expect(await run(['conform', join(folder, 'none.pkt'), join(folder, 'a.pkt')])).toBe(1)
    expect(output.out).toMatch('1 passed, 1 failed, 0 skipped')
  })

  test('runs what the filter leaves', async () => {
    expect(await run(['conform', folder, '--filter', 'a.pkt', '--quiet'])).toBe(0)
    expect(output.out).toBe('1 passed, 0 failed, 0 skipped\n')
  })

  test('writes verdicts and captures', async () => {
    const json = join(folder, 'out.json')
    const captures = join(folder, 'captures')
    await run(['conform', join(folder, 'a.pkt'), '--json', json, '--pcap', captures])
    const { passed, scripts } = JSON.parse(readFileSync(json, 'utf8'))
    expect({ passed, outcome: scripts[0].outcome }).toEqual({ passed: 1, outcome: 'passed' })
    const name = `${join(folder, 'a').replaceAll(/[^\w.-]+/g, '_')}.pcap`
    // A header of 24 bytes, and three packets with 16 each.
    expect(readFileSync(join(captures, name)).length).toBe(24 + 3 * 16 + 44 + 44 + 40)
  })

  test.each([[['--profile', 'plan9']], [['--jobs', 'many']], [['-D', 'X']]])(
    '%j is a wrong use',
    async (options) => {
      expect(await run(['conform', folder, ...options])).toBe(2)
    },
  )
})

const MAIN = 'dist/cli/main.js'

test.skipIf(!existsSync('dist/cli/conform-worker.js'))(
  'threads give the same verdicts in the same order',
  () => {
    const conform = (...options: string[]) =>
      spawnSync(process.execPath, [MAIN, 'conform', folder, '-D', 'N=1', ...options], { encoding: 'utf8' })
    const alone = conform()
    expect(alone.status).toBe(1)
    expect(conform('--jobs', '2')).toMatchObject({ status: 1, stdout: alone.stdout })
  },
)
