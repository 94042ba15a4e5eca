import { describe, expect, test } from 'vitest'
import { OURS, type Site, withSite } from '../support/e2e-site.ts'
import { requireTools } from '../support/netns.ts'

const reason = requireTools('ip', 'nc', 'openssl', 'sha256sum')

const GB = 1 << 30
const MINUTE = 60_000

/** So many bytes of noise, the same each time. */
const noise = (bytes: number): string =>
  `openssl enc -aes-128-ctr -K ${'0'.repeat(32)} -iv ${'0'.repeat(32)} -in /dev/zero 2>/dev/null | head -c ${bytes}`

/** What the kernel had no room for in front of us. */
const droppedAt = (site: Site): number =>
  JSON.parse(site.run('ip -j -s link show tun0').stdout)[0].stats64.tx.dropped

describe.skipIf(reason)(
  'many gigabytes through echo come back as they were',
  { timeout: 10 * MINUTE },
  () => {
    test.each([
      ['10 GB', 10 * GB, []],
      ['1 GB without offload', GB, ['--no-offload']],
      ['1 GB over a bad path', GB, ['--impair', 'loss=1%,reorder=2%', '--seed', '1']],
    ])('%s', (_what, bytes, options) =>
      withSite(async (site) => {
        await site.serve(...options)
        const { stdout } = site.run(`${noise(bytes)} | nc -N ${OURS} 7 | sha256sum`, 9 * MINUTE)
        expect(stdout).toBe(site.run(`${noise(bytes)} | sha256sum`, 5 * MINUTE).stdout)
        expect(droppedAt(site)).toBe(0)
      }),
    )
  },
)
