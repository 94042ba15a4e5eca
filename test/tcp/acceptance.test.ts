import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import {
  closed,
  closeWait,
  closing,
  connected,
  established,
  finWait1,
  finWait2,
  lastAck,
  synSent,
} from '../support/peers.ts'

describe('SYN-SENT', () => {
  test('[RFC9293 §3.10.7.3] first: an ACK that is not of our SYN is reset, a reset with one ignored', () => {
    for (const ack of [0, 2, -5, 5000]) {
      const peer = synSent()
      peer.sends(`. 1:1(0) ack ${ack}`)
      peer.expects(`R ${ack}:${ack}(0)`)
      peer.sends(`S. 0:0(0) ack ${ack}`)
      peer.expects(`R ${ack}:${ack}(0)`)
      peer.sends(`R. 0:0(0) ack ${ack}`)
      peer.expectsNothing()
      peer.state('SYN-SENT')
    }
  })

  test('[RFC9293 §3.10.7.3] second: a reset that acknowledges our SYN refuses', () => {
    const peer = synSent()
    peer.sends('R. 0:0(0) ack 1')
    peer.expectsNothing()
    peer.state('CLOSED')
    expect(peer.c.closeReason).toBe('refused')
    expect(peer.counters.AttemptFails).toBe(1)
  })

  test('[RFC5961 §3.2] a reset without ACK is ignored', () => {
    const peer = synSent()
    peer.sends('R 0:0(0)')
    peer.state('SYN-SENT')
  })

  test('[RFC9293 §3.10.7.3] fifth: without SYN and RST it is dropped', () => {
    const peer = synSent()
    peer.sends('. 1:1(0) ack 1', 'P. 1:11(10) ack 1', '- 1:1(0)')
    peer.expectsNothing()
    peer.state('SYN-SENT')
  })

  test('[RFC9293 §3.10.7.3] text and FIN in the SYN-ACK are taken', () => {
    const peer = synSent()
    peer.sends('S. 0:10(10) ack 1 <mss 1460>')
    peer.expects('. 1:1(0) ack 11')
    expect(peer.reads()).toBe(10)
    const other = synSent()
    other.sends('SF. 0:10(10) ack 1 <mss 1460>')
    other.expects('. 1:1(0) ack 12')
    other.state('CLOSE-WAIT')
    expect(other.reads()).toBe(10)
  })
})

describe('first: the sequence number', () => {
  // RCV.NXT is 1 and the window 65535: the last octet within it is 65535, and 65536 is the right edge.
  test.each([
    ['an empty segment before the window', '. 0:0(0) ack 1', 'refused'],
    ['an empty segment at RCV.NXT', '. 1:1(0) ack 1', 'taken'],
    ['an empty segment at the right edge', '. 65536:65536(0) ack 1', 'taken'],
    ['an empty segment beyond it', '. 65537:65537(0) ack 1', 'refused'],
    ['text before the window', '. -99:1(100) ack 1', 'refused'],
    ['text that reaches into the window', '. -99:2(101) ack 1', 'taken'],
    ['text at the last octet', '. 65535:65536(1) ack 1', 'taken'],
    ['text at the right edge', '. 65536:65537(1) ack 1', 'refused'],
    ['text far away', '. -1000000:-999900(100) ack 1', 'refused'],
  ])('[RFC9293 §3.10.7.4 table 6] %s', (_name, line, verdict) => {
    // The receive buffer holds 131,072: keep the window at what the SYN offered.
    const peer = established({ settings: { receiveBuffer: 65535 } })
    let accepted = 0
    peer.c.acks.oweChallenge = () => accepted--
    peer.c.acks.oweDuplicate = () => accepted--
    const before = peer.c.heardAt
    peer.advance(SECOND)
    peer.sends(line)
    expect(peer.c.heardAt === before ? 'refused' : 'taken').toBe(verdict)
  })

  test('[RFC9293 §3.10.7.4] what is refused is answered with an ACK: text each time, empty ones limited', () => {
    const peer = established()
    for (let i = 0; i < 3; i++) {
      peer.sends('. -99:1(100) ack 1')
      peer.expects('. 1:1(0) ack 1')
    }
    peer.sends('. 0:0(0) ack 1')
    peer.expects('. 1:1(0) ack 1')
    peer.sends('. 0:0(0) ack 1')
    peer.expectsNothing()
    expect(peer.counters.TCPACKSkippedSeq).toBe(1)
    expect(peer.counters.TCPChallengeACK).toBe(0)
    peer.advance(500 * MILLISECOND)
    peer.sends('. 0:0(0) ack 1')
    peer.expects('. 1:1(0) ack 1')
  })

  test('[RFC9293 §3.10.7.4] a refused reset is dropped', () => {
    const peer = established()
    peer.sends('R 0:0(0)', 'R 300000:300000(0)', 'R. 300000:300000(0) ack 1')
    peer.expectsNothing()
    peer.state('ESTABLISHED')
    expect(peer.counters.TCPDropOutOfWindowRst).toBe(3)
  })

  test('[RFC9293 §3.4] MUST-66: with a zero window ACK, RST and URG count', () => {
    const make = () => {
      const peer = established({ settings: { receiveBuffer: 4096 } })
      peer.sends('P. 1:4097(4096) ack 1')
      peer.expects('. 1:1(0) ack 4097 win 0')
      return peer
    }
    const peer = make()
    peer.writes(100)
    peer.expects('P. 1:101(100) ack 4097')
    peer.sends('. 4097:4097(0) ack 101')
    expect(peer.c.send.una).toBe(peer.c.send.nxt)
    peer.sends('U. 4097:4098(1) ack 101 urg 1')
    expect(peer.c.receive.isUrgent).toBe(true)
    peer.expects('. 101:101(0) ack 4097 win 0')
    const reset = make()
    reset.sends('R 4097:4097(0)')
    expect(reset.c.closeReason).toBe('reset')
  })
})

describe('second: resets', () => {
  const synchronized = [
    ['ESTABLISHED', established, 1, 1],
    ['FIN-WAIT-1', finWait1, 1, 2],
    ['FIN-WAIT-2', finWait2, 1, 2],
    ['CLOSE-WAIT', closeWait, 2, 1],
    ['CLOSING', closing, 2, 2],
    ['LAST-ACK', lastAck, 2, 2],
  ] as const

  test.each(synchronized)(
    '[RFC5961 §3.2] in %s one in the window but not at RCV.NXT is challenged',
    (...of) => {
      const [name, make, receiveNext, sendNext] = of
      const peer = make()
      peer.sends(`R ${receiveNext + 1}:${receiveNext + 1}(0)`)
      peer.expects(`. ${sendNext}:${sendNext}(0) ack ${receiveNext}`)
      peer.state(name)
      expect(peer.counters.TCPChallengeACK).toBe(1)
    },
  )

  test.each(synchronized)('[RFC5961 §4.2] in %s a SYN is challenged, in the window or not', (...of) => {
    const [name, make, receiveNext, sendNext] = of
    for (const seq of [0, receiveNext, receiveNext + 100, 500_000]) {
      const peer = make()
      peer.sends(`S ${seq}:${seq}(0)`)
      peer.expects(`. ${sendNext}:${sendNext}(0) ack ${receiveNext}`)
      peer.state(name)
      expect(peer.counters.TCPSYNChallenge).toBe(1)
    }
  })

  test('[RFC5961 §3.2] the peer that answers a challenge with a reset at RCV.NXT ends the connection', () => {
    const peer = established()
    peer.sends('R 100:100(0)')
    peer.expects('. 1:1(0) ack 1')
    peer.sends('R 1:1(0)')
    expect(peer.c.closeReason).toBe('reset')
  })

  test('[RFC5961 §3.2] a repeated SYN-ACK draws our ACK', () => {
    const peer = connected()
    peer.sends('S. 0:0(0) ack 1')
    peer.expects('. 1:1(0) ack 1')
    peer.state('ESTABLISHED')
  })

  test('[RFC9293 §3.5.3] SHLD-2: a reset may carry text', () => {
    const peer = established()
    peer.sends('R. 1:11(10) ack 1')
    expect(peer.c.closeReason).toBe('reset')
  })

  test('[RFC5961 §7] challenges are limited: a connection’s by tcp_invalid_ratelimit', () => {
    const peer = established()
    peer.sends('R 100:100(0)')
    peer.sends('R 100:100(0)')
    expect(peer.takes()).toHaveLength(1)
    peer.advance(500 * MILLISECOND)
    peer.sends('R 100:100(0)')
    expect(peer.takes()).toHaveLength(1)
    expect(peer.counters.TCPACKSkippedChallenge).toBe(1)
  })

  test('[RFC5961 §7] challenges are limited: everybody’s by tcp_challenge_ack_limit', () => {
    const peer = established({ sysctl: { tcp_challenge_ack_limit: 10, tcp_invalid_ratelimit: 0 } })
    for (let i = 0; i < 50; i++) peer.sends('R 100:100(0)')
    const first = peer.takes().length
    expect(first).toBeGreaterThanOrEqual(5)
    expect(first).toBeLessThanOrEqual(15)
    peer.advance(SECOND)
    peer.sends('R 100:100(0)')
    expect(peer.takes()).toHaveLength(1)
  })
})

describe('fifth: the ACK field', () => {
  test('[RFC9293 §3.10.7.4] without ACK a segment is dropped', () => {
    const peer = established()
    peer.sends('P 1:11(10)', '- 1:1(0)', 'F 1:1(0)')
    peer.expectsNothing()
    peer.state('ESTABLISHED')
    expect(peer.counters.TCPDropNoAck).toBe(3)
  })

  test('[RFC9293 §3.10.7.4] an ACK of what was not sent is answered, and the segment dropped', () => {
    const peer = established()
    peer.sends('P. 1:11(10) ack 2')
    peer.expects('. 1:1(0) ack 1')
    expect(peer.reads()).toBe(0)
  })

  test('[RFC5961 §5.2] MAY-12: an ACK older than the largest window is challenged, and the segment dropped', () => {
    const peer = established({ win: 1000 })
    peer.sends('P. 1:11(10) ack -1000')
    peer.expects('. 1:1(0) ack 1')
    expect(peer.reads()).toBe(0)
  })

  test('[RFC9293 §3.10.7.4] an old ACK within it is ignored, and the segment’s text taken', () => {
    const peer = established({ win: 1000 })
    peer.sends('P. 1:11(10) ack -999')
    peer.expects('. 1:1(0) ack 11')
    expect(peer.reads()).toBe(10)
  })
})

describe('resets that we send', () => {
  test('[RFC9293 §3.6.1] SHLD-3, MAY-1: a close with unread data resets', () => {
    const peer = established()
    peer.sends('P. 1:11(10) ack 1')
    peer.expects('. 1:1(0) ack 11')
    peer.releases()
    peer.expects('R. 1:1(0) ack 11')
    expect(peer.counters.TCPAbortOnClose).toBe(1)
    expect(peer.arena.used).toBe(peer.idle)
  })

  test('[RFC9293 §3.6.1] SHLD-3: whatever the state', () => {
    const peer = established()
    peer.sends('FP. 1:11(10) ack 1')
    peer.expects('. 1:1(0) ack 12')
    peer.closes()
    peer.expects('F. 1:1(0) ack 12')
    peer.state('LAST-ACK')
    peer.releases()
    peer.expects('R. 2:2(0) ack 12')
    expect(peer.c.state).toBe('CLOSED')
  })

  test.each([
    ['FIN-WAIT-1', finWait1],
    ['FIN-WAIT-2', finWait2],
  ] as const)('[RFC9293 §3.6.1] SHLD-3: data after close resets: %s', (_name, make) => {
    const peer = make()
    peer.releases()
    peer.expectsNothing()
    peer.sends('P. 1:11(10) ack 2')
    peer.expects('R 2:2(0)')
    expect(peer.c.state).toBe('CLOSED')
    expect(peer.counters.TCPAbortOnData).toBe(1)
  })

  test('[RFC9293 §3.6.1] an old duplicate after close does not reset', () => {
    const peer = established()
    peer.sends('P. 1:11(10) ack 1')
    peer.expects('. 1:1(0) ack 11')
    peer.reads()
    peer.releases()
    peer.expects('F. 1:1(0) ack 11')
    peer.sends('P. 1:11(10) ack 2')
    peer.expects('. 2:2(0) ack 11')
    peer.state('FIN-WAIT-1')
  })

  test('a connection in TIME-WAIT, or none, resets nobody on release', () => {
    const peer = closed()
    peer.expectsNothing()
    const other = finWait2()
    other.sends('F. 1:1(0) ack 2')
    other.releases()
    other.expects('. 2:2(0) ack 2')
    other.expectsNothing()
  })
})
