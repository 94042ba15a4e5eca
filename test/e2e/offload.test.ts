import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask } from '../../src/cli/control-client.ts'
import { capture, dissect, type Packet } from '../support/e2e-capture.ts'
import { OURS, Site, withSite } from '../support/e2e-site.ts'
import { requireTools } from '../support/netns.ts'
import { noise } from '../support/noise.ts'
import { canHaveRing, hasRing, IO_URING_SETUP, refusing } from '../support/ring.ts'

const reason = requireTools(
  'ip',
  'nc',
  'ping',
  'python3',
  'sha256sum',
  'sysctl',
  'nstat',
  'tcpdump',
  'tshark',
)

const MB = 1 << 20

/** Wireshark's word for a checksum. */
const GOOD = '1'

interface Download {
  came: string
  due: string
}

/** What the kernel counts of the device: it transmits to us. */
function countsOf(site: Site): {
  tx: { packets: number; bytes: number; dropped: number }
  rx: { packets: number; bytes: number }
} {
  return JSON.parse(site.run('ip -j -s link show tun0').stdout)[0].stats64
}

const kernelCounters = (site: Site): { TcpRetransSegs: number; TcpExtTCPLossProbes: number } =>
  JSON.parse(site.run('nstat -asz --json').stdout).kernel

/** Sends noise through echo; whether it came back as it was. */
function echoes(site: Site, bytes: number): boolean {
  const file = join(site.folder, 'noise')
  const sent = noise(bytes)
  writeFileSync(file, sent)
  const { stdout } = site.run(`nc -N ${OURS} 7 < ${file} | sha256sum`, 60_000)
  return stdout.startsWith(createHash('sha256').update(sent).digest('hex'))
}

const download = (site: Site, bytes: number): Promise<Download> => site.ask('chargen', OURS, 19, bytes)

async function expectDownload(site: Site, bytes: number): Promise<void> {
  const { came, due } = await download(site, bytes)
  expect(came).toBe(due)
}

describe.skipIf(reason).each([
  ['with offload', '--offload'],
  ['without offload', '--no-offload'],
])('%s', { timeout: 60_000 }, (_name, mode) => {
  let site: Site
  const hasOffload = mode === '--offload'
  beforeAll(async () => {
    site = await Site.serving(mode)
  })
  afterAll(() => site?.close())

  test('200 MB up and 200 MB down are right', async () => {
    expect(echoes(site, 100 * MB)).toBe(true)
    await expectDownload(site, 100 * MB)
    const { tx, rx } = countsOf(site)
    expect(tx.bytes / tx.packets > 3000).toBe(hasOffload)
    expect(rx.bytes / rx.packets > 3000).toBe(hasOffload)
    expect(tx.dropped).toBe(0)
    expect(hasRing(site.daemon.process.pid)).toBe(!hasOffload && canHaveRing())
  })

  test('while both directions are busy, no ping is lost, and no packet to us', async () => {
    const busy = [site.client('upload', OURS, 9, 0), site.client('chargen', OURS, 19, 1e12)]
    await Promise.all(busy.map((client) => client.until(() => client.stderr.includes('started'), 'start')))
    const done = site.run(`ping -n -q -c 100 -i 0.01 -W 5 ${OURS}`)
    expect(done.stdout).toContain(' 0% packet loss')
    for (const client of busy) expect(client.process.exitCode, 'the transfer still runs').toBeNull()
    for (const client of busy) await client.kill()
    expect(countsOf(site).tx.dropped).toBe(0)
    // A tail-loss probe is sent whenever the other side has not run for a while; nothing else is lost.
    const { TcpRetransSegs, TcpExtTCPLossProbes } = kernelCounters(site)
    expect(TcpRetransSegs).toBeLessThanOrEqual(TcpExtTCPLossProbes)
  })

  test.each([
    ['an odd MSS', 'ip route change 10.9.0.0/24 dev tun0 advmss 1111'],
    ['an odd path MTU of the peer', 'ip route change 10.9.0.0/24 dev tun0 mtu 1037 advmss 997'],
    ['no timestamps', 'sysctl -w net.ipv4.tcp_timestamps=0'],
    ['no SACK, no window scale', 'sysctl -w net.ipv4.tcp_sack=0 net.ipv4.tcp_window_scaling=0'],
    ['small buffers', 'sysctl -w net.ipv4.tcp_wmem="4096 4096 4096" net.ipv4.tcp_rmem="4096 4096 4096"'],
  ])('%s', async (_case, change) => {
    site.namespace.output(change)
    expect(echoes(site, 2 * MB)).toBe(true)
    await expectDownload(site, 2 * MB)
    site.namespace.output(
      'ip route change 10.9.0.0/24 dev tun0 && sysctl -w net.ipv4.tcp_timestamps=1 net.ipv4.tcp_sack=1 ' +
        'net.ipv4.tcp_window_scaling=1 net.ipv4.tcp_wmem="4096 16384 4194304" net.ipv4.tcp_rmem="4096 131072 6291456"',
    )
  })
})

describe.skipIf(reason)('what is uploaded without offload', { timeout: 60_000 }, () => {
  test.each<[string, string[], boolean]>([
    ['is joined', ['--no-offload'], true],
    ['is not joined with --no-gro', ['--no-offload', '--no-gro'], false],
    ['is not joined under --impair', ['--impair', 'delay=1ms'], false],
  ])('%s', (_what, options, isJoined) =>
    withSite(async (site) => {
      await site.serve(...options)
      expect(await site.ask('upload', OURS, 9, 16 * MB)).toMatchObject({ bytes: 16 * MB, ending: 'closed' })
      const { tcp } = (await ask(site.control, 'counters', {})) as { tcp: { InSegs: number } }
      expect(tcp.InSegs < (16 * MB) / 1448 / 2).toBe(isJoined)
    }),
  )
})

describe.skipIf(reason)('captures of bulk transfers', { timeout: 60_000 }, () => {
  /** Linux writes a TCP checksum of zero as all ones, which Wireshark does not like; the kernel's own are not in question. */
  const isUnsound = (packet: Packet): boolean =>
    packet['ip.src'] === OURS &&
    (packet['ip.checksum.status'] !== GOOD ||
      (packet['tcp.checksum.status'] !== GOOD && packet['frame.protocols'].startsWith('raw:ip:tcp')))

  const wrong = (packets: Packet[]): Packet[] =>
    packets.filter(
      (packet) => isUnsound(packet) || packet['_ws.malformed'] !== '' || packet['_ws.short'] !== '',
    )

  async function transfers(site: Site): Promise<void> {
    expect(echoes(site, 4 * MB)).toBe(true)
    await expectDownload(site, 8 * MB)
    expect(await site.ask('upload', OURS, 9, 8 * MB)).toMatchObject({ bytes: 8 * MB, ending: 'closed' })
  }

  test('[RFC1071] on the device without offload: every checksum is right, nothing is malformed, lost, or sent twice', () =>
    withSite(async (site) => {
      // A tail-loss probe goes whenever the other end has not run for ten milliseconds: on a busy machine, of which this says nothing.
      site.namespace.output('sysctl -w net.ipv4.tcp_early_retrans=0')
      await site.serve('--no-offload', '--sysctl', 'net.ipv4.tcp_early_retrans=0')
      const packets = await capture(site, () => transfers(site))
      expect(packets.length).toBeGreaterThan(8000)
      expect(wrong(packets)).toEqual([])
      expect(packets.filter((packet) => packet['tcp.analysis.retransmission'] !== '')).toEqual([])
      expect(countsOf(site).tx.dropped).toBe(0)
    }))

  test('[RFC1071] of the daemon with offload: super-segments are whole packets with right checksums', () =>
    withSite(async (site) => {
      const file = join(site.folder, 'own.pcap')
      const daemon = await site.serve('--offload', '--pcap', file)
      await transfers(site)
      daemon.process.kill('SIGTERM')
      await daemon.exit()
      const packets = dissect(site, file)
      expect(packets.length).toBeGreaterThan(500)
      expect(wrong(packets)).toEqual([])
    }))
})

/** Opens tun0 as descriptor 9, without a virtio header, and becomes the program of its arguments. */
const PLAIN_OPENER = `
import fcntl, os, struct, sys
fd = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', b'tun0', 0x1001))
os.dup2(fd, 9)
os.set_inheritable(9, True)
os.execvp(sys.argv[1], sys.argv[1:])
`

/** Sends 20 datagrams of 1,001 bytes by one call (UDP_SEGMENT), and reads their echoes. */
const SEGMENTED_DATAGRAMS = `
import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.setsockopt(17, 103, 1001)
data = os.urandom(20 * 1001 - 7)
s.sendto(data, ('${OURS}', 7))
pieces = [s.recv(65536) for _ in range(20)]
print([len(piece) for piece in pieces].count(1001), b''.join(pieces) == data)
`

describe.skipIf(reason)('what the kernel hands over', { timeout: 60_000 }, () => {
  test.each(['--offload', '--no-offload'])(
    'datagrams that were sent in one piece are datagrams, %s',
    (mode) =>
      withSite(async (site) => {
        await site.serve(mode)
        const done = site.run(`python3 -c "${SEGMENTED_DATAGRAMS}"`)
        expect(done.stdout, done.stderr).toBe('19 True\n')
      }),
  )

  test('a descriptor without a virtio header is served without offload, and one line says why', () =>
    withSite(async (site) => {
      site.under = ['python3', '-c', PLAIN_OPENER]
      const daemon = await site.serve('--offload', '--tun-fd', '9')
      const said = daemon.stderr.split('\n').filter((line) => line.includes('offload'))
      expect(said).toHaveLength(1)
      expect(said[0]).toContain('tun0: no offload, since its descriptor was opened without IFF_VNET_HDR')
      expect(echoes(site, MB)).toBe(true)
    }))
})

describe.skipIf(reason)('without offload, packet by packet', { timeout: 60_000 }, () => {
  const linesOf = (site: Site): string[] =>
    site.daemon.stderr.split('\n').filter((line) => line.includes('io_uring'))

  test('where the kernel refuses io_uring, transfers are right, and one line says why', () =>
    withSite(async (site) => {
      site.under = refusing(IO_URING_SETUP, 1)
      await site.serve('--no-offload', '--user', 'nobody')
      expect(linesOf(site)).toEqual([])
      await expectDownload(site, 20 * MB)
      expect(linesOf(site)).toHaveLength(1)
      expect(linesOf(site)[0]).toContain('tun0: no io_uring (EPERM), so packets are written one by one')
    }))

  test('where it is not wanted, nothing is said of it', () =>
    withSite(async (site) => {
      await site.serve('--no-offload', '--no-io-uring')
      await expectDownload(site, 20 * MB)
      expect(hasRing(site.daemon.process.pid)).toBe(false)
      expect(linesOf(site)).toEqual([])
    }))

  test('a ring is made after privileges were dropped, when it is needed', () =>
    withSite(async (site) => {
      await site.serve('--no-offload', '--user', 'nobody')
      expect(hasRing(site.daemon.process.pid)).toBe(false)
      await expectDownload(site, 20 * MB)
      expect(hasRing(site.daemon.process.pid)).toBe(canHaveRing())
    }))
})

describe.skipIf(reason)('impairments', { timeout: 60_000 }, () => {
  test('[RFC9293 §3.8.1] what is lost and out of order on the way is whole at its end', () =>
    withSite(async (site) => {
      await site.serve('--offload', '--impair', 'loss=1%,reorder=2%', '--seed', '1')
      expect(echoes(site, 20 * MB)).toBe(true)
      await expectDownload(site, 20 * MB)
      // Packets are impaired one by one.
      const { tx, rx } = countsOf(site)
      expect(tx.bytes / tx.packets).toBeLessThan(1500)
      expect(rx.bytes / rx.packets).toBeLessThan(1500)
    }))
})
