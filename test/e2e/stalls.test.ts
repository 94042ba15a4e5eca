import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OURS, Site, withSite } from '../support/e2e-site.ts'
import { type Program, requireTools } from '../support/netns.ts'

const reason = requireTools('ip', 'nc', 'ping', 'sha256sum')

const STALL = 1500

describe.skipIf(reason)('who stalls', { timeout: 60_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.serving()
  })
  afterAll(() => site?.close())

  async function stall(program: Program): Promise<void> {
    process.kill(program.process.pid!, 'SIGSTOP')
    await wait(STALL)
    process.kill(program.process.pid!, 'SIGCONT')
  }

  /** Runs a client to its end and returns what it reports; `meanwhile` begins with its first bytes. */
  async function during<T>(client: Program, meanwhile: () => Promise<void>): Promise<T> {
    await client.until(() => client.stderr.includes('started'), 'start')
    await meanwhile()
    expect(await client.exit(30_000), client.stderr).toBe(0)
    return JSON.parse(client.stdout) as T
  }

  test('[RFC9293 §3.8.6.1] a client that does not read for a while gets everything in the end', async () => {
    const client = site.client('chargen', OURS, 19, 50_000_000)
    const result = await during<{ came: string; due: string }>(client, () => stall(client))
    expect(result.came).toBe(result.due)
  })

  test('a daemon that does not run for a while takes everything in the end', async () => {
    const client = site.client('upload', OURS, 9, 200_000_000)
    const result = await during(client, () => stall(site.daemon))
    expect(result).toMatchObject({ bytes: 200_000_000, ending: 'closed' })
  })

  test('[RFC6191] a client that comes back from the same port finds no TIME_WAIT in its way', () => {
    const words = `nc -d -w 3 -p 40015 ${OURS} 13 && sleep 0.3` // for the kernel's end to be gone too
    const done = site.run(`${words} && ${words} && ${words}`)
    expect(done.status, done.stderr).toBe(0)
    expect(done.stdout.match(/-UTC\r\n/g)).toHaveLength(3)
  })
})

describe.skipIf(reason)('packets of other sizes', { timeout: 60_000 }, () => {
  test.each([576, 9000, 65535])('an MTU of %i', (mtu) =>
    withSite(async (site) => {
      await site.serve('--mtu', String(mtu))
      expect(site.run(`ping -n -q -c 2 -i 0.05 -w 10 -s 65000 ${OURS}`).stdout).toContain(' 0% packet loss')
      const sent = 'head -c 1000000 /dev/zero'
      const { stdout } = site.run(`${sent} | sha256sum; ${sent} | nc -N ${OURS} 7 | sha256sum`)
      const [wanted, got] = stdout.trim().split('\n')
      expect(got).toBe(wanted)
      const { came, due } = await site.ask<{ came: string; due: string }>('chargen', OURS, 19, 3_000_000)
      expect(came).toBe(due)
    }),
  )

  test('an address of another network, and one without a network', () =>
    withSite(async (site) => {
      const daemon = await site.serve('--address', '192.168.77.5/30', '--service', 'echo:4007')
      expect(site.run('echo hello | nc -N 192.168.77.5 4007').stdout).toBe('hello\n')
      daemon.process.kill('SIGTERM')
      await daemon.exit()
      await site.serve('--address', '10.77.0.1/32', '--host-address', '10.77.0.2')
      expect(site.run('echo hello | nc -N 10.77.0.1 7').stdout).toBe('hello\n')
    }))
})
