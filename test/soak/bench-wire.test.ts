import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CANDIDATES } from '../../bench/wire/candidates.ts'
import type { WireResults } from '../../bench/wire/results.ts'
import { SCENARIOS } from '../../bench/wire/scenarios.ts'
import { temporaryFolder } from '../daemon/temporary.ts'
import { ROOT, requireTools, run } from '../support/netns.ts'

const reason = requireTools('ip', 'taskset', 'cc')

describe.skipIf(reason)('the benches on the wire', { timeout: 300_000 }, () => {
  test('measure everyone who is here in every way, and leave no namespace behind', () => {
    const output = join(temporaryFolder(), 'wire.json')
    const words = ['--quick', '--rounds', '1', '--seconds', '0.2', '--output', output]
    const { pid, status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', './bench/support/on-dist.mjs', 'bench/wire/main.ts', ...words],
      { cwd: ROOT, encoding: 'utf8', timeout: 280_000 },
    )
    expect(status, stderr).toBe(0)
    expect(stdout).toContain('upload, 1 connection')
    const { candidates, pinned, unpinned } = JSON.parse(readFileSync(output, 'utf8')) as WireResults
    const present = candidates.filter(({ missing }) => missing === undefined).map(({ key }) => key)
    expect(present).toEqual(
      CANDIDATES.map(({ key }) => key).filter((key) => key !== 'lwip' || present.includes(key)),
    )
    expect(pinned).toHaveLength(present.length * SCENARIOS.length)
    expect(unpinned).toHaveLength(present.length * (SCENARIOS.length - 1))
    expect([...pinned, ...unpinned].filter(({ error }) => error !== undefined)).toEqual([])
    const idle = pinned.find(({ scenario, candidate }) => scenario === 'idle' && candidate === 'tunstack')
    expect(idle!.idleCpu).toBeLessThan(0.5)
    expect(idle!.bytesPerConnection).toBeLessThan(2048)
    expect(run(['ip', 'netns', 'list']).stdout).not.toMatch(new RegExp(`^tst-${pid}-`, 'm'))
  })
})
