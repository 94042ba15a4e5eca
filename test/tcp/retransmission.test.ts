import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { RoundTrip } from '../../src/tcp/rtt.ts'
import { backoffTime } from '../../src/tcp/timeouts.ts'
import { add } from '../../src/wire/seq.ts'
import { OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT, type Peer } from '../support/peer.ts'
import { connected, established, synCrossed, synSent } from '../support/peers.ts'

const seconds = (times: number[]): number[] => times.map((t) => Math.round(t / MILLISECOND) / 1000)

/** An established connection with a smoothed RTT of `ms` milliseconds: time-outs begin at 200 ms more. */
function measured(ms: number, options = {}): Peer {
  const peer = connected(options)
  peer.c.rtt.smoothed = 0
  peer.c.rtt.sample(ms * MILLISECOND)
  peer.c.rtt.variation = 0
  peer.c.rtt.sample(ms * MILLISECOND)
  return peer
}

describe('RFC 6298', () => {
  test('[RFC6298 §2.1] before a sample the time-out is 1 s', () => {
    expect(new RoundTrip().timeout).toBe(SECOND)
  })

  test('[RFC6298 §2.2] MUST-18: the first sample R: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR', () => {
    const rtt = new RoundTrip()
    rtt.sample(400 * MILLISECOND)
    expect(rtt.smoothed).toBe(400 * MILLISECOND)
    expect(rtt.variation).toBe(200 * MILLISECOND)
    expect(rtt.timeout).toBe(1200 * MILLISECOND)
  })

  test('[RFC6298 §2.3] further samples: beta 1/4, alpha 1/8', () => {
    const rtt = new RoundTrip()
    rtt.sample(400 * MILLISECOND)
    rtt.sample(480 * MILLISECOND)
    expect(rtt.variation).toBe(170 * MILLISECOND)
    expect(rtt.smoothed).toBe(410 * MILLISECOND)
    expect(rtt.timeout).toBe(1090 * MILLISECOND)
  })

  test('[RFC6298 §2.4 §4] the floor is Linux’s: 200 ms above the RTT', () => {
    const rtt = new RoundTrip()
    for (let i = 0; i < 100; i++) rtt.sample(10 * MILLISECOND)
    expect(rtt.timeout).toBe(210 * MILLISECOND)
  })

  test('[RFC6298 §5.5] back-off doubles, up to 120 s', () => {
    const rtt = new RoundTrip()
    rtt.backoff = 3
    expect(rtt.timeout).toBe(8 * SECOND)
    rtt.backoff = 30
    expect(rtt.timeout).toBe(120 * SECOND)
  })

  test('[RFC6298 §3] every acknowledgement is a sample; what was sent again is not', () => {
    const peer = measured(100)
    peer.writes(100)
    peer.expects('P. 1:101(100) ack 1')
    peer.advance(30 * MILLISECOND)
    peer.sends('. 1:1(0) ack 101')
    expect(peer.c.rtt.latest).toBe(30 * MILLISECOND)
    peer.writes(100)
    peer.advance(1 * SECOND)
    expect(peer.takes().length).toBeGreaterThan(1)
    peer.sends('. 1:1(0) ack 201')
    expect(peer.c.rtt.latest).toBe(30 * MILLISECOND)
  })

  test('[RFC6298 §5.1 §5.2] the timer runs while something is outstanding', () => {
    const peer = measured(100)
    peer.writes(100)
    peer.expects('P. 1:101(100) ack 1')
    peer.sends('. 1:1(0) ack 101')
    peer.advance(100 * SECOND)
    peer.expectsNothing()
    expect(peer.tcp.timers.anyArmed(peer.c.id)).toBe(false)
  })

  test('[RFC6298 §5.3] an ACK of new data restarts the timer', () => {
    const peer = measured(100)
    peer.writes(100)
    peer.advance(100 * MILLISECOND)
    peer.c.settings.noDelay = true
    peer.writes(100)
    peer.takes()
    peer.advance(150 * MILLISECOND)
    peer.sends('. 1:1(0) ack 101')
    const acknowledged = peer.elapsed
    peer.advance(2 * SECOND)
    expect(peer.takesTimes()[0]).toBe(acknowledged + peer.c.rtt.base)
  })

  test('[RFC6298 §5.4 §5.5 §5.6] MUST-19: time-outs double: 0.3, 0.9, 2.1 … s after the segment', () => {
    const peer = measured(100)
    peer.writes(100)
    peer.expects('P. 1:101(100) ack 1')
    peer.advance(20 * SECOND)
    expect(seconds(peer.takesTimes())).toEqual([0.3, 0.9, 2.1, 4.5, 9.3, 18.9])
    expect(peer.counters.TCPTimeouts).toBe(6)
    expect(peer.counters.RetransSegs).toBe(6)
  })

  test('[RFC4022 §4] OutSegs leaves out what carries nothing new, RetransSegs counts it segment by segment', () => {
    const peer = measured(100, { offload: true })
    const before = peer.counters.OutSegs
    peer.writes(4 * 1460)
    peer.takes()
    expect(peer.counters.OutSegs - before).toBe(4)
    peer.sends('. 1:1(0) ack 101')
    peer.advance(SECOND)
    expect(peer.counters.OutSegs - before).toBe(4)
    expect(peer.counters.RetransSegs).toBeGreaterThan(0)
    const opening = synSent()
    opening.advance(1.5 * SECOND)
    expect(opening.counters).toMatchObject({ OutSegs: 1, RetransSegs: 1 })
  })

  test('[RFC6298 §3] MUST-18, Karn: after a retransmission the back-off stays until something new is timed', () => {
    const peer = measured(100)
    peer.writes(100)
    peer.advance(1 * SECOND)
    peer.takes()
    peer.sends('. 1:1(0) ack 101')
    expect(peer.c.rtt.backoff).toBe(2)
    expect(peer.c.rtt.smoothed).toBe(100 * MILLISECOND)
    peer.writes(100)
    peer.expects('P. 101:201(100) ack 1')
    peer.advance(50 * MILLISECOND)
    peer.sends('. 1:1(0) ack 201')
    expect(peer.c.rtt.backoff).toBe(0)
  })

  test('[RFC7323 §4.2] with timestamps a retransmission gives a sample', () => {
    const peer = connected({ options: 'mss 1460,sackOK,TS val 100 ecr 1000' })
    peer.writes(100)
    peer.takes()
    peer.advance(1.2 * SECOND)
    const [first] = peer.outbox
    expect(first).toBeDefined()
    peer.expects('P. 1:101(100) ack 1')
    const sentAt = peer.started + first!.at
    peer.advance(30 * MILLISECOND)
    peer.sends('. 1:1(0) ack 101')
    expect(peer.c.rtt.latest).toBe(Math.floor(peer.now / 1000) * 1000 - Math.floor(sentAt / 1000) * 1000)
  })

  test('[RFC7323 §4.2] an echo of a timestamp that we never sent gives none', () => {
    const peer = connected({ options: 'mss 1460,sackOK,TS val 100 ecr 1000' })
    peer.writes(100)
    peer.advance(1 * SECOND)
    peer.takes()
    const { latest } = peer.c.rtt
    peer.sends('. 1:1(0) ack 101 <nop,nop,TS val 5000 ecr 9000000>')
    expect(peer.c.rtt.latest).toBe(latest)
  })

  test('[RFC9293 §3.8.1] the segment sent again carries what belongs there, and the newest ACK', () => {
    const peer = measured(100)
    peer.writes(3000)
    peer.takes()
    peer.sends('P. 1:11(10) ack 1461')
    peer.expects('. 3001:3001(0) ack 11')
    peer.advance(0.5 * SECOND)
    peer.expects('. 1461:2921(1460) ack 11')
    peer.sends('. 11:11(0) ack 2921')
    peer.expects('P. 2921:3001(80) ack 11')
  })

  test('[RFC9293 §3.8.1] data and FIN are sent again together', () => {
    const peer = measured(100)
    peer.writes(100)
    peer.closes()
    peer.expects('FP. 1:101(100) ack 1')
    peer.advance(0.3 * SECOND)
    peer.expects('FP. 1:101(100) ack 1')
    peer.sends('. 1:1(0) ack 101')
    peer.advance(1 * SECOND)
    peer.expects('F. 101:101(0) ack 1')
    peer.sends('. 1:1(0) ack 102')
    peer.state('FIN-WAIT-2')
  })

  test('[RFC9293 §3.4] sequence numbers that wrap between segments sent again', () => {
    for (const iss of [0x7fff_fffe, 0xffff_fffe, -1000, 0x7fff_ffff - 1460]) {
      const peer = measured(100, { iss })
      peer.writes(4000)
      expect(peer.takes()).toHaveLength(3)
      peer.advance(0.3 * SECOND)
      peer.expects('. 1:1461(1460) ack 1')
      peer.sends('. 1:1(0) ack 1461')
      peer.expects('. 1461:2921(1460) ack 1')
      peer.expects('P. 2921:4001(1080) ack 1')
    }
  })
})

describe('giving up', () => {
  test('[RFC9293 §3.8.3] MUST-20, SHLD-11: R2 is tcp_retries2, 924.6 s after the first time-out', () => {
    expect(backoffTime(15)).toBe(924.6 * SECOND)
    const peer = measured(0.001)
    peer.writes(100)
    peer.takes()
    peer.advance(924.6 * SECOND)
    expect(peer.c.state).toBe('ESTABLISHED')
    expect(peer.takes().length).toBe(15)
    peer.advance(121 * SECOND)
    expect(peer.c.state).toBe('CLOSED')
    expect(peer.c.closeReason).toBe('timeout')
    expect(peer.takes().filter((line) => line.startsWith('R'))).toEqual([])
    expect(peer.counters.TCPAbortOnTimeout).toBe(1)
  })

  test('[RFC9293 §3.8.3] MUST-21: tcp_retries2', () => {
    const peer = measured(0.001, { sysctl: { tcp_retries2: 3 } })
    peer.writes(100)
    peer.advance(10 * SECOND)
    expect(peer.c.closeReason).toBe('timeout')
    expect(peer.takes()).toHaveLength(1 + 4)
  })

  test('[RFC5482 §2] MUST-21: the user’s own time-out', () => {
    const peer = measured(100, { settings: { userTimeout: 5 * SECOND } })
    peer.writes(100)
    peer.takes()
    peer.at(5.2 * SECOND)
    expect(peer.c.state).toBe('ESTABLISHED')
    peer.at(5.31 * SECOND)
    expect(peer.c.closeReason).toBe('timeout')
    expect(seconds(peer.takesTimes())).toEqual([0.3, 0.9, 2.1, 4.5])
  })

  test('[RFC5482 §2] the user’s own time-out for a SYN', () => {
    const peer = synSent({ settings: { userTimeout: 3.5 * SECOND } })
    peer.advance(3.4 * SECOND)
    peer.state('SYN-SENT')
    peer.advance(0.2 * SECOND)
    peer.state('CLOSED')
    expect(peer.c.closeReason).toBe('timeout')
  })

  test('[RFC1122 §4.2.3.9] a soft error seen meanwhile is the reason', () => {
    const peer = measured(0.001, { sysctl: { tcp_retries2: 3 } })
    peer.writes(100)
    peer.expects('P. 1:101(100) ack 1')
    peer.tcp.icmpError(
      {
        type: 3,
        code: 1,
        mtu: 0,
        source: OUR_ADDRESS,
        destination: PEER_ADDRESS,
        sourcePort: OUR_PORT,
        destinationPort: PEER_PORT,
        seq: add(peer.iss, 1),
      },
      peer.now,
    )
    peer.advance(10 * SECOND)
    expect(peer.c.closeReason).toBe('host-unreachable')
  })

  test('[RFC9293 §3.8.3] an orphan is given up sooner: tcp_orphan_retries, 8 when 0', () => {
    const peer = measured(0.001)
    peer.writes(100)
    peer.releases()
    peer.advance(102.2 * SECOND)
    expect(peer.c.state).toBe('FIN-WAIT-1')
    peer.advance(103 * SECOND)
    expect(peer.c.state).toBe('CLOSED')
    expect(peer.tcp.orphanCount).toBe(0)
  })
})

describe('SYN', () => {
  test('[RFC9293 §3.8.3] MUST-22: sent again after 1, 2, 3, 4, 5, 7, 11, 19, 35 and 67 s, given up after 131 s', () => {
    const peer = synSent()
    peer.at(131 * SECOND - 1)
    expect(seconds(peer.takesTimes())).toEqual([1, 2, 3, 4, 5, 7, 11, 19, 35, 67])
    peer.state('SYN-SENT')
    peer.at(131 * SECOND)
    peer.expectsNothing()
    peer.state('CLOSED')
    expect(peer.c.closeReason).toBe('timeout')
    expect(peer.counters.TCPSynRetrans).toBe(10)
    expect(peer.counters.TCPAbortOnTimeout).toBe(1)
    expect(peer.tcp.nextDeadline()).toBe(Number.POSITIVE_INFINITY)
  })

  test('TCP_SYNCNT', () => {
    const peer = synSent({ settings: { synRetries: 0 }, sysctl: { tcp_syn_linear_timeouts: 0 } })
    peer.at(1 * SECOND)
    peer.expectsNothing()
    peer.state('CLOSED')
  })

  test('[RFC9293 §3.8.3] the SYN-ACK of an active open is sent again', () => {
    const peer = synCrossed()
    peer.at(3.5 * SECOND)
    expect(peer.takes().map((line) => line.slice(0, 19))).toEqual(Array(3).fill('S. 0:0(0) ack 1 win'))
  })

  test('[RFC6298 §5.7] a lost SYN: the first time-out is 3 s; [RFC5681 §3.1] and the window one segment', () => {
    const peer = synSent()
    peer.advance(1.5 * SECOND)
    peer.expects('S 0:0(0)')
    peer.sends('S. 0:0(0) ack 1 <mss 1460>')
    peer.expects('. 1:1(0) ack 1')
    expect(peer.c.rtt.timeout).toBe(3 * SECOND)
    expect(peer.c.congestion.window).toBe(1460)
  })

  test('[RFC6298 §2] the handshake gives the first sample, and RFC 6928 the window', () => {
    const peer = synSent()
    peer.advance(0.1 * SECOND)
    peer.sends('S. 0:0(0) ack 1 <mss 1460>')
    peer.expects('. 1:1(0) ack 1')
    expect(peer.c.rtt.smoothed).toBe(0.1 * SECOND)
    expect(peer.c.congestion.window).toBe(14600)
  })
})

test('[RFC9293 §3.8.6] SHLD-17: a peer that shut its window and still answers is not given up', () => {
  const peer = established({ sysctl: { tcp_retries2: 3 } })
  peer.writes(100)
  peer.expects('P. 1:101(100) ack 1')
  peer.sends('. 1:1(0) ack 1 win 0')
  for (let i = 0; i < 100; i++) {
    peer.advance(10 * SECOND)
    peer.takes()
    peer.sends('. 1:1(0) ack 1 win 0')
  }
  peer.state('ESTABLISHED')
  peer.advance(1000 * SECOND)
  expect(peer.c.closeReason).toBe('timeout')
})
