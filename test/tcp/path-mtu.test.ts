import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { add } from '../../src/wire/seq.ts'
import {
  OUR_ADDRESS,
  OUR_PORT,
  PEER_ADDRESS,
  PEER_PORT,
  type Peer,
  type PeerOptions,
} from '../support/peer.ts'
import { connected, established, synSent } from '../support/peers.ts'

/** A router wants packets of at most `mtu` bytes; it quotes the segment with relative sequence number `seq`. */
function narrows(peer: Peer, mtu: number, seq: number): void {
  peer.tcp.icmpError(
    {
      type: 3,
      code: 4,
      mtu,
      source: OUR_ADDRESS,
      destination: PEER_ADDRESS,
      sourcePort: OUR_PORT,
      destinationPort: PEER_PORT,
      seq: add(peer.iss, seq),
    },
    peer.now,
  )
}

/** A peer over a path with a round trip of 100 ms. */
function measured(options: PeerOptions = {}): Peer {
  const peer = synSent(options)
  peer.advance(100 * MILLISECOND)
  peer.sends(`S. 0:0(0) ack 1 <${options.options ?? 'mss 1460,sackOK'}>`)
  peer.expects('. 1:1(0) ack 1')
  peer.agreed(options.options ?? '')
  return peer
}

/** A router says that segments are too large of which one has got through. */
function contradicted(): Peer {
  const peer = measured()
  peer.writes(1460)
  peer.takes()
  peer.sends('. 1:1(0) ack 1461')
  peer.writes(2920)
  peer.takes()
  narrows(peer, 1000, 1461)
  return peer
}

const sizes = (lines: readonly string[]): number[] => lines.map((line) => Number(/\((\d+)\)/.exec(line)?.[1]))

describe('what routers say of the path', () => {
  test('[RFC1191 §6.4] no loss is counted: the window stays, in recovery and after it', () => {
    const peer = measured()
    peer.writes(14_600)
    peer.takes()
    const { window, threshold } = peer.c.congestion
    narrows(peer, 1000, 1)
    expect(sizes(peer.takes()).slice(0, 3)).toEqual([960, 960, 960])
    peer.sends('. 1:1(0) ack 961')
    peer.sends('. 1:1(0) ack 14601')
    expect(peer.c.congestion.window).toBeGreaterThanOrEqual(window)
    expect(peer.c.congestion.threshold).toBe(threshold)
    expect(peer.counters.TCPSackRecovery).toBe(0)
    expect(peer.c.recovery.phase).toBe('open')
  })

  test('[RFC1191 §3] later connections begin with it, and announce their own MSS all the same', () => {
    const peer = measured()
    peer.writes(2920)
    peer.takes()
    narrows(peer, 1000, 1)
    peer.takes()
    const c = peer.tcp.connect(OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT + 1, peer.settings, peer.now)
    expect(peer.takes()[0]).toContain('mss 1460')
    expect(c.path.mss).toBe(960)
  })

  test('[RFC1191 §3] so do those that are there', () => {
    const peer = measured()
    peer.paths.learn(PEER_ADDRESS, 1200, peer.now)
    peer.writes(3000)
    expect(sizes(peer.takes())).toEqual([1160, 1160, 680])
  })

  test('[RFC1191 §6.3] after mtu_expires a larger size is tried again', () => {
    const peer = measured()
    peer.writes(1460)
    peer.takes()
    narrows(peer, 1000, 1)
    peer.takes()
    peer.sends('. 1:1(0) ack 1461')
    peer.advance(600 * SECOND)
    peer.takes()
    peer.writes(1460)
    peer.expects('P. 1461:2921(1460) ack 1')
    expect(peer.c.path.mtu).toBe(1500)
  })

  test('[RFC5927 §7.2] against what was seen to get through a router counts only after a time-out', () => {
    const peer = contradicted()
    expect(peer.c.segmentSize).toBe(1460)
    peer.expectsNothing()
    peer.advance(2 * SECOND)
    expect(peer.c.segmentSize).toBe(960)
    expect(sizes(peer.takes()).at(-1)).toBeLessThanOrEqual(960)
  })

  test('[RFC5927 §7.2] and not at all when the segment is acknowledged', () => {
    const peer = contradicted()
    peer.sends('. 1:1(0) ack 2921')
    peer.advance(5 * SECOND)
    expect(peer.c.segmentSize).toBe(1460)
    expect(peer.paths.size).toBe(0)
  })

  test('[RFC5927 §7.2] small segments that got through prove nothing', () => {
    const peer = measured({ settings: { noDelay: true } })
    for (let i = 0; i < 20; i++) {
      peer.writes(100)
      peer.takes()
    }
    peer.sends('. 1:1(0) ack 2001')
    peer.writes(1460)
    peer.takes()
    narrows(peer, 1000, 2001)
    expect(peer.c.segmentSize).toBe(960)
  })

  test('[RFC1191 §7.1] below min_pmtu segments may be fragmented', () => {
    const peer = measured()
    peer.writes(1460)
    expect(peer.expects('P. 1:1461(1460)').mayFragment).toBe(false)
    narrows(peer, 300, 1)
    expect(peer.expects('. 1:513(512)').mayFragment).toBe(true)
  })

  test('IP_PMTUDISC_DONT and IP_PMTUDISC_PROBE: routers are not heard', () => {
    for (const mtuDiscovery of [0, 3]) {
      const peer = measured({ settings: { mtuDiscovery } })
      peer.writes(1460)
      expect(peer.expects('P. 1:1461(1460)').mayFragment).toBe(mtuDiscovery === 0)
      narrows(peer, 1000, 1)
      expect(peer.c.segmentSize).toBe(1460)
      peer.expectsNothing()
    }
  })

  test('ip_no_pmtu_disc: sockets are made so', () => {
    const peer = measured({ sysctl: { ip_no_pmtu_disc: 1 } })
    expect(peer.settings.discoversPathMtu).toBe(false)
  })

  test('tcp_min_snd_mss: a peer that takes crumbs gets larger ones (CVE-2019-11479)', () => {
    const peer = connected({ options: 'mss 48,TS val 1000 ecr 0', sysctl: { tcp_min_snd_mss: 200 } })
    expect(peer.c.segmentSize).toBe(200 - 12)
  })
})

describe('a path that swallows large segments', () => {
  test('[RFC4821 §7.7] is found out at R1: tcp_base_mss, then ever smaller, not below tcp_mtu_probe_floor', () => {
    const peer = measured({ sysctl: { tcp_mtu_probing: 1 } })
    peer.writes(2920)
    peer.takes()
    peer.advance(2 * SECOND)
    expect(peer.c.segmentSize).toBe(1460)
    peer.advance(5 * SECOND)
    expect(peer.c.segmentSize).toBe(1024)
    peer.takes()
    peer.advance(10 * SECOND)
    expect(sizes(peer.takes()).at(-1)).toBe(512)
    peer.advance(900 * SECOND)
    expect(peer.c.segmentSize).toBe(48)
  })

  test('[RFC4821 §7.7] what gets through ends it', () => {
    const peer = measured({ sysctl: { tcp_mtu_probing: 1 } })
    peer.writes(2920)
    peer.takes()
    peer.advance(7 * SECOND)
    peer.takes()
    peer.sends('. 1:1(0) ack 1025')
    expect(sizes(peer.takes())[0]).toBe(1024)
    peer.sends('. 1:1(0) ack 2921')
    peer.writes(1024)
    peer.expects('P. 2921:3945(1024) ack 1')
    peer.expectsNothing()
  })

  test('with tcp_mtu_probing 0 time-outs say nothing of the size', () => {
    const peer = measured()
    peer.writes(2920)
    peer.advance(60 * SECOND)
    expect(peer.c.segmentSize).toBe(1460)
  })
})

describe('a search for the size that the path takes', () => {
  /** Searching from the start, with a congestion window large enough for probes. */
  function searching(options: PeerOptions = {}): Peer {
    const peer = measured({ ...options, sysctl: { tcp_mtu_probing: 2, ...options.sysctl } })
    peer.c.congestion.window = 30_000
    return peer
  }

  test('[RFC4821 §7.2] begins with tcp_base_mss', () => {
    expect(searching().c.segmentSize).toBe(1024)
    expect(searching({ options: 'mss 1460,sackOK,TS val 1 ecr 0' }).c.segmentSize).toBe(1024)
    expect(searching({ options: 'mss 536' }).c.segmentSize).toBe(536)
  })

  test('[RFC4821 §7.3] a probe goes first, with enough behind it to see its loss', () => {
    const peer = searching()
    peer.writes(1242 + 4 * 1024 - 1)
    expect(sizes(peer.takes())[0]).toBe(1024)
    const larger = searching()
    larger.writes(1242 + 4 * 1024)
    larger.expects('. 1:1243(1242) ack 1')
    expect(sizes(larger.takes())).toEqual([1024, 1024, 1024, 1024])
  })

  test('[RFC4821 §7.6.1] one that gets through raises the size, until the search is over', () => {
    const peer = searching()
    let at = 1
    for (let i = 0; i < 12; i++) {
      peer.writes(12_000)
      peer.takes()
      peer.advance(100 * MILLISECOND)
      at += 12_000
      peer.sends(`. 1:1(0) ack ${at}`)
    }
    expect(peer.c.segmentSize).toBeGreaterThan(1450)
    expect(peer.counters.TCPMTUPSuccess).toBe(6)
    expect(peer.counters.TCPMTUPFail).toBe(0)
  })

  test('[RFC4821 §7.6.2] one that is lost lowers what is searched for, and is no congestion', () => {
    const peer = searching()
    const { window } = peer.c.congestion
    peer.writes(12_000)
    peer.expects('. 1:1243(1242) ack 1')
    peer.takes()
    peer.advance(100 * MILLISECOND)
    peer.sends('. 1:1(0) ack 1 <sack 1243:5339>')
    expect(peer.counters.TCPMTUPFail).toBe(1)
    expect(peer.counters.TCPSackRecovery).toBe(0)
    peer.expects('. 1:1025(1024) ack 1')
    peer.expects('P. 1025:1243(218) ack 1')
    peer.sends('. 1:1(0) ack 12001')
    expect(peer.c.congestion.window).toBeGreaterThanOrEqual(window)
    expect(peer.c.path.search.high).toBe(1242 + 40 - 1)
    peer.writes(12_000)
    expect(sizes(peer.takes())[0]).toBe(((1064 + 1281) >> 1) - 40)
  })

  test('[RFC4821 §7.6.3] a loss elsewhere leaves the question open', () => {
    const peer = searching()
    peer.writes(12_000)
    peer.takes()
    peer.advance(3 * SECOND)
    peer.takes()
    peer.sends('. 1:1(0) ack 12001')
    expect(peer.counters.TCPMTUPFail).toBe(0)
    expect(peer.counters.TCPMTUPSuccess).toBe(0)
    expect(peer.c.segmentSize).toBe(1024)
  })

  test('[RFC4821 §7.3] waits for room in the congestion window', () => {
    const peer = searching()
    peer.c.congestion.window = 11 * 1024
    peer.writes(5300)
    peer.takes()
    peer.writes(4096)
    expect(peer.takes()).toHaveLength(4)
    peer.writes(12_000)
    peer.expectsNothing()
    peer.sends('. 1:1(0) ack 5301')
    peer.expects('. 9397:10639(1242) ack 1')
  })

  test('[RFC4821 §7.5] after tcp_probe_interval the search begins anew', () => {
    const peer = searching({ sysctl: { tcp_probe_threshold: 500 } })
    peer.writes(12_000)
    expect(sizes(peer.takes())[0]).toBe(1024)
    peer.sends('. 1:1(0) ack 12001')
    peer.sysctl.tcp_probe_threshold = 8
    peer.writes(12_000)
    expect(sizes(peer.takes())[0]).toBe(1242)
  })

  test('a router’s word bounds it', () => {
    const peer = searching()
    peer.paths.learn(PEER_ADDRESS, 1200, peer.now)
    peer.writes(12_000)
    expect(sizes(peer.takes())[0]).toBe(((1064 + 1200) >> 1) - 40)
  })

  test('what is sent as a super-segment of the device goes on behind the probe', () => {
    const peer = established({
      offload: true,
      options: 'mss 1460,sackOK,wscale 7',
      sysctl: { tcp_mtu_probing: 2 },
    })
    peer.c.congestion.window = 30_000
    peer.writes(20_000)
    expect(peer.expects('. 1:1243(1242) ack 1').segment.gsoSize).toBe(0)
    expect(peer.expects('P. 1243:20001(18758) ack 1').segment.gsoSize).toBe(1024)
  })
})
