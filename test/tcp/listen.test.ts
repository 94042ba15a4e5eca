import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import { OUR_PORT, Peer } from '../support/peer.ts'
import { closed, established, listening, synReceived } from '../support/peers.ts'

describe('CLOSED', () => {
  test('[RFC9293 §3.10.7.1] a segment without ACK is answered with a reset that acknowledges it', () => {
    const peer = closed()
    peer.sends('S 0:0(0)')
    peer.expects('R. 0:0(0) ack 1 win 0')
    peer.sends('FP 0:10(10)')
    peer.expects('R. 0:0(0) ack 11')
    expect(peer.counters.OutRsts).toBe(2)
    expect(peer.counters.OutSegs).toBe(2)
  })

  test('[RFC9293 §3.10.7.1] a segment with ACK is answered with a reset of that number', () => {
    const peer = closed()
    peer.sends('. 1:101(100) ack 77')
    peer.expects('R 77:77(0)')
    peer.sends('S. 0:0(0) ack 5')
    peer.expects('R 5:5(0)')
  })

  test('[RFC9293 §3.10.7.1] a reset is not answered', () => {
    const peer = closed()
    peer.sends('R 0:0(0)', 'R. 0:0(0) ack 1', 'SR 0:0(0)')
    peer.expectsNothing()
  })
})

describe('LISTEN', () => {
  test('[RFC9293 §3.10.7.2] first: a reset is ignored', () => {
    const peer = listening()
    peer.sends('R 0:0(0)', 'R. 0:0(0) ack 1', 'SR 0:0(0)')
    peer.expectsNothing()
    peer.state('LISTEN')
  })

  test('[RFC9293 §3.10.7.2] second: an ACK is reset', () => {
    const peer = listening()
    peer.sends('. 1:1(0) ack 9')
    peer.expects('R 9:9(0)')
    peer.sends('S. 0:0(0) ack 9')
    peer.expects('R 9:9(0)')
    peer.state('LISTEN')
  })

  test('[RFC9293 §3.10.7.2] third: what has no SYN is dropped; so is SYN with FIN, as on Linux', () => {
    const peer = listening()
    peer.sends('P 1:101(100)', 'F 1:1(0)', '- 1:1(0)', 'SF 0:0(0)')
    peer.expectsNothing()
    peer.state('LISTEN')
  })

  test('[RFC9293 §3.10.7.2] data with a SYN is left to be sent again', () => {
    const peer = listening()
    peer.sends('S 0:10(10) <mss 1460>')
    peer.expects('S. 0:0(0) ack 1')
    peer.sends('P. 1:11(10) ack 1')
    peer.accepts()
    expect(peer.reads()).toBe(10)
  })

  test('[RFC9293 §3.10.1] MUST-43: a listener on an address of its own goes before one on any', () => {
    const peer = new Peer()
    const any = peer.tcp.listen(0, OUR_PORT, 8, peer.settings)
    const exact = peer.tcp.listen(0x0a090002, OUR_PORT, 8, peer.settings)
    peer.sends('S 0:0(0)')
    peer.expects('S. 0:0(0) ack 1')
    expect([any.pending, exact.pending]).toEqual([0, 1])
  })

  test('[RFC9293 §3.9.1.1] MUST-41: a second passive open leaves connections alone', () => {
    const peer = established()
    peer.tcp.listen(0x0a090002, OUR_PORT, 8, peer.settings)
    peer.sends('P. 1:11(10) ack 1')
    peer.expects('. 1:1(0) ack 11')
    peer.state('ESTABLISHED')
  })
})

describe('SYN-RECEIVED', () => {
  test('[RFC9293 §3.5] a repeated SYN draws the SYN-ACK again', () => {
    const peer = synReceived()
    peer.sends('S 0:0(0) <mss 1460>')
    peer.expects('S. 0:0(0) ack 1')
    peer.state('SYN-RECEIVED')
    expect(peer.tcp.synCache.size).toBe(1)
  })

  test('many of them, each with what its own SYN offered', () => {
    const peer = listening({ backlog: 1000 })
    for (let port = 1; port <= 40; port++) {
      peer.sendsFrom(port, `S 0:0(0) <mss ${1000 + port}${port % 2 ? ',nop,nop,sackOK' : ''}>`)
      peer.expects(`S. 0:0(0) ack 1 <mss 1460${port % 2 ? ',nop,nop,sackOK' : ''}>`)
    }
    for (let port = 1; port <= 40; port++) peer.sendsFrom(port, '. 1:1(0) ack 1')
    for (let port = 1; port <= 40; port++) {
      const c = peer.accepts()
      expect([c.remotePort, c.options.sendMss, c.options.sack]).toEqual([port, 1000 + port, port % 2 === 1])
    }
  })

  test('[RFC9293 §3.8.3] MUST-22: the SYN-ACK is sent again after 1, 3, 7, 15 and 31 s, and given up after 63 s', () => {
    const peer = synReceived()
    peer.at(62.9 * SECOND)
    expect(peer.takesTimes()).toEqual([1, 3, 7, 15, 31].map((s) => s * SECOND))
    peer.state('SYN-RECEIVED')
    peer.at(63 * SECOND)
    peer.expectsNothing()
    peer.state('LISTEN')
    expect(peer.listener!.pending).toBe(0)
    expect(peer.counters.TCPSynRetrans).toBe(5)
  })

  test('[RFC9293 §3.10.7.4] first: what is out of the window is acknowledged, a reset ignored', () => {
    const peer = synReceived()
    peer.sends('. 70001:70001(0) ack 1')
    peer.expects('. 1:1(0) ack 1')
    peer.sends('R 70001:70001(0)')
    peer.expectsNothing()
    peer.state('SYN-RECEIVED')
  })

  test('[RFC9293 §3.10.7.4] first: an empty segment at the right edge is acceptable: its sender has filled our window', () => {
    const peer = synReceived({ settings: { receiveBuffer: 2048 } })
    peer.sends('. 2050:2050(0) ack 1')
    peer.expects('. 1:1(0) ack 1')
    peer.state('SYN-RECEIVED')
    peer.sends('. 2049:2049(0) ack 1')
    peer.expectsNothing()
    peer.state('ESTABLISHED')
  })

  test('[RFC5961 §3.2] second: a reset that misses RCV.NXT is challenged', () => {
    const peer = synReceived()
    peer.sends('R 2:2(0)')
    peer.expects('. 1:1(0) ack 1')
    peer.state('SYN-RECEIVED')
  })

  test('[RFC9293 §3.10.7.4] fourth: a SYN in the window returns a passive open to LISTEN', () => {
    const peer = synReceived()
    peer.sends('S 100:100(0)')
    peer.state('LISTEN')
  })

  test('[RFC9293 §3.10.7.4] fifth: an ACK of something else is reset, and the handshake stays', () => {
    const peer = synReceived()
    peer.sends('. 1:1(0) ack 2')
    peer.expects('R 2:2(0)')
    peer.sends('. 1:1(0) ack 0')
    peer.expects('R 0:0(0)')
    peer.state('SYN-RECEIVED')
    peer.sends('. 1:1(0) ack 1')
    peer.state('ESTABLISHED')
  })

  test('[RFC9293 §3.10.7.4] fifth: without ACK it is dropped', () => {
    const peer = synReceived()
    peer.sends('P 1:11(10)')
    peer.expectsNothing()
    peer.state('SYN-RECEIVED')
  })

  test('[RFC7323 §3.2] once agreed on, timestamps are in every segment', () => {
    const peer = synReceived({ options: 'mss 1460,nop,nop,TS val 100 ecr 0' })
    peer.sends('. 70001:70001(0) ack 1')
    peer.expects('. 1:1(0) ack 1 <nop,nop,TS val 1000 ecr 100>')
  })

  test('[RFC7323 §5.3] an older timestamp is refused', () => {
    const peer = synReceived({ options: 'mss 1460,nop,nop,TS val 100 ecr 0' })
    peer.sends('. 1:1(0) ack 1 <nop,nop,TS val 99 ecr 1000>')
    peer.expects('. 1:1(0) ack 1')
    peer.state('SYN-RECEIVED')
  })

  test('[RFC6298 §2] the handshake gives the first RTT sample', () => {
    const peer = synReceived()
    peer.advance(0.1 * SECOND)
    peer.sends('. 1:1(0) ack 1')
    expect(peer.accepts().rtt.smoothed).toBe(0.1 * SECOND)
  })

  test('[RFC6298 §3] Karn: but not when the SYN-ACK was sent twice', () => {
    const peer = synReceived()
    peer.sends('S 0:0(0) <mss 1460>')
    peer.advance(0.1 * SECOND)
    peer.sends('. 1:1(0) ack 1')
    expect(peer.accepts().rtt.smoothed).toBe(0)
  })

  test('[RFC6298 §5.7] a lost SYN-ACK: the first time-out is 3 s; [RFC5681 §3.1] and the window one segment', () => {
    const peer = synReceived()
    peer.advance(1.5 * SECOND)
    peer.expects('S. 0:0(0) ack 1')
    peer.sends('. 1:1(0) ack 1')
    const c = peer.accepts()
    expect(c.rtt.timeout).toBe(3 * SECOND)
    expect(c.congestion.window).toBe(1460)
  })
})

test('tcp_synack_retries: so many are sent again; then the handshake is over, and counted', () => {
  const peer = synReceived({ sysctl: { tcp_synack_retries: 2 } })
  peer.advance(10 * SECOND)
  expect(peer.takesTimes()).toEqual([1, 3].map((seconds) => seconds * SECOND))
  peer.state('LISTEN')
  expect(peer.counters).toMatchObject({ TCPSynRetrans: 2, RetransSegs: 2, TCPTimeouts: 1, AttemptFails: 1 })
  expect(peer.tcp.synCache.size).toBe(0)
})

describe('backlog', () => {
  test('[RFC9293 §3.10.1] as many handshakes wait as listen() allows, and one more', () => {
    const peer = listening({ backlog: 0 })
    peer.sends('S 0:0(0)')
    peer.expects('S. 0:0(0) ack 1')
    peer.sends('. 1:1(0) ack 1')
    expect(peer.listener!.queued).toBe(1)
    expect(peer.listener!.isFull).toBe(true)
  })

  test('[RFC4987 §3.1] SYNs beyond the backlog are dropped and counted', () => {
    const peer = listening({ backlog: 2, sysctl: { tcp_syncookies: 0 } })
    const segments = [1, 2, 3, 4].map((port) => port)
    for (const port of segments) peer.sendsFrom(port, 'S 0:0(0)')
    expect(peer.takes()).toHaveLength(3)
    expect(peer.counters.TCPReqQFullDrop).toBe(1)
    expect(peer.counters.ListenDrops).toBe(1)
  })

  test('[RFC9293 §3.10.1] a handshake that ends while the queue is full waits for its next ACK', () => {
    const peer = listening({ backlog: 0, sysctl: { tcp_syncookies: 0 } })
    peer.sendsFrom(1, 'S 0:0(0)')
    peer.sends('S 0:0(0)')
    peer.takes()
    // Both in the SYN queue at once is more than backlog 0 allows.
    expect(peer.listener!.pending).toBe(1)
    peer.sendsFrom(1, '. 1:1(0) ack 1')
    peer.sends('S 0:0(0)')
    peer.expectsNothing()
    expect(peer.counters.ListenOverflows).toBe(1)
  })

  test('[RFC9293 §3.10.1] the last ACK finds no room: the SYN-ACK is sent again, and the next ACK succeeds', () => {
    const peer = listening({ backlog: 1 })
    for (const port of [1, 2]) peer.sendsFrom(port, 'S 0:0(0)')
    for (const port of [1, 2]) peer.sendsFrom(port, '. 1:1(0) ack 1')
    expect(peer.listener!.queued).toBe(2)
    peer.listener!.accept()
    peer.sends('S 0:0(0)')
    peer.sendsFrom(3, 'S 0:0(0)')
    peer.sendsFrom(3, '. 1:1(0) ack 1')
    peer.takes()
    peer.sends('. 1:1(0) ack 1')
    peer.expectsNothing()
    peer.state('SYN-RECEIVED')
    expect(peer.counters.ListenOverflows).toBe(1)
    peer.listener!.accept()
    peer.advance(SECOND)
    peer.expects('S. 0:0(0) ack 1')
    peer.sends('. 1:1(0) ack 1')
    peer.state('ESTABLISHED')
  })

  test('tcp_max_syn_backlog: without cookies three quarters of it, and one more, since nobody is known to be alive', () => {
    const peer = listening({ backlog: 1000, sysctl: { tcp_syncookies: 0, tcp_max_syn_backlog: 16 } })
    for (let port = 1; port <= 20; port++) peer.sendsFrom(port, 'S 0:0(0)')
    expect(peer.takes()).toHaveLength(13)
    expect(peer.counters).toMatchObject({ TCPReqQFullDrop: 0, ListenDrops: 7 })
  })

  test('tcp_max_syn_backlog: with cookies the backlog alone counts, as on Linux', () => {
    const peer = listening({ backlog: 1000, sysctl: { tcp_max_syn_backlog: 16 } })
    for (let port = 1; port <= 20; port++) peer.sendsFrom(port, 'S 0:0(0)')
    expect(peer.takes()).toHaveLength(20)
    expect(peer.counters.TCPReqQFullDoCookies).toBe(0)
  })

  test('[RFC4987 §3.3] a queue more than half full gives up the old early: half of it is for the young', () => {
    const peer = listening({ backlog: 20 })
    for (let port = 1; port <= 12; port++) peer.sendsFrom(port, 'S 0:0(0)')
    peer.advance(1.5 * SECOND)
    for (let port = 13; port <= 18; port++) peer.sendsFrom(port, 'S 0:0(0)')
    expect(peer.listener).toMatchObject({ pending: 18, young: 6 })
    // None is young any more: after two retransmissions the oldest go, until the queue is half empty.
    peer.advance(6 * SECOND)
    expect(peer.listener).toMatchObject({ pending: 10, young: 0 })
    peer.advance(60 * SECOND)
    expect(peer.listener).toMatchObject({ pending: 0, young: 0 })
  })

  test('tcp_invalid_ratelimit: a handshake answers repeated SYNs, and what is not acceptable, only so often', () => {
    const peer = synReceived()
    peer.advance(0.1 * SECOND)
    peer.sends('S 0:0(0)', 'S 0:0(0)', '. 70001:70001(0) ack 1')
    peer.expects('S. 0:0(0) ack 1')
    peer.expectsNothing()
    expect(peer.counters.TCPACKSkippedSynRecv).toBe(2)
    peer.advance(0.5 * SECOND)
    peer.sends('S 0:0(0)')
    peer.expects('S. 0:0(0) ack 1')
  })

  test('tcp_abort_on_overflow: the last ACK is reset instead', () => {
    const peer = listening({ backlog: 0, sysctl: { tcp_abort_on_overflow: 1 } })
    peer.sends('S 0:0(0)')
    peer.expects('S. 0:0(0) ack 1')
    peer.listener!.backlog = -1
    peer.sends('. 1:1(0) ack 1')
    peer.expects('R 1:1(0)')
    peer.state('LISTEN')
  })

  test('[RFC9293 §3.10.4] CLOSE in LISTEN forgets handshakes and resets what nobody accepted', () => {
    const peer = listening()
    peer.sendsFrom(1, 'S 0:0(0)')
    peer.sends('S 0:0(0)')
    peer.takes()
    peer.sends('P. 1:101(100) ack 1')
    peer.tcp.unlisten(peer.listener!)
    peer.expects('R. 1:1(0) ack 101')
    peer.expectsNothing()
    peer.state('CLOSED')
    expect(peer.tcp.synCache.size).toBe(0)
    expect(peer.tcp.flows.size).toBe(0)
    expect(peer.arena.used).toBe(peer.idle)
    expect(peer.tcp.establishedCount).toBe(0)
  })

  test('a connection that was reset in the queue is accepted, and tells', () => {
    const peer = synReceived()
    peer.sends('P. 1:11(10) ack 1', 'R 11:11(0)')
    expect(peer.accepts().closeReason).toBe('reset')
    expect(peer.reads()).toBe(10)
  })

  test('[RFC9293 §3.10.4] CLOSE in LISTEN frees what a connection reset in the queue had received', () => {
    const peer = synReceived()
    peer.sends('P. 1:11(10) ack 1', 'R 11:11(0)')
    peer.tcp.unlisten(peer.listener!)
    expect(peer.arena.used).toBe(peer.idle)
  })
})

test('[RFC9293 §3.10.7.4] what is acceptable in SYN-RECEIVED is acceptable to the connection: a small buffer', () => {
  const peer = synReceived({ settings: { receiveBuffer: 2048 } })
  peer.sends('. 2051:2051(0) ack 1')
  peer.expects('. 1:1(0) ack 1')
  peer.state('SYN-RECEIVED')
  expect(peer.listener!.queued).toBe(0)
})
