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

  /** The row of the daemon's table that has this in it. */
  const row = async (part: string): Promise<string | undefined> =>
    (await site.netstat()).find((line) => line.includes(part))

  /** The row of the kernel's table. */
  const kernelRow = (part: string): string | undefined =>
    site
      .run('netstat -nat')
      .stdout.split('\n')
      .find((line) => line.includes(part))

  test('the command prints the counters of the device from our side', () => {
    site.run(`ping -n -q -c 3 -i 0.01 ${OURS}`)
    const [title, heading, row] = site.tunstack('netstat', '-i', '--control', site.control).stdout.split('\n')
    expect([title, heading]).toEqual([
      'Kernel Interface table',
      'Iface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg',
    ])
    // IPv6 of the kernel's may be among what is received.
    expect(row).toMatch(/^tun0 {13}1500 +([3-9]|\d\d+) {6}0 {6}0 0 {13}3 {6}0 {6}0 {6}0 MOPRU$/)
  })

  test('the command prints the LISTEN rows of all services, in the columns of net-tools', () => {
    const done = site.tunstack('netstat', '-nat', '--control', site.control)
    expect(done.status, done.stderr).toBe(0)
    expect(done.stdout.split('\n')).toEqual([
      'Active Internet connections (servers and established)',
      HEADING,
      ...[7, 9, 13, 19, 37, 9502].map(
        (port) => `tcp        0      0 ${`0.0.0.0:${port}`.padEnd(23)} 0.0.0.0:*               LISTEN     `,
      ),
      '',
    ])
  })

  test('the command takes the letters of net-tools', () => {
    const shown = site.run(
      ['-nau', '-nl', '-nt', '']
        .map((flags) => `"${process.execPath}" dist/cli/main.js netstat ${flags} --control ${site.control}`)
        .join('; '),
    )
    expect(shown.stdout.match(/\((.*)\)/g)).toEqual([
      '(servers and established)',
      '(only servers)',
      '(w/o servers)',
      '(w/o servers)',
    ])
  })

  test('UDP rows', async () => {
    expect((await site.netstat({ all: true, udp: true })).slice(2)).toEqual(
      [7, 9, 13, 19, 37].map(
        (port) => `udp        0      0 ${`0.0.0.0:${port}`.padEnd(23)} 0.0.0.0:*                          `,
      ),
    )
  })

  test('[RFC9293 §3.3.2] a connection is ESTABLISHED, and gone when its client closed first', async () => {
    const client = await site.puppet(7)
    const peer = `${HOST}:${client.port}`
    const line = `tcp        0      0 ${OURS}:7              ${peer.padEnd(23)} ESTABLISHED`
    expect((await site.netstat({ tcp: true })).slice(2)).toEqual([line])
    client.tell('end')
    await client.tells('close')
    await eventually(
      () => row(`${peer} `),
      (found) => found === undefined,
      2000,
    )
  })

  test('[RFC9293 §3.6] who closes first keeps TIME_WAIT', async () => {
    expect(site.run(`nc -d -p 40013 ${OURS} 13`).status).toBe(0)
    const line = `tcp        0      0 ${OURS}:13             ${HOST}:40013          TIME_WAIT  `
    await eventually(
      () => row(`${HOST}:40013 `),
      (found) => found === line,
      2000,
    )
  })

  test('[RFC9293 §3.3.2] a client that does not close its half leaves FIN_WAIT2', async () => {
    const client = await site.puppet(13)
    await client.tells('end')
    await eventually(
      () => site.states(client.port),
      (states) => states[0] === 'FIN_WAIT2',
      2000,
    )
    client.tell('end')
    await client.tells('close')
    await eventually(
      () => site.states(client.port),
      (states) => states[0] === 'TIME_WAIT',
      2000,
    )
  })

  test('Send-Q: what a client does not read', async () => {
    const client = await site.puppet(19)
    process.kill(client.pid, 'SIGSTOP')
    const isWaiting = /^tcp +0 +[1-9]\d* 10\.9\.0\.2:19 /
    await eventually(
      async () => (await row(`${HOST}:${client.port} `)) ?? '',
      (line) => isWaiting.test(line),
    )
    await client.program.kill()
  })

  describe.skipIf(isWithoutNetTools)('beside the netstat of the machine', () => {
    test('titles, heading and a LISTEN row are the same', async () => {
      const server = site.namespace.start(['nc', '-lk', '0.0.0.0', '9502'])
      await eventually(
        () => kernelRow(':9502 '),
        (line) => line !== undefined,
      )
      expect(kernelRow(':9502 ')).toBe(await row(':9502 '))
      const options = {
        '-nat': { all: true, tcp: true },
        '-nt': { tcp: true },
        '-nl': { listening: true },
        '-nau': { all: true, udp: true },
      }
      for (const [flags, meant] of Object.entries(options)) {
        const theirs = site.run(`netstat ${flags}`).stdout.split('\n').slice(0, 2)
        expect((await site.netstat(meant)).slice(0, 2), flags).toEqual(theirs)
      }
      await server.kill()
    })

    test('ESTABLISHED and TIME_WAIT are the same, seen from the other end', async () => {
      const client = await site.puppet(7)
      const peer = `${HOST}:${client.port} `
      expect(kernelRow(peer)).toBe(mirrored((await row(peer)) ?? ''))
      client.tell('end')
      await client.tells('close')
      const theirs = await eventually(
        () => kernelRow(peer),
        (line) => line?.includes('TIME_WAIT') === true,
      )
      expect(site.run(`nc -d -p 40014 ${OURS} 13`).status).toBe(0)
      const ours = await eventually(
        () => row(':40014 '),
        (line) => line?.includes('TIME_WAIT') === true,
      )
      const swapped = mirrored(ours ?? '')
        .replace(':13 ', ':7 ')
        .replace(':40014', `:${client.port}`)
      expect(swapped.replaceAll(/ +/g, ' ')).toBe(theirs?.replaceAll(/ +/g, ' '))
      expect(ours?.slice(68)).toBe(theirs?.slice(68))
    })
  })
})

/** The row with its two addresses exchanged. */
const mirrored = (line: string): string => line.replace(/^(.{20})(.{23}) (.{23})/, '$1$3 $2')
