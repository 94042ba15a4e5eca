import { describe, expect, test } from 'vitest'
import { type Outcome, tool, tree } from './tool.ts'

const check = (files: Record<string, string>): Outcome => tool('check-layers.mjs', tree(files))

describe('directions', () => {
  test('this project passes', () => {
    expect(tool('check-layers.mjs')).toMatchObject({ status: 0 })
  })

  test('inward imports pass, also of types, and within a folder', () => {
    const outcome = check({
      'src/base/time.ts': 'export type Instant = number\n',
      'src/tcp/state.ts': "import type { Instant } from '../base/time.ts'\nexport const now: Instant = 0\n",
      'src/tcp/arrives/text.ts': "export { now } from '../state.ts'\n",
      'src/cli/main.ts':
        "import net from 'node:net'\nimport 'pino'\nimport '../tcp/state.ts'\nnet.connect(1)\n",
      'src/index.ts': "export * from './net/server.ts'\n",
      'src/net/server.ts': 'export const Server = Date.now()\n',
    })
    expect(outcome).toEqual({ status: 0, output: '6 files, imports point inward\n' })
  })

  test('whatever points the wrong way is refused, in every form that an import has', () => {
    const wrong = [
      ["import '../stack/stack.ts'", 'tcp imports stack: imports point inward'],
      ["import type { Stack } from '../stack/stack.ts'", 'tcp imports stack: imports point inward'],
      ["export * from '../stack/stack.ts'", 'tcp imports stack: imports point inward'],
      ["void import('../stack/stack.ts')", 'tcp imports stack: imports point inward'],
      ["type A = import('../stack/stack.ts').Stack", 'tcp imports stack: imports point inward'],
      ["import '../udp/input.ts'", 'tcp imports udp: folders of one ring do not know each other'],
      ["import '../index.ts'", 'tcp imports index.ts, which lies outside all folders'],
      ["import '../misc/a.ts'", 'tcp imports misc, which is in no ring (tools/check-layers.mjs)'],
      ["import 'pino'", "tcp is core and imports no package ('pino')"],
      ["import 'node:fs'", "tcp is core and imports no 'node:fs'"],
      ["import '../base/time.js'", "import of '../base/time.js' must end in .ts"],
      ["import '../../bench/run.ts'", "import of '../../bench/run.ts' leaves src"],
    ]
    const outcome = check({ 'src/tcp/a.ts': wrong.map(([code]) => `${code}\n`).join('') })
    expect(outcome.status).toBe(1)
    expect(outcome.output.trim().split('\n')).toEqual(
      wrong.map(([, message], i) => `src/tcp/a.ts:${i + 1}: ${message}`),
    )
  })

  test('cli starts the daemon, which does not know it', () => {
    const outcome = check({
      'src/daemon/a.ts': "import '../cli/b.ts'\n",
      'src/cli/b.ts': "import '../daemon/a.ts'\n",
    })
    expect(outcome).toEqual({
      status: 1,
      output: 'src/daemon/a.ts:1: daemon imports cli: folders of one ring do not know each other\n',
    })
  })

  test('a folder that is in no ring is refused', () => {
    const outcome = check({ 'src/util/a.ts': '' })
    expect(outcome.output).toContain('src/util/a.ts:1: folder util is in no ring')
  })
})

describe('ambient globals', () => {
  test('clock, chance and operating system are refused in the core', () => {
    const uses = [
      ['void Date.now()', 'Date'],
      ['void new Date()', 'Date'],
      ['void performance.now()', 'performance'],
      ['void Math.random()', 'Math.random'],
      ["void Math['random']()", 'Math.random'],
      ['const { random } = Math', 'Math.random'],
      ['setTimeout(() => {}, 1)', 'setTimeout'],
      ['setInterval(() => {}, 1)', 'setInterval'],
      ['setImmediate(() => {})', 'setImmediate'],
      ['void process.env', 'process'],
      ['void Buffer.alloc(0)', 'Buffer'],
      ['let empty: Buffer | undefined', 'Buffer'],
      ['void { Date }', 'Date'],
      ['void globalThis.Date', 'globalThis'],
    ]
    const outcome = check({ 'src/socket/a.ts': uses.map(([code]) => `${code}\n`).join('') })
    expect(outcome.status).toBe(1)
    expect(outcome.output.trim().split('\n')).toEqual(
      uses.map(([, name], i) => `src/socket/a.ts:${i + 1}: socket is core and uses no ${name}`),
    )
  })

  test('a property, a local binding, a comment and a string of that name are none', () => {
    const outcome = check({
      'src/base/a.ts': `// Date.now() is not for us
import { process as other } from './b.ts'
export interface Clock { Date: number; setTimeout(): void }
export function run(clock: Clock, performance: number): number {
  const Buffer = 'process' + performance
  clock.setTimeout()
  other()
  return clock.Date + Buffer.length + Math.max(1, 2)
}
`,
      'src/base/b.ts': 'export function process(): void {}\n',
    })
    expect(outcome).toMatchObject({ status: 0 })
  })

  test('device/tun.ts and device/real-clock.ts may touch the machine, others may not', () => {
    const code = "import { createRequire } from 'node:module'\nexport const at = Date.now()\n"
    const outcome = check({
      'src/device/tun.ts': code,
      'src/device/real-clock.ts': code,
      'src/device/loop.ts': code,
    })
    expect(outcome.output.trim().split('\n')).toEqual([
      "src/device/loop.ts:1: device is core and imports no 'node:module'",
      'src/device/loop.ts:2: device is core and uses no Date',
    ])
  })
})
