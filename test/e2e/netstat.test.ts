import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, HOST, lacks, OURS, Site } from '../support/e2e-site.ts'
import { requireTools } from '../support/netns.ts'

const reason = requireTools('ip', 'nc')
const isWithoutNetTools = reason !== undefined || lacks('netstat')

const HEADING = 'Proto Recv-Q Send-Q Local Address           Foreign Address         State      '

describe.skipIf(reason)('netstat', () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.serving()
  })
  afterAll(() => site?.close())

  /** The one row of the daemon's table that has this in it. */
  const row = (part: string): string | undefined => site.netstat().find((line) => line.includes(part))

  /** The row of the kernel's table. */
  const kernelRow = (part: string): string | undefined =>
    site
      .run('netstat -nat')
      .stdout.split('\n')
      .find((line) => line.includes(part))

  test('LISTEN rows of all services, in the columns of net-tools', () => {
    expect(site.netstat()).toEqual([
      'Active Internet connections (servers and established)',
      HEADING,
      ...[7, 9, 13, 19, 37, 9502].map(
        (port) => `tcp        0      0 ${`0.0.0.0:${port}`.padEnd(23)} 0.0.0.0:*               LISTEN     `,
      ),
    ])
  })

  test('UDP rows, and both together', () => {
    const udp = [7, 9, 13, 19, 37].map(
      (port) => `udp        0      0 ${`0.0.0.0:${port}`.padEnd(23)} 0.0.0.0:*                          `,
    )
    expect(site.netstat('-nau').slice(2)).toEqual(udp)
    expect(site.netstat('-nl')).toEqual([
      'Active Internet connections (only servers)',
      ...site.netstat('-na').slice(1),
    ])
  })

  test('[RFC9293 §3.3.2] a connection is ESTABLISHED, CLOSE_WAIT at neither end, and then gone or TIME_WAIT', async () => {
    const client = await site.puppet(7)
    const peer = `${HOST}:${client.port}`
    expect(row(`${peer} `)).toBe(`tcp        0      0 ${OURS}:7              ${peer.padEnd(23)} ESTABLISHED`)
    expect(site.netstat('-nt').slice(2)).toEqual([row(`${peer} `)])
    client.tell('end')
    await client.tells('close')
    expect(row(`${peer} `)).toBeUndefined()
  })

  test('[RFC9293 §3.6] who closes first keeps TIME_WAIT', () => {
    expect(site.run(`nc -d -p 40013 ${OURS} 13`).status).toBe(0)
    expect(row(`${HOST}:40013 `)).toBe(
      `tcp        0      0 ${OURS}:13             ${HOST}:40013         TIME_WAIT  `,
    )
  })

  test('Send-Q: what a client does not read', async () => {
    const client = await site.puppet(19)
    process.kill(client.pid, 'SIGSTOP')
    const isWaiting = /^tcp +0 +[1-9]\d* 10\.9\.0\.2:19 /
    await eventually(
      () => row(`${HOST}:${client.port} `) ?? '',
      (line) => isWaiting.test(line),
    )
    await client.program.kill()
  })

  describe.skipIf(isWithoutNetTools)('beside the netstat of the machine', () => {
    test('title, heading and a LISTEN row are the same', async () => {
      const server = site.namespace.start(['nc', '-lk', '0.0.0.0', '9502'])
      await eventually(
        () => kernelRow(':9502 '),
        (line) => line !== undefined,
      )
      expect(kernelRow(':9502 ')).toBe(row(':9502 '))
      const kernel = site.run('netstat -nat').stdout.split('\n')
      expect(site.netstat().slice(0, 2)).toEqual(kernel.slice(0, 2))
      for (const flags of ['-nt', '-nl', '-nul', '-nau']) {
        const theirs = site.run(`netstat ${flags}`).stdout.split('\n').slice(0, 2)
        expect(site.netstat(flags).slice(0, 2), flags).toEqual(theirs)
      }
      await server.kill()
    })

    test('ESTABLISHED and TIME_WAIT are the same, seen from the other end', async () => {
      const client = await site.puppet(7)
      const peer = `${HOST}:${client.port} `
      expect(kernelRow(peer)).toBe(mirrored(row(peer) ?? ''))
      client.tell('end')
      await client.tells('close')
      expect(site.run(`nc -d -p 40014 ${OURS} 13`).status).toBe(0)
      expect(kernelRow(peer)).toMatch(/ TIME_WAIT {2}$/)
      const ours = row(':40014 ') ?? ''
      expect(ours.slice(68)).toBe(kernelRow(peer)?.slice(68))
    })
  })
})

/** The row with its two addresses exchanged. */
const mirrored = (line: string): string => line.replace(/^(.{20})(.{23}) (.{23})/, '$1$3 $2')
