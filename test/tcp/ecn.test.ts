import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT, Peer, type PeerOptions } from '../support/peer.ts'
import { connected, established, listening } from '../support/peers.ts'

/** Established by the peer, with ECN. */
function agreed(options: PeerOptions = {}): Peer {
  const peer = listening(options)
  peer.sends('SEW 0:0(0) <mss 1000,nop,nop,sackOK,wscale 7>')
  peer.expects('SE. 0:0(0) ack 1')
  peer.agreed('')
  peer.advance(100 * MILLISECOND)
  peer.sends('. 1:1(0) ack 1')
  peer.accepts()
  return peer
}

/** As `agreed`, with data that can be marked on its way. */
function sending(count: number, options: PeerOptions = {}): Peer {
  const peer = agreed(options)
  peer.writes(count * 1000)
  peer.takes()
  peer.advance(100 * MILLISECOND)
  return peer
}

const connecting = (tcp_ecn: number, options: PeerOptions = {}): Peer => {
  const peer = new Peer({ ...options, sysctl: { tcp_ecn, ...options.sysctl } })
  peer.connection = peer.tcp.connect(OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT, peer.settings, peer.now)
  return peer
}

describe('the agreement', () => {
  test('[RFC3168 §6.1.1] SHLD-8: a peer that asks is answered with ECE alone, by default', () => {
    const peer = agreed()
    expect(peer.c.options.ecn).toBe(true)
    peer.writes(1000)
    peer.expects('[ect0] P. 1:1001(1000) ack 1')
  })

  test('[RFC3168 §6.1.1] one that does not ask is not', () => {
    const peer = established()
    peer.writes(1000)
    peer.expects('[noecn] P. 1:1001(1000) ack 1')
  })

  test.each(['SE', 'SW'])('[RFC3168 §6.1.1] %s asks for nothing', (flags) => {
    const peer = listening()
    peer.sends(`${flags} 0:0(0) <mss 1000>`)
    peer.expects('S. 0:0(0) ack 1')
  })

  test('a SYN that is marked itself asks for nothing, as on Linux', () => {
    const peer = listening()
    peer.sends('[ect0] SEW 0:0(0) <mss 1000>')
    peer.expects('S. 0:0(0) ack 1')
  })

  test('tcp_ecn 0: nobody gets it', () => {
    const peer = listening({ sysctl: { tcp_ecn: 0 } })
    peer.sends('SEW 0:0(0) <mss 1000>')
    peer.expects('S. 0:0(0) ack 1')
  })

  test('[RFC3168 §6.1.1] tcp_ecn 1: we ask', () => {
    const peer = connecting(1)
    peer.expects('[noecn] SEW 0:0(0)')
    peer.sends('SE. 0:0(0) ack 1 <mss 1000>')
    peer.expects('[noecn] . 1:1(0) ack 1')
    peer.writes(1000)
    peer.expects('[ect0] P. 1:1001(1000) ack 1')
  })

  test.each([0, 2])('tcp_ecn %i: we do not', (tcp_ecn) => {
    const peer = connecting(tcp_ecn)
    peer.expects('S 0:0(0)')
  })

  test.each(['S.', 'SEW.', 'SW.'])('[RFC3168 §6.1.1] %s agrees to nothing', (flags) => {
    const peer = connecting(1)
    peer.expects('SEW 0:0(0)')
    peer.sends(`${flags} 0:0(0) ack 1 <mss 1000>`)
    peer.expects('. 1:1(0) ack 1')
    peer.writes(1000)
    peer.expects('[noecn] P. 1:1001(1000) ack 1')
  })

  test('[RFC3168 §6.1.1.1] a SYN that has to be sent again does not ask', () => {
    const peer = connecting(1)
    peer.expects('SEW 0:0(0)')
    peer.advance(SECOND)
    peer.expects('S 0:0(0)')
    peer.sends('S. 0:0(0) ack 1 <mss 1000>')
    expect(peer.c.options.ecn).toBe(false)
  })

  test('[RFC3168 §6.1.1] a late answer to the one that did: what is marked is echoed, but nothing of ours can be', () => {
    const peer = connecting(1)
    peer.expects('SEW 0:0(0)')
    peer.advance(SECOND)
    peer.expects('S 0:0(0)')
    peer.sends('SE. 0:0(0) ack 1 <mss 1000>')
    peer.expects('. 1:1(0) ack 1')
    peer.writes(1000)
    peer.expects('[noecn] P. 1:1001(1000) ack 1')
    peer.sends('[ce] P. 1:101(100) ack 1001')
    peer.expects('E. 1001:1001(0) ack 101')
  })

  test('[RFC3168 §6.1.1.1] the peer asks no more when it comes again: nor does the answer agree', () => {
    const peer = listening()
    peer.sends('SEW 0:0(0) <mss 1000>')
    peer.expects('SE. 0:0(0) ack 1')
    peer.sends('S 0:0(0) <mss 1000>')
    peer.expects('S. 0:0(0) ack 1')
    peer.sends('. 1:1(0) ack 1')
    peer.accepts()
    peer.writes(1000)
    peer.expects('[noecn] P. 1:1001(1000) ack 1')
  })

  test('tcp_ecn_fallback 0: it asks again', () => {
    const peer = connecting(1, { sysctl: { tcp_ecn_fallback: 0 } })
    peer.expects('SEW 0:0(0)')
    peer.advance(SECOND)
    peer.expects('SEW 0:0(0)')
  })

  test('[RFC3168 §6.1.1] simultaneous open', () => {
    const peer = connecting(1)
    peer.expects('SEW 0:0(0)')
    peer.sends('SEW 0:0(0) <mss 1000>')
    peer.expects('SE. 0:0(0) ack 1')
    peer.sends('. 1:1(0) ack 1')
    peer.writes(1000)
    peer.expects('[ect0] P. 1:1001(1000) ack 1')
  })
})

describe('the receiver', () => {
  test('[RFC3168 §6.1.3] a mark is echoed until CWR comes', () => {
    const peer = agreed()
    peer.sends('[ect0] P. 1:101(100) ack 1')
    peer.expects('[noecn] . 1:1(0) ack 101')
    peer.sends('[ce] P. 101:201(100) ack 1')
    peer.expects('E. 1:1(0) ack 201')
    peer.sends('[ect0] P. 201:301(100) ack 1')
    peer.expects('E. 1:1(0) ack 301')
    peer.writes(100)
    peer.expects('[ect0] PE. 1:101(100) ack 301')
    peer.sends('[ect0] PW. 301:401(100) ack 101')
    peer.expects('. 101:101(0) ack 401')
    peer.sends('[ect0] P. 401:501(100) ack 101')
    peer.advance(SECOND)
    peer.expects('. 101:101(0) ack 501')
  })

  test('[RFC3168 §6.1.3] a segment with CWR that is marked itself begins anew', () => {
    const peer = agreed()
    peer.sends('[ce] P. 1:101(100) ack 1')
    peer.expects('E. 1:1(0) ack 101')
    peer.sends('[ce] PW. 101:201(100) ack 1')
    peer.expects('E. 1:1(0) ack 201')
  })

  test('[RFC3168 §6.1.3] out of order, too', () => {
    const peer = agreed()
    peer.sends('[ce] . 1001:2001(1000) ack 1')
    peer.expects('E. 1:1(0) ack 1 <nop,nop,sack 1001:2001>')
  })

  test('[RFC3168 §6.1.5] marks on what lies outside the window say nothing', () => {
    const peer = agreed()
    peer.sends('[ect0] P. 1:101(100) ack 1')
    peer.takes()
    peer.sends('[ce] P. 1:101(100) ack 1')
    peer.expects('. 1:1(0) ack 101')
  })

  test('[RFC3168 §6.1.3] marks are acknowledged without delay', () => {
    const peer = agreed()
    peer.sends('[ect0] P. 1:101(100) ack 1')
    peer.takes()
    peer.c.acks.quick = 0
    peer.sends('[ce] P. 101:201(100) ack 1')
    peer.expects('E. 1:1(0) ack 201')
  })

  test('without an agreement they mean nothing', () => {
    const peer = established()
    peer.sends('[ce] P. 1:101(100) ack 1')
    peer.expects('. 1:1(0) ack 101')
  })

  test('TCP_INFO knows of the agreement and of marks: hasSeen', () => {
    const peer = agreed()
    expect(peer.c.ecn.hasSeen).toBe(false)
    peer.sends('[ect0] P. 1:101(100) ack 1')
    expect(peer.c.ecn.hasSeen).toBe(true)
  })
})

describe('the sender', () => {
  test('[RFC3168 §6.1.2] an echo brings the window down, once a round trip, and CWR says so', () => {
    const peer = sending(10)
    const { window } = peer.c.congestion
    peer.sends('E. 1:1(0) ack 1001')
    expect(peer.c.recovery.phase).toBe('reduction')
    const { threshold } = peer.c.congestion
    expect(threshold).toBeLessThan(window)
    peer.writes(20_000)
    const first = peer.takes()
    expect(first[0]).toMatch(/^PW\. |^W\. /)
    expect(first.filter((line) => line.includes('W'))).toHaveLength(1)
    for (let ack = 2001; ack <= 10_001; ack += 1000) peer.sends(`E. 1:1(0) ack ${ack}`)
    expect(peer.c.congestion.threshold).toBe(threshold)
    expect(peer.takes().filter((line) => line.includes('W'))).toHaveLength(0)
    expect(peer.counters.TCPDeliveredCE).toBe(10)
    peer.sends(`. 1:1(0) ack ${(peer.c.send.nxt - peer.iss) | 0}`)
    expect(peer.c.recovery.phase).toBe('open')
    expect(peer.c.congestion.window).toBeLessThan(window)
  })

  test('[RFC3168 §6.1.2] another one in the next round trip, another reduction', () => {
    const peer = sending(10)
    peer.sends('E. 1:1(0) ack 10001')
    peer.sends('. 1:1(0) ack 10001')
    const { threshold } = peer.c.congestion
    peer.writes(30_000)
    peer.takes()
    peer.sends('. 1:1(0) ack 13001')
    peer.sends('E. 1:1(0) ack 14001')
    expect(peer.c.congestion.threshold).toBeLessThan(threshold)
  })

  test('[RFC3168 §6.1.5] what is sent again is not marked as capable, nor does it carry CWR', () => {
    const peer = sending(10)
    peer.writes(5000)
    peer.takes()
    peer.sends('. 1:1(0) ack 1 <sack 1001:9001>')
    peer.expects('[noecn] . 1:1001(1000) ack 1')
  })

  test('[RFC3168 §6.1.2] a loss brings the window down as well, and CWR says so', () => {
    const peer = sending(10)
    peer.sends('. 1:1(0) ack 1 <sack 1001:9001>')
    peer.expects('[noecn] . 1:1001(1000) ack 1')
    peer.takes()
    peer.sends('. 1:1(0) ack 10001')
    peer.writes(2000)
    peer.expects('[ect0] W. 10001:11001(1000) ack 1')
    peer.expects('[ect0] P. 11001:12001(1000) ack 1')
  })

  test('[RFC3168 §6.1.2] a time-out in the window that an echo has answered leaves the threshold; the next one does not', () => {
    const peer = sending(10, { sysctl: { tcp_congestion_control: 'reno' } })
    peer.sends('E. 1:1(0) ack 1001')
    const { threshold } = peer.c.congestion
    peer.advance(SECOND)
    expect(peer.c.recovery.phase).toBe('loss')
    expect(peer.c.congestion.window).toBe(1000)
    expect(peer.c.congestion.threshold).toBe(threshold)
    peer.sends('. 1:1(0) ack 10001')
    expect(peer.c.recovery.phase).toBe('open')
    peer.writes(4000)
    peer.advance(4 * SECOND)
    expect(peer.c.recovery.phase).toBe('loss')
    expect(peer.c.congestion.threshold).toBeLessThan(threshold)
  })

  test('[RFC3168 §6.1.2] what an echo brought down a spurious time-out does not bring back', () => {
    const peer = sending(10)
    const { window } = peer.c.congestion
    peer.sends('E. 1:1(0) ack 1001')
    const { threshold } = peer.c.congestion
    peer.writes(2000)
    peer.takes()
    peer.advance(700 * MILLISECOND)
    expect(peer.c.recovery.phase).toBe('loss')
    peer.sends('. 1:1(0) ack 3001')
    peer.takes()
    peer.sends('. 1:1(0) ack 8001')
    expect(peer.counters.TCPSpuriousRTOs).toBe(1)
    expect(peer.c.congestion.threshold).toBe(threshold)
    expect(peer.c.congestion.window).toBeLessThan(window)
  })

  test('[RFC3168 §6.1.4] pure acknowledgements are not marked as capable', () => {
    const peer = agreed()
    peer.sends('[ect0] P. 1:101(100) ack 1')
    peer.expects('[noecn] . 1:1(0) ack 101')
  })

  test('[RFC3168 §6.1.6] window probes are not', () => {
    const peer = agreed({ win: 0 })
    peer.writes(100)
    peer.advance(SECOND)
    peer.expects('[noecn] . 0:0(0) ack 1')
  })

  test('a super-segment does not carry CWR: the segment before it does', () => {
    const peer = sending(10, { offload: true })
    peer.sends('E. 1:1(0) ack 10001')
    peer.writes(30_000)
    expect(peer.expects('[ect0] W. 10001:11001(1000)').segment.gsoSize).toBe(0)
    const rest = peer.takes()
    expect(rest.length).toBeGreaterThan(0)
    expect(rest.join()).not.toContain('W')
  })

  test('ECE without an agreement means nothing', () => {
    const peer = connected({ options: 'mss 1000' })
    peer.writes(5000)
    peer.takes()
    peer.sends('E. 1:1(0) ack 1001')
    expect(peer.c.recovery.phase).toBe('open')
  })

  test('[RFC3168 §6.1.2] ECE with nothing outstanding means nothing', () => {
    const peer = agreed()
    peer.sends('E. 1:1(0) ack 1')
    expect(peer.c.recovery.phase).toBe('open')
  })
})
