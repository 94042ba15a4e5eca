import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { capture, type Packet } from '../support/e2e-capture.ts'
import { OURS, Site } from '../support/e2e-site.ts'
import { requireTools } from '../support/netns.ts'

const reason = requireTools('ip', 'ping', 'nc', 'curl', 'traceroute', 'tcpdump', 'tshark')

/** Wireshark's words for a checksum. */
const BAD = '0'
const GOOD = '1'

describe.skipIf(reason)('a capture of it all', { timeout: 60_000 }, () => {
  let site: Site
  let quiet: Packet[]
  let mixed: Packet[]

  // Without offloads: with them, a capture shows what one side leaves for the other to fill in and to cut up.
  beforeAll(async () => {
    site = await Site.serving('--no-offload')
    quiet = await capture(site, quietSession)
    mixed = await capture(site, mixedSession)
  })
  afterAll(() => site?.close())

  async function quietSession(): Promise<void> {
    const client = await site.puppet(9502)
    for (const line of ['one', 'two', 'three']) {
      client.tell(`say ${line}`)
      await client.tells(`heard ${line}`)
    }
    client.tell('end')
    await client.tells('close')
    site.run(`nc -d ${OURS} 13; head -c 200000 /dev/zero | tr '\\0' x | nc -N ${OURS} 7`)
  }

  async function mixedSession(): Promise<void> {
    for (const size of [0, 1, 56, 1472, 1473, 8000, 65000]) site.run(`ping -n -c 1 -s ${size} ${OURS}`)
    site.run(`curl -s -m 2 http://${OURS}/; nc -z -w 2 ${OURS} 81; traceroute -n -T -w 1 ${OURS}`)
    site.run(`traceroute -n -w 1 -q 1 ${OURS}; traceroute -n -I -w 1 ${OURS}`)
    const datagrams = [7, 13, 19, 37, 4242].map((port) => site.ask('datagram', OURS, port, 3001))
    await Promise.all(datagrams)
    site.run(`nc -d ${OURS} 13; nc -d ${OURS} 37; nc -d ${OURS} 19 | head -c 300000`)
    site.run(`head -c 3000001 /dev/zero | tr '\\0' x | nc -N ${OURS} 7`)
    const client = await site.puppet(7)
    client.tell('say hello')
    await client.tells('heard hello')
    client.tell('reset')
    await client.tells('close')
    await site.ask('crowd', OURS, 7, 50, 3001)
  }

  const ours = (packets: Packet[]): Packet[] => packets.filter((packet) => packet['ip.src'] === OURS)

  /** Of the packet itself, not of one that it quotes. */
  const carries = (packet: Packet, protocol: string): boolean =>
    packet['frame.protocols'].startsWith(`raw:ip:${protocol}`)

  test('[RFC1071] no checksum is wrong and no packet malformed, in either direction', () => {
    const wrong = [...quiet, ...mixed].filter(
      (packet) =>
        [
          packet['ip.checksum.status'],
          packet['tcp.checksum.status'],
          packet['udp.checksum.status'],
          packet['icmp.checksum.status'],
        ].includes(BAD) ||
        packet['_ws.malformed'] !== '' ||
        packet['_ws.short'] !== '',
    )
    expect(wrong).toEqual([])
  })

  test('[RFC1071] every checksum of ours was looked at, in packets of all kinds', () => {
    for (const packet of ours(mixed)) {
      expect(packet['ip.checksum.status'], packet['frame.number']).toBe(GOOD)
      for (const protocol of ['tcp', 'udp', 'icmp'] as const) {
        if (carries(packet, protocol)) expect(packet[`${protocol}.checksum.status`], protocol).toBe(GOOD)
      }
    }
    const count = (is: (packet: Packet) => boolean): number => ours(mixed).filter(is).length
    expect(count((packet) => packet['icmp.type'] === '0')).toBeGreaterThanOrEqual(7 + 3)
    expect(count((packet) => packet['icmp.type'] === '3')).toBeGreaterThan(0)
    expect(count((packet) => carries(packet, 'udp'))).toBe(4)
    expect(count((packet) => Number(packet['ip.frag_offset']) > 0)).toBeGreaterThan(40)
    expect(count((packet) => carries(packet, 'tcp'))).toBeGreaterThan(2000)
  })

  test('[RFC9293 §3.8.5 §3.9.2] SHLD-13, SHLD-23: services send nothing urgent, and leave the Diffserv field alone', () => {
    const spoken = [...ours(quiet), ...ours(mixed)].filter((packet) => carries(packet, 'tcp'))
    expect(new Set(spoken.map((packet) => packet['tcp.flags.urg']))).toEqual(new Set(['0']))
    expect(new Set(spoken.map((packet) => packet['ip.dsfield.dscp']))).toEqual(new Set(['0']))
  })

  test('[RFC6298 §5] a quiet session retransmits nothing, and resets nothing', () => {
    const odd = ours(quiet).filter(
      (packet) => packet['tcp.analysis.flags'] !== '' || packet['tcp.flags.reset'] === '1',
    )
    expect(odd).toEqual([])
    expect(ours(quiet).length).toBeGreaterThan(20)
  })
})
