import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OURS, Site } from '../support/e2e-site.ts'
import { requireTools } from '../support/netns.ts'

const reason = requireTools('ip', 'ping')

describe.skipIf(reason)('ping', () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.serving()
  })
  afterAll(() => site?.close())

  // ping compares what comes back with what it sent, and says `wrong data byte`. From 8,000 bytes on the packets are fragments.
  test.each([0, 56, 1472, 1473, 8000, 65000])(
    '[RFC1122 §3.2.2.6] %i bytes come back as they were sent',
    (size) => {
      const done = site.run(`ping -n -c 3 -i 0.05 -w 10 -p 00ff55aa0123 -s ${size} ${OURS}`)
      expect(done.status, done.stdout).toBe(0)
      expect(done.stdout).toContain('3 received, 0% packet loss')
      expect(done.stdout).not.toMatch(/wrong data|truncated|DUP!|bad checksum/i)
      expect(done.stdout.match(new RegExp(`^${size + 8} bytes from ${OURS}.* ttl=64`, 'gm'))).toHaveLength(3)
    },
  )

  test('a flood of 10,000 without loss', () => {
    const done = site.run(`ping -n -q -f -c 10000 ${OURS}`)
    expect(done.stdout).toContain('10000 packets transmitted, 10000 received, 0% packet loss')
  })

  test('while a transfer runs', async () => {
    const upload = site.client('upload', OURS, 9, 0)
    await upload.until(() => upload.stderr.includes('started'), 'start')
    const done = site.run(`ping -n -q -c 50 -i 0.02 -w 20 ${OURS}`)
    expect(done.stdout).toContain('50 packets transmitted, 50 received, 0% packet loss')
    expect(upload.process.exitCode, 'the transfer still runs').toBeNull()
    await upload.kill()
  })
})
