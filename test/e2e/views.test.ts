import { describe, expect, test } from 'vitest'
import { OURS, Site } from '../support/e2e-site.ts'
import { requireTools } from '../support/netns.ts'

const reason = requireTools('ip', 'ping')

describe.skipIf(reason)('what the command shows of a daemon', { timeout: 60_000 }, () => {
  test('counters, tunables, and how the load is shared', async () => {
    const site = await Site.serving()
    const said = (...words: string[]): string => {
      const { status, stdout, stderr } = site.tunstack(...words, '--control', site.control)
      expect([status, stderr]).toEqual([0, ''])
      return stdout
    }
    try {
      site.run(`ping -n -q -c 3 -i 0.01 ${OURS}`)
      expect(said('netstat', '-s')).toMatch(/^ {8}echo requests: 3$/m)
      expect(said('sysctl', 'icmp_echo_ignore_all=1')).toBe('net.ipv4.icmp_echo_ignore_all = 1\n')
      expect(site.run(`ping -n -c 1 -W 1 ${OURS}`).status).toBe(1)
      expect(said('sysctl', '-n', 'icmp_echo_ignore_all')).toBe('1\n')
      expect(said('queues')).toMatch(/^Queue .*\n {4}0 /)
    } finally {
      await site.close()
    }
  })
})
