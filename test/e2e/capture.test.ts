import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OURS, Site } from '../support/e2e-site.ts'
import { requireTools } from '../support/netns.ts'

const reason = requireTools('ip', 'ping', 'nc', 'curl', 'traceroute', 'tcpdump', 'tshark')

/** Everything a checksum or a dissector can find wrong, in either direction. */
const WRONG = [
  'ip.checksum.status == "Bad"',
  'tcp.checksum.status == "Bad"',
  'udp.checksum.status == "Bad"',
  'icmp.checksum.status == "Bad"',
  '_ws.malformed',
  '_ws.expert.group == "Malformed"',
  '_ws.short',
].join(' || ')

/** What a loss or a wrong timer would show. */
const AGAIN = [
  'tcp.analysis.retransmission',
  'tcp.analysis.lost_segment',
  'tcp.analysis.ack_lost_segment',
  'tcp.analysis.out_of_order',
  'tcp.analysis.duplicate_ack',
].join(' || ')

describe.skipIf(reason)('a capture of it all', () => {
  let site: Site
  let mixed: string
  let quiet: string

  // Without offloads: with them, what either side leaves for the other to fill in or to cut up is captured as it is.
  beforeAll(async () => {
    site = await Site.serving('--no-offload')
    quiet = await capture('quiet', quietSession)
    mixed = await capture('mixed', mixedSession)
  })
  afterAll(() => site?.close())

  /** Captures what happens meanwhile; returns the file's path. */
  async function capture(name: string, session: () => Promise<void>): Promise<string> {
    const file = join(site.folder, `${name}.pcap`)
    const tcpdump = site.namespace.start([
      'tcpdump',
      '-Z',
      'root',
      '-i',
      'tun0',
      '-U',
      '-B',
      '16384',
      '-w',
      file,
    ])
    await tcpdump.until(() => tcpdump.stderr.includes('listening on'), 'listen')
    await session()
    await tcpdump.kill('SIGINT')
    expect(tcpdump.stderr).toContain('\n0 packets dropped by kernel')
    return file
  }

  async function quietSession(): Promise<void> {
    const client = await site.puppet(9502)
    for (const line of ['one', 'two', 'state', 'three']) {
      client.tell(`say ${line}`)
      await client.tells(line === 'state' ? 'timers' : `heard ${line}`)
    }
    client.tell('end')
    await client.tells('close')
    site.run(`nc -d ${OURS} 13; head -c 200000 /dev/zero | tr '\\0' x | nc -N ${OURS} 7`)
  }

  async function mixedSession(): Promise<void> {
    for (const size of [0, 1, 56, 1472, 1473, 8000, 65000]) site.run(`ping -n -c 1 -s ${size} ${OURS}`)
    site.run(`curl -s -m 2 http://${OURS}/; nc -z -w 2 ${OURS} 81; traceroute -n -T -w 1 ${OURS}`)
    site.run(`traceroute -n -w 1 -q 1 ${OURS}; traceroute -n -I -w 1 ${OURS}`)
    for (const port of [7, 13, 19, 37, 4242]) await site.ask('datagram', OURS, port, port === 7 ? 9000 : 99)
    site.run(`nc -d ${OURS} 13; nc -d ${OURS} 37; nc -d ${OURS} 19 | head -c 300000`)
    site.run(`head -c 3000001 /dev/zero | tr '\\0' x | nc -N ${OURS} 7`)
    const client = await site.puppet(7)
    client.tell('say hello')
    await client.tells('heard hello')
    client.tell('reset')
    await client.tells('close')
    await site.ask('crowd', OURS, 7, 50, 3000)
  }

  /** The packets of a capture that a display filter finds, one line each. */
  function find(file: string, filter: string): string[] {
    const checks = ['ip', 'tcp', 'udp'].map((name) => `-o ${name}.check_checksum:TRUE`).join(' ')
    const done = site.run(`tshark -n -r ${file} ${checks} -Y '${filter}'`, 30_000)
    expect(done.status, done.stderr).toBe(0)
    return done.stdout.split('\n').filter((line) => line !== '')
  }

  test('[RFC1071] no checksum is wrong and no packet malformed', () => {
    expect(find(mixed, WRONG)).toEqual([])
    expect(find(quiet, WRONG)).toEqual([])
  })

  test('all checksums were verified', () => {
    const from = `ip.src == ${OURS}`
    const good = 'ip.checksum.status == "Good"'
    expect(find(mixed, `${from} && !(${good})`)).toEqual([])
    expect(find(mixed, `${from} && tcp && !(tcp.checksum.status == "Good") && !icmp`)).toEqual([])
    expect(find(mixed, `${from} && udp && !(udp.checksum.status == "Good") && !icmp`)).toEqual([])
    expect(find(mixed, `${from} && icmp && !(icmp.checksum.status == "Good")`)).toEqual([])
    for (const kind of [
      'icmp.type == 0',
      'icmp.type == 3',
      'udp && !icmp',
      'tcp.flags.reset == 1',
      'ip.frag_offset > 0',
    ]) {
      expect(find(mixed, `${from} && ${kind}`).length, kind).toBeGreaterThan(0)
    }
  })

  test('[RFC6298] a quiet session retransmits nothing', () => {
    expect(find(quiet, `ip.src == ${OURS} && (${AGAIN})`)).toEqual([])
    expect(find(quiet, `ip.src == ${OURS} && tcp`).length).toBeGreaterThan(20)
  })

  test('[RFC9293 §3.10.7.4] resets are those of closed ports and of the client that reset', () => {
    const resets = find(quiet, `tcp.flags.reset == 1`)
    expect(resets).toEqual([])
  })
})
