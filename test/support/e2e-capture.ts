import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually, OURS, type Site } from './e2e-site.ts'

/** What tshark says of a packet: each value as text, '' where the packet has no such field. */
export type Packet = Readonly<Record<Field, string>>

type Field = (typeof FIELDS)[number]

const FIELDS = [
  'frame.number',
  'frame.protocols',
  'ip.src',
  'ip.frag_offset',
  'ip.checksum.status',
  'tcp.checksum.status',
  'udp.checksum.status',
  'icmp.checksum.status',
  'icmp.type',
  'tcp.flags.reset',
  'tcp.flags.urg',
  'ip.dsfield.dscp',
  'tcp.analysis.flags',
  'tcp.analysis.retransmission',
  '_ws.malformed',
  '_ws.short',
  '_ws.expert.message',
] as const

/** Wireshark validates neither of these unless told to. */
const CHECKS = ['ip', 'tcp', 'udp'].map((name) => `-o ${name}.check_checksum:TRUE`).join(' ')

/** A client's port may be that of some protocol, whose dissector would call the text malformed. */
const AS_TEXT = '-d tcp.port==1-65535,data -d udp.port==1-65535,data'

/** In the last packet of each direction. */
const MARK = 'that was it all.'

/** Captures what happens on the device during `session`. Throws when a packet was missed. */
export async function capture(site: Site, session: () => Promise<void>): Promise<Packet[]> {
  const file = join(site.folder, 'capture.pcap')
  // A slot of the buffer takes the longest packet, so a short snapshot makes many of them.
  const options = ['-Z', 'root', '--immediate-mode', '-B', '32768', '-s', '2000', '-U', '-w', file]
  const tcpdump = site.namespace.start(['tcpdump', '-i', 'tun0', ...options])
  await tcpdump.until(() => tcpdump.stderr.includes('listening on'), 'listen')
  await session()
  // What tcpdump has not read when it is interrupted is lost, so wait for the mark and its echo.
  site.run(`ping -c 1 -s 32 -p ${Buffer.from(MARK).toString('hex')} ${OURS}`)
  await eventually(
    () => readFileSync(file, 'latin1').split(MARK).length - 1,
    (marks) => marks === 2,
  )
  await tcpdump.kill('SIGINT')
  if (!tcpdump.stderr.includes('\n0 packets dropped by kernel')) throw new Error(tcpdump.stderr)
  return dissect(site, file)
}

/** What tshark makes of a capture. */
export function dissect(site: Site, file: string): Packet[] {
  // Of a packet that quotes another, the outer header's value alone.
  const fields = FIELDS.map((field) => `-e ${field}`).join(' ')
  const done = site.run(
    `tshark -n -r ${file} ${AS_TEXT} ${CHECKS} -Y ip -T fields -E occurrence=f ${fields}`,
    30_000,
  )
  if (done.status !== 0) throw new Error(`tshark: ${done.stderr}`)
  return done.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const values = line.split('\t')
      return Object.fromEntries(FIELDS.map((field, i) => [field, values[i] ?? ''])) as Packet
    })
}
