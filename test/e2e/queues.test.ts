import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ask } from '../../src/cli/control-client.ts'
import { eventually, OURS, Site } from '../support/e2e-site.ts'
import { lacksOtherUsers, type Program, ROOT, requireTools } from '../support/netns.ts'
import { noise } from '../support/noise.ts'

const reason = requireTools('ip', 'nc', 'ping', 'sha256sum')

/** What a stack tells of its part in the whole. */
interface Part {
  queue: number
  connections: number
  PassiveOpens: number
  HandedOver: number
  TakenOver: number
  HandOverDropped: number
}

type Counters = Record<string, Record<string, number>>

describe.skipIf(reason)('a daemon with two queues', { timeout: 60_000 }, () => {
  let site: Site
  const parts = async (): Promise<Part[]> => (await ask(site.control, 'queues', {})) as Part[]

  beforeAll(async () => {
    site = await Site.serving('--queues', '2')
  })
  afterAll(() => site?.close())

  test('many connections are served, about half of them by either stack', async () => {
    const before = await parts()
    expect(await site.ask('crowd', OURS, 7, 300, 3001)).toMatchObject({
      connected: 300,
      right: 300,
      closed: 300,
      errors: {},
    })
    const opened = (await parts()).map((part, i) => part.PassiveOpens - before[i]!.PassiveOpens)
    expect(opened[0]! + opened[1]!).toBe(300)
    expect(Math.min(...opened)).toBeGreaterThan(100)
  })

  test('bytes come back whole, over several connections at once', async () => {
    const bytes = noise(8 << 20)
    const file = join(site.folder, 'sent')
    writeFileSync(file, bytes)
    const one = `nc -N ${OURS} 7 < ${file} | sha256sum`
    const said = site.run(`for i in 1 2 3 4; do (${one}) & done; wait`, 40_000).stdout
    const digest = createHash('sha256').update(bytes).digest('hex')
    expect(said.match(/[0-9a-f]{64}/g)).toEqual([digest, digest, digest, digest])
  })

  test('whatever came to the wrong queue reached its owner', async () => {
    // The kernel's own choice is right for about half of all flows, and it learns the rest from our answers.
    const [first, second] = await parts()
    const given = first!.HandedOver + second!.HandedOver
    expect(given).toBeGreaterThan(0)
    expect(first!.TakenOver + second!.TakenOver).toBe(given)
    expect(first!.HandOverDropped + second!.HandOverDropped).toBe(0)
  })

  test('a connection that was silent while the kernel forgot it is still served', async () => {
    const clients = await Promise.all([1, 2, 3, 4].map(() => site.puppet(9502)))
    await new Promise((resolve) => setTimeout(resolve, 4000)) // the kernel forgets a flow in three seconds
    for (const client of clients) {
      client.tell('say still there')
      await client.tells('heard still there')
      client.tell('end')
      await client.tells('close')
    }
  })

  test('netstat shows a server once, and the connections of both stacks', async () => {
    const clients = await Promise.all(Array.from({ length: 4 }, () => site.puppet(9502)))
    const rows = await site.netstat()
    expect(rows.filter((row) => /:9502 .*LISTEN/.test(row))).toHaveLength(1)
    for (const { port } of clients) {
      expect(rows.filter((row) => row.includes(`:${port} `) && row.includes('ESTABLISHED'))).toHaveLength(1)
    }
    const udp = await site.netstat({ all: true, udp: true })
    expect(udp.filter((row) => /^udp .*:7 /.test(row))).toHaveLength(1)
    const connections = (await parts()).map((part) => part.connections)
    expect(connections[0]! + connections[1]!).toBeGreaterThanOrEqual(4)
    for (const client of clients) client.tell('end')
    for (const client of clients) await client.tells('close')
  })

  test('counters are summed', async () => {
    const counters = (await ask(site.control, 'counters', {})) as Counters
    const each = await parts()
    expect(counters.tcp!.PassiveOpens).toBe(each[0]!.PassiveOpens + each[1]!.PassiveOpens)
    expect(counters.stack!.Faults).toBe(0)
  })

  test('a tunable is set in both stacks', async () => {
    const set = (value: number): Promise<unknown> =>
      ask(site.control, 'sysctl', { key: 'net.ipv4.icmp_echo_ignore_all', value })
    expect(await set(1)).toBe('1')
    expect(await ask(site.control, 'sysctl', { key: 'icmp_echo_ignore_all' })).toBe('1')
    const pings = (status: number): void => {
      // Each of another length, so that some are put together by either stack.
      for (const size of [56, 5000, 5001, 5002]) {
        expect(site.run(`ping -n -c 1 -W 1 -s ${size} ${OURS}`).status).toBe(status)
      }
    }
    pings(1)
    expect(await set(0)).toBe('0')
    pings(0)
    await expect(ask(site.control, 'sysctl', { key: 'tcp_sakc', value: 1 })).rejects.toThrow('tcp_sack')
    await expect(ask(site.control, 'sysctl', { key: 'tcp_sack', value: 'x' })).rejects.toThrow('integer')
  })

  test('ping, whole and in fragments', () => {
    for (const size of [56, 1472, 5000, 65_000]) {
      const { stdout } = site.run(`ping -n -c 20 -i 0.01 -W 2 -s ${size} ${OURS}`)
      expect(stdout).toContain('20 packets transmitted, 20 received, 0% packet loss')
    }
  })

  test('datagrams, whole and in fragments, from many ports', async () => {
    const sizes = [1, 1472, 1473, 5000, 20_000, 3001]
    const answers = await Promise.all(
      sizes.map((size) => site.ask<{ answer?: string }>('datagram', OURS, 7, size)),
    )
    expect(answers.map(({ answer }) => Buffer.from(answer ?? '', 'base64').length)).toEqual(sizes)
  })

  test('a datagram that nobody wants is answered with an error', async () => {
    expect(await site.ask('datagram', OURS, 4242, 10)).toEqual({ error: 'ECONNREFUSED' })
  })
})

describe.skipIf(reason)('a capture with two queues', { timeout: 60_000 }, () => {
  test.skipIf(requireTools('tcpdump')).each(['pcap', 'pcapng'])(
    '%s has the packets of both',
    async (kind) => {
      const site = new Site()
      try {
        const file = join(site.folder, `all.${kind}`)
        const daemon = await site.serve('--queues', '2', '--pcap', file)
        expect(await site.ask('crowd', OURS, 7, 50, 100)).toMatchObject({ right: 50, errors: {} })
        daemon.process.kill('SIGTERM')
        expect(await daemon.exit()).toBe(0)
        const lines = site.run(`tcpdump -nr ${file} 2>/dev/null`).stdout.split('\n')
        expect(lines.filter((line) => line.includes('Flags [S],'))).toHaveLength(50)
        expect(lines.filter((line) => line.includes('Flags [S.]'))).toHaveLength(50)
        expect(readFileSync(file).length).toBeGreaterThan(10_000)
      } finally {
        await site.close()
      }
    },
  )
})

describe.skipIf(reason)('a daemon whose threads die', { timeout: 60_000 }, () => {
  let site: Site
  let daemon: Program

  async function begin(...user: string[]): Promise<void> {
    daemon = site.namespace.start([
      process.execPath,
      join(ROOT, 'test/support/mortal-daemon.mjs'),
      site.control,
      ...user,
    ])
    await daemon.says('ready ')
  }

  beforeEach(() => {
    site = new Site()
  })
  afterEach(async () => {
    await daemon.kill('SIGTERM')
    await site.close()
  })

  const parts = async (): Promise<Part[]> => (await ask(site.control, 'queues', {})) as Part[]
  const served = (count: number): Promise<{ right: number }> => site.ask('crowd', OURS, 7, count, 1000)

  // A new thread reads its program as nobody.
  test.skipIf(lacksOtherUsers())(
    'the process lives, and all is served again, though root was given up',
    async () => {
      await begin('nobody')
      await ask(site.control, 'sysctl', { key: 'tcp_retries2', value: 9 })
      expect(await served(40)).toMatchObject({ right: 40 })
      for (const index of [1, 0]) {
        daemon.tell(`terminate ${index}`)
        await daemon.until(
          () => daemon.stderr.includes(`the thread of queue ${index} has ended`),
          'notice the end of a thread',
        )
        await eventually(parts, (each) => each[index]?.queue === index && each[index].PassiveOpens === 0)
        expect(await ask(site.control, 'sysctl', { key: 'tcp_retries2' })).toBe('9')
        expect(await served(40)).toMatchObject({ right: 40 })
        expect((await parts()).every((part) => part.PassiveOpens > 0)).toBe(true)
      }
      daemon.process.kill('SIGTERM')
      expect(await daemon.exit(), daemon.stderr).toBe(0)
      expect(site.hasDevice).toBe(false)
    },
  )

  test('connections of the others go on, those of the dead thread are reset', async () => {
    await begin()
    const clients = await Promise.all(Array.from({ length: 6 }, () => site.puppet(9502)))
    const before = await parts()
    daemon.tell('terminate 1')
    await eventually(
      async () => (await parts())[1],
      (part) => part?.connections === 0,
    )
    for (const client of clients) client.tell('say anybody')
    const ends = await Promise.all(
      clients.map((client) =>
        Promise.race([
          client.tells('heard anybody').then(() => 'heard'),
          client.tells('error ECONNRESET').then(() => 'reset'),
        ]),
      ),
    )
    expect(ends.filter((end) => end === 'heard')).toHaveLength(before[0]!.connections)
    expect(ends.filter((end) => end === 'reset')).toHaveLength(before[1]!.connections)
    for (const client of clients) client.tell('reset')
  })
})
