import { expect, test } from 'vitest'
import { tool, tree } from './tool.ts'

test('a line per step, every step is run, and the summary names what failed', () => {
  const root = tree({ 'src/udp/a.ts': "import '../tcp/b.ts'\n", 'src/tcp/b.ts': '' })
  const { status, output } = tool('check.mjs', '--root', root, '--only', 'layers', '--only', 'sizes')
  expect(status).toBe(1)
  expect(output).toContain('src/udp/a.ts:1: udp imports tcp')
  expect(output).toMatch(/^FAIL layers \(/m)
  expect(output).toMatch(/^ok {3}sizes \(/m)
  expect(output).toMatch(/^failed: layers$/m)
})

test('all good is status 0', () => {
  const outcome = tool('check.mjs', '--root', tree({ 'src/tcp/b.ts': '' }), '--only', 'layers')
  expect(outcome).toMatchObject({ status: 0 })
})

test.each([
  [['--only', 'nonsense'], "check: no step 'nonsense'; there are layers, sizes"],
  [['--nonsense'], '--nonsense'],
])('%j is a usage error', (args, message) => {
  const { status, output } = tool('check.mjs', ...args)
  expect(status).toBe(2)
  expect(output).toContain(message)
})
