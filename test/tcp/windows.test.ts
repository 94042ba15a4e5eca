import { describe, expect, test } from 'vitest'
import { MILLISECOND, MINUTE, SECOND } from '../../src/base/time.ts'
import type { Peer } from '../support/peer.ts'
import { connected, established } from '../support/peers.ts'

describe('receiving', () => {
  test('[RFC9293 §3.8.6.2.2] MUST-39: the edge moves on only by a full segment or half the buffer', () => {
    const peer = established({ settings: { receiveBuffer: 8192 } })
    peer.sends('. 1:8193(8192) ack 1')
    peer.expects('. 1:1(0) ack 8193 win 0')
    expect(peer.reads(1000)).toBe(1000)
    peer.expectsNothing()
    peer.sends('. 8192:8192(0) ack 1')
    peer.expects('. 1:1(0) ack 8193 win 0')
    peer.reads(460)
    peer.expects('. 1:1(0) ack 8193 win 1460')
  })

  test('[RFC9293 §3.8.6.2.2] half the buffer, when that is less than a segment', () => {
    const peer = established({ settings: { receiveBuffer: 2000 } })
    peer.sends('. 1:2001(2000) ack 1')
    peer.expects('. 1:1(0) ack 2001 win 0')
    peer.reads(999)
    peer.expectsNothing()
    peer.reads(1)
    peer.expects('. 1:1(0) ack 2001 win 1000')
  })

  test('[RFC7323 §2.3] a buffer smaller than a unit of the window field is offered as one unit', () => {
    const peer = established({
      options: 'mss 1460,nop,wscale 7',
      settings: { receiveBuffer: 8192 },
      sysctl: { tcp_rmem: [4096, 131072, 1 << 30] },
    })
    peer.sends('. 1:8193(8192) ack 1')
    peer.expects('. 1:1(0) ack 8193 win 0')
    peer.reads(1000)
    peer.expectsNothing()
    peer.reads(460)
    peer.expects('. 1:1(0) ack 8193 win 1')
    peer.sends('P. 8193:9653(1460) ack 1')
    peer.advance(200 * MILLISECOND)
    peer.expects('. 1:1(0) ack 9653 win 0')
    peer.reads()
    peer.expects('. 1:1(0) ack 9653 win 1')
  })

  test('[RFC9293 §3.8.6, RFC7323 §2.4] SHLD-14: the right edge never moves back, though the buffer shrinks', () => {
    const peer = established({ settings: { receiveBuffer: 60000 } })
    peer.c.receive.limit = 10000
    peer.sends('. 1:1461(1460) ack 1')
    peer.expects('. 1:1(0) ack 1461 win 58540')
    peer.sends('. 1461:59001(57540) ack 1')
    expect(peer.reads()).toBe(59000)
  })

  test('a window that doubles by reading is told; less waits for something to say', () => {
    const peer = established({ settings: { receiveBuffer: 20000 } })
    peer.sends('. 1:12001(12000) ack 1')
    peer.expects('. 1:1(0) ack 12001 win 8000')
    peer.reads(7000)
    peer.expectsNothing()
    peer.reads(1000)
    peer.expects('. 1:1(0) ack 12001 win 16000')
    peer.reads()
    peer.expectsNothing()
  })

  test('[RFC7323 §2.3 §2.4] the window is told in the unit that was agreed on', () => {
    const peer = established({ options: 'mss 1460,nop,wscale 7' })
    peer.sends('P. 1:101(100) ack 1')
    peer.expects('. 1:1(0) ack 101 win 1023')
    peer.reads()
    peer.sends('P. 101:201(100) ack 1')
    peer.expects('. 1:1(0) ack 201')
  })
})

describe('sending', () => {
  test('[RFC9293 §3.8.6] no more than the window', () => {
    const peer = established({ win: 3000 })
    peer.writes(10_000)
    peer.expects('. 1:1461(1460)')
    peer.expects('P. 1461:2921(1460)')
    peer.expectsNothing()
    peer.sends('. 1:1(0) ack 2921 win 3000')
    peer.expects('. 2921:4381(1460)')
  })

  test('[RFC7323 §2.2] the peer’s window is scaled', () => {
    const peer = established({ options: 'mss 1460,nop,wscale 3', win: 1000 })
    peer.sends('. 1:1(0) ack 1 win 1000')
    expect(peer.c.send.wnd).toBe(8000)
    peer.writes(20_000)
    expect(peer.takes()).toHaveLength(5)
  })

  test('[RFC9293 §3.8.6.2.1] MUST-38: a sliver of the window is not used', () => {
    const peer = established({ win: 4000 })
    peer.writes(10_000)
    expect(peer.takes()).toHaveLength(2)
    peer.sends('. 1:1(0) ack 1461 win 2600')
    // 1140 bytes are usable: less than a segment, less than half the largest window.
    peer.expectsNothing()
    peer.sends('. 1:1(0) ack 2921 win 2600')
    peer.expects('. 2921:4381(1460)')
  })

  test('[RFC9293 §3.8.6.2.1] half the largest window is enough', () => {
    const peer = established({ win: 2000 })
    peer.writes(10_000)
    peer.expects('P. 1:1461(1460)')
    peer.expectsNothing()
    peer.sends('. 1:1(0) ack 1461 win 1000')
    peer.expects('. 1461:2461(1000)')
  })

  test('[RFC9293 §3.8.6.2.1] and a sliver all the same when the override timer says so', () => {
    const peer = established({ win: 4000 })
    peer.writes(10_000)
    peer.takes()
    peer.sends('. 1:1(0) ack 2921 win 300')
    peer.expectsNothing()
    peer.advance(SECOND)
    expect(peer.takes()[0]).toMatch(/^P?\. 2921:3221\(300\)/)
    expect(peer.counters.TCPWinProbe).toBe(0)
  })

  test('[RFC9293 §3.8.6] MUST-34, SHLD-15: into a window that was shrunk nothing new goes', () => {
    const peer = established({ win: 10_000 })
    peer.writes(20_000)
    expect(peer.takes()).toHaveLength(6)
    peer.sends('. 1:1(0) ack 1461 win 2000')
    expect(peer.c.send.usable).toBeLessThan(0)
    peer.expectsNothing()
    peer.sends('. 1:1(0) ack 8761 win 2000')
    peer.expects('. 8761:10221(1460)')
  })

  test('[RFC9293 §3.8.6] SHLD-16: what lies in the shrunken window is sent again, what lies beyond is not', () => {
    const peer = established({ win: 10_000 })
    peer.writes(20_000)
    peer.takes()
    peer.sends('. 1:1(0) ack 1 win 2000')
    peer.advance(0.25 * SECOND)
    peer.expects('. 1:1461(1460)')
    peer.sends('. 1:1(0) ack 1461 win 1000')
    peer.expects('. 1461:2921(1460)')
    peer.expectsNothing()
  })

  test('[RFC9293 §3.8.6] an ACK of ours from beyond a shrunken window is numbered within it', () => {
    const peer = established({ win: 10_000 })
    peer.writes(10_000)
    peer.takes()
    peer.sends('P. 1:11(10) ack 1 win 2000')
    peer.expects('. 2001:2001(0) ack 11')
  })

  test('[RFC9293 §3.10.7.4] an old segment does not set the window: SND.WL1, SND.WL2', () => {
    const peer = established()
    peer.sends('P. 1:11(10) ack 1 win 5000')
    expect(peer.c.send.wnd).toBe(5000)
    peer.sends('P. 1:11(10) ack 1 win 100')
    expect(peer.c.send.wnd).toBe(5000)
    peer.sends('. 11:11(0) ack 1 win 200')
    expect(peer.c.send.wnd).toBe(200)
  })

  test('[RFC9293 §3.10.7.4] SND.WL1 follows: what comes later in sequence sets it, whatever it acknowledges', () => {
    const peer = established()
    peer.writes(100)
    peer.takes()
    peer.sends('. 1:1(0) ack 101 win 5000')
    peer.sends('P. 1:11(10) ack 101 win 6000')
    peer.sends('P. 11:21(10) ack 101 win 7000')
    expect(peer.c.send.wnd).toBe(7000)
    // The first of these two was overtaken by the second.
    peer.sends('P. 31:41(10) ack 101 win 9000', 'P. 21:31(10) ack 101 win 8000')
    expect(peer.c.send.wnd).toBe(9000)
  })

  test('[RFC9293 §3.10.7.4] a new acknowledgment sets the window, though data from beyond its segment has come', () => {
    const peer = established({ win: 1000, settings: { noDelay: true } })
    peer.writes(2000)
    peer.expects('P. 1:1001(1000)')
    // The second of these two fills the gap that the first has shown.
    peer.sends('. 101:201(100) ack 1 win 1000', '. 1:101(100) ack 1001 win 600')
    expect(peer.c.send.wnd).toBe(600)
    peer.expects('. 1001:1001(0) ack 201')
    peer.expects('P. 1001:1601(600) ack 201')
  })

  test('[RFC9293 §3.1] MUST-1: a window of 65535 is unsigned', () => {
    const peer = established({ options: 'mss 1460,nop,wscale 14' })
    peer.sends('. 1:1(0) ack 1 win 65535')
    expect(peer.c.send.wnd).toBe(65535 * 2 ** 14)
    peer.writes(1000)
    peer.expects('P. 1:1001(1000)')
  })
})

/** The window is shut, and 5,000 bytes wait. */
function shut(options = {}): Peer {
  const peer = connected({ win: 2920, ...options })
  peer.writes(7920)
  expect(peer.takes()).toHaveLength(2)
  peer.sends('. 1:1(0) ack 2921 win 0')
  peer.expectsNothing()
  return peer
}

describe('zero window', () => {
  test('[RFC9293 §3.8.6.1] MUST-36, SHLD-29, SHLD-30: probed after an RTO, then at doubling intervals', () => {
    const peer = shut()
    expect(peer.c.rtt.timeout).toBeLessThan(0.21 * SECOND)
    peer.advance(3.2 * SECOND)
    const times = peer.outbox.map((sent) => Math.round(sent.at / MILLISECOND))
    expect(times).toEqual([200, 600, 1400, 3000])
    expect(new Set(peer.takes().map((line) => line.slice(0, 17)))).toEqual(new Set(['. 2920:2920(0) ac']))
    expect(peer.counters.TCPWinProbe).toBe(4)
  })

  test('[RFC9293 §3.8.6.1] MUST-37: for ever, while the peer answers', () => {
    const peer = shut()
    const end = peer.now + 24 * 60 * MINUTE
    let probes = 0
    while (peer.now < end) {
      peer.advance(peer.tcp.nextDeadline() - peer.now)
      if (peer.takes().length === 0) continue
      probes++
      peer.sends('. 1:1(0) ack 2921 win 0')
    }
    expect(probes).toBeGreaterThan(700)
    peer.state('ESTABLISHED')
    peer.sends('. 1:1(0) ack 2921 win 65535')
    peer.expects('. 2921:4381(1460)')
  })

  test('[RFC9293 §3.8.3] given up when nobody answers tcp_retries2 probes', () => {
    const peer = shut()
    peer.advance(60 * MINUTE)
    expect(peer.c.closeReason).toBe('timeout')
    expect(peer.takes()).toHaveLength(15)
    expect(peer.tcp.nextDeadline()).toBe(Number.POSITIVE_INFINITY)
  })

  test('[RFC5482 §2] the user’s time-out ends it though the peer answers, as on Linux', () => {
    const peer = shut({ settings: { userTimeout: 3 * SECOND } })
    for (let i = 0; i < 100 && peer.c.state !== 'CLOSED'; i++) {
      peer.advance(0.1 * SECOND)
      if (peer.takes().length > 0) peer.sends('. 1:1(0) ack 2921 win 0')
    }
    expect(peer.c.closeReason).toBe('timeout')
    expect(peer.elapsed).toBeLessThan(3.6 * SECOND)
  })

  test('an orphan probes until its back-off is at its end', () => {
    const peer = shut()
    peer.releases()
    for (let i = 0; i < 10_000 && peer.c.state !== 'CLOSED'; i++) {
      peer.advance(SECOND)
      if (peer.takes().length > 0) peer.sends('. 1:1(0) ack 2921 win 0')
    }
    expect(peer.c.closeReason).toBe('timeout')
    expect(peer.elapsed).toBeLessThan(15 * MINUTE)
    expect(peer.arena.used).toBe(peer.idle)
  })

  test('[RFC9293 §3.8.6.1] an update opens it at once', () => {
    const peer = shut()
    peer.advance(10 * SECOND)
    peer.takes()
    peer.sends('. 1:1(0) ack 2921 win 65535')
    peer.expects('. 2921:4381(1460)')
    peer.expects('. 4381:5841(1460)')
    peer.expects('P. 5841:7301(1460)')
    peer.expects('P. 7301:7921(620)')
    expect(peer.c.rtt.backoff).toBe(0)
  })

  test('[RFC9293 §3.8.6] a FIN is not held back by a window', () => {
    const peer = connected({ win: 2920 })
    peer.writes(2920)
    peer.takes()
    peer.sends('. 1:1(0) ack 2921 win 0')
    peer.closes()
    peer.expects('F. 2921:2921(0) ack 1')
  })

  test('[RFC9293 §3.8.6.1] as a receiver: probes are answered, one octet is refused', () => {
    const peer = established({ settings: { receiveBuffer: 4096 } })
    peer.sends('P. 1:4097(4096) ack 1')
    peer.expects('. 1:1(0) ack 4097 win 0')
    peer.sends('. 4097:4098(1) ack 1')
    peer.expects('. 1:1(0) ack 4097 win 0')
    peer.sends('. 4096:4096(0) ack 1')
    peer.expects('. 1:1(0) ack 4097 win 0')
    expect(peer.reads()).toBe(4096)
    peer.expects('. 1:1(0) ack 4097 win 4096')
  })

  test('[RFC9293 §3.8.6] a FIN at the edge of a full buffer is taken', () => {
    const peer = established({ settings: { receiveBuffer: 4096 } })
    peer.sends('P. 1:4097(4096) ack 1')
    peer.expects('. 1:1(0) ack 4097 win 0')
    peer.sends('F. 4097:4097(0) ack 1')
    peer.expects('. 1:1(0) ack 4098 win 0')
    peer.state('CLOSE-WAIT')
    expect(peer.reads()).toBe(4096)
  })
})
