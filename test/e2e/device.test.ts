import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, OURS, Site, TUN_FLAGS } from '../support/e2e-site.ts'
import { requireTools } from '../support/netns.ts'

const reason = requireTools('ip', 'ping')

describe.skipIf(reason)('the device', { timeout: 60_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.serving()
  })
  afterAll(() => site?.close())

  const isAnswering = (): boolean => site.run(`ping -n -c 1 -W 1 ${OURS}`).status === 0

  test('set down and up again is served again, and a connection goes on', async () => {
    const client = await site.puppet(7)
    client.tell('say before')
    await client.tells('heard before')
    site.namespace.output('ip link set tun0 down')
    await site.daemon.until(() => site.daemon.stderr.includes('tun0 is down'), 'tell that it is down')
    client.tell('say meanwhile')
    expect(isAnswering()).toBe(false)
    site.namespace.output('ip link set tun0 up')
    await site.daemon.until(() => site.daemon.stderr.includes('tun0 is up'), 'tell that it is up')
    expect(isAnswering()).toBe(true)
    await client.tells('heard meanwhile')
    client.tell('say after')
    await client.tells('heard after')
    client.tell('end')
    await client.tells('close')
  })

  test('set down while the stack sends: what was lost is sent again', async () => {
    const download = site.client('chargen', OURS, 19, 100_000_000)
    await download.until(() => download.stderr.includes('started'), 'start')
    site.namespace.output('ip link set tun0 down; sleep 0.2; ip link set tun0 up')
    expect(await download.exit(), download.stderr).toBe(0)
    const { came, due } = JSON.parse(download.stdout)
    expect(came).toBe(due)
  })

  test('deleted and made again is served again, every time', async () => {
    const isUp = (): number => site.daemon.stderr.match(/tun0 is up/g)?.length ?? 0
    for (let round = 0; round < 5; round++) {
      const before = isUp()
      site.namespace.output('ip link del tun0')
      await eventually(
        () => site.daemon.stderr.match(/tun0 was deleted/g)?.length,
        (times) => times === round + 1,
      )
      site.namespace.output(`ip tuntap add tun0 mode tun ${TUN_FLAGS}`)
      await site.daemon.until(() => isUp() > before, 'tell that it is up')
      expect(isAnswering()).toBe(true)
    }
    expect(await site.states()).toEqual(expect.any(Array))
  })
})
