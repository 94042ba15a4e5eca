import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OURS, Site } from '../support/e2e-site.ts'
import { requireTools } from '../support/netns.ts'

const reason = requireTools('ip')

describe.skipIf(reason)('tunstack bench', { timeout: 60_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.serving()
  })
  afterAll(() => site?.close())

  test('measures a daemon in all ways, and leaves no connection behind', async () => {
    const { status, stdout, stderr } = site.tunstack(
      'bench',
      OURS,
      '--seconds',
      '0.2',
      '--connections',
      '2',
      '--json',
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const { tests } = JSON.parse(stdout) as { tests: { test: string; share: number }[] }
    expect(tests.map(({ test }) => test)).toEqual(['up', 'down', 'rr', 'crr'])
    for (const { share } of tests) expect(share).toBeGreaterThan(0)
    expect((await site.states()).filter((state) => state === 'ESTABLISHED')).toEqual([])
  })

  test('says when nobody is there', () => {
    const { status, stderr } = site.tunstack('bench', OURS, 'rr', '--echo-port', '4242')
    expect(status).toBe(1)
    expect(stderr).toContain(`tunstack: ${OURS} port 4242 refuses: nothing listens\n`)
  })
})
