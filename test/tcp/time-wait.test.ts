import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import * as calls from '../../src/tcp/calls.ts'
import { distance } from '../../src/wire/seq.ts'
import { OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT, Peer } from '../support/peer.ts'
import { closing, finWait1, finWait2, listening, timeWait } from '../support/peers.ts'

const withTimestamps = { options: 'mss 1460,sackOK,TS val 100 ecr 0' }

/** An open by us with a quiet time, 60 s later. */
function closedUntil(quietTime: number): Peer {
  const peer = new Peer({ quietTime })
  peer.tcp.connect(OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT, peer.settings, peer.now)
  peer.expectsNothing()
  peer.advance(60 * SECOND)
  return peer
}

/** Nobody listens any more. */
function deaf(peer: Peer): Peer {
  peer.tcp.unlisten(peer.listener!)
  return peer
}

describe('TIME-WAIT', () => {
  test('[RFC9293 §3.6.1] MUST-13: lasts 2 MSL, 60 s, and costs no connection', () => {
    const peer = deaf(timeWait())
    const entered = peer.now
    expect([...peer.tcp.connections()]).toEqual([])
    expect(peer.arena.used).toBe(peer.idle)
    peer.advance(60 * SECOND - 1)
    peer.state('TIME-WAIT')
    peer.advance(1)
    peer.state('CLOSED')
    expect(peer.now - entered).toBe(60 * SECOND)
    expect(peer.tcp.flows.size).toBe(0)
    expect(peer.counters.TW).toBe(1)
  })

  test('[RFC9293 §3.10.7.4] the peer’s FIN again is acknowledged, and 2 MSL begin anew', () => {
    const peer = deaf(timeWait())
    peer.advance(59 * SECOND)
    peer.sends('F. 1:1(0) ack 2')
    peer.expects('. 2:2(0) ack 2')
    peer.advance(60 * SECOND - 1)
    peer.expectsNothing()
    peer.state('TIME-WAIT')
    peer.advance(1)
    peer.state('CLOSED')
  })

  test('[RFC9293 §3.10.7.4] each repeated FIN is acknowledged, however many', () => {
    const peer = timeWait()
    for (let i = 0; i < 5; i++) {
      peer.sends('F. 1:1(0) ack 2')
      peer.expects('. 2:2(0) ack 2')
    }
  })

  test('[RFC9293 §3.10.7.4] from CLOSING too', () => {
    const peer = deaf(closing())
    peer.sends('. 2:2(0) ack 2')
    peer.state('TIME-WAIT')
    peer.sends('F. 1:1(0) ack 2')
    peer.expects('. 2:2(0) ack 2')
    peer.advance(60 * SECOND)
    peer.state('CLOSED')
  })

  test('[RFC9293 §3.10.7.4] a late ACK is silent', () => {
    const peer = timeWait()
    peer.sends('. 2:2(0) ack 2')
    peer.expectsNothing()
    peer.state('TIME-WAIT')
  })

  test('[RFC9293 §3.10.7.4] a reset at RCV.NXT ends it; with tcp_rfc1337 it is ignored', () => {
    const peer = deaf(timeWait())
    peer.sends('R 2:2(0)')
    peer.state('CLOSED')
    const careful = timeWait({ sysctl: { tcp_rfc1337: 1 } })
    careful.sends('R 2:2(0)')
    careful.expectsNothing()
    careful.state('TIME-WAIT')
  })

  test('[RFC5961 §3.2] a reset elsewhere in the window is challenged, outside of it ignored', () => {
    const peer = timeWait()
    peer.sends('R 3:3(0)')
    peer.expects('. 2:2(0) ack 2')
    peer.sends('R 70003:70003(0)', 'R 1:1(0)')
    peer.expectsNothing()
    peer.state('TIME-WAIT')
  })

  test('[RFC7323 §3.2] its ACKs carry timestamps', () => {
    const peer = timeWait(withTimestamps)
    peer.sends('F. 1:1(0) ack 2')
    expect(peer.expects('. 2:2(0) ack 2').segment.hasTimestamps).toBe(true)
    const plain = timeWait()
    plain.sends('F. 1:1(0) ack 2')
    plain.expects('. 2:2(0) ack 2 <>')
  })

  test('many of them: each is answered with its own numbers, and ends in its time', () => {
    const peer = listening({ backlog: 1000 })
    for (let port = 1; port <= 40; port++) {
      peer.sendsFrom(port, 'S 0:0(0)', '. 1:1(0) ack 1', `P. 1:${1 + port}(${port}) ack 1`)
      peer.connection = peer.listener!.accept()
      calls.receive(peer.c, new Uint8Array(64), 0, 64, true)
      peer.releases()
      peer.sendsFrom(port, `F. ${1 + port}:${1 + port}(0) ack 2`)
      peer.advance(SECOND)
    }
    peer.takes()
    expect(peer.tcp.timeWait.size).toBe(40)
    for (let port = 1; port <= 40; port++) {
      peer.sendsFrom(port, `. ${1 + port}:${2 + port}(1) ack 2`)
      peer.expects(`. 2:2(0) ack ${2 + port}`)
    }
    const seen: number[] = []
    peer.tcp.timeWait.forEach((_local, _remote, ports) => void seen.push(ports >>> 16))
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
    peer.advance(60 * SECOND)
    expect(peer.tcp.timeWait.size).toBe(0)
  })

  test('[RFC7323 §5.3] an old duplicate is acknowledged, but does not restart the wait', () => {
    const peer = deaf(timeWait(withTimestamps))
    peer.advance(30 * SECOND)
    peer.sends('P. 2:12(10) ack 2 <nop,nop,TS val 1 ecr 0>')
    peer.expects('. 2:2(0) ack 2')
    peer.advance(30 * SECOND)
    peer.state('CLOSED')
  })

  test('tcp_max_tw_buckets: beyond it the connection ends at once, its peer’s FIN acknowledged', () => {
    const peer = finWait2({ sysctl: { tcp_max_tw_buckets: 0 } })
    peer.sends('F. 1:1(0) ack 2')
    peer.expects('. 2:2(0) ack 2')
    deaf(peer).state('CLOSED')
    expect(peer.counters.TCPTimeWaitOverflow).toBe(1)
    expect(peer.tcp.flows.size).toBe(0)
  })
})

describe('reopening', () => {
  test('[RFC9293 §3.6.1] MAY-2: a SYN beyond RCV.NXT opens the pair anew, with an ISS beyond every old number', () => {
    const peer = timeWait()
    peer.sends('S 3:3(0) <mss 1460>')
    const { segment } = peer.expects(`S. ${2 + 0xffff + 2}:${2 + 0xffff + 2}(0) ack 4`)
    expect(distance(peer.iss, segment.seq)).toBeGreaterThan(2)
    peer.state('SYN-RECEIVED')
    expect(peer.tcp.timeWait.size).toBe(0)
    expect(peer.counters.TWRecycled).toBe(0)
  })

  test('[RFC9293 §3.6.1] MAY-2: an older SYN does not', () => {
    const peer = timeWait()
    peer.sends('S 1:1(0) <mss 1460>')
    peer.expects('. 2:2(0) ack 2')
    peer.state('TIME-WAIT')
  })

  test('[RFC6191 §2] SHLD-4: a SYN with a later timestamp does, whatever its number', () => {
    const peer = timeWait(withTimestamps)
    peer.sends('S -5000:-5000(0) <mss 1460,sackOK,TS val 90000 ecr 0>')
    expect(peer.takes()[0]).toMatch(/^S\. /)
    peer.state('SYN-RECEIVED')
  })

  test('[RFC6191 §2] a SYN with an older timestamp does not, though its number is new', () => {
    const peer = timeWait(withTimestamps)
    peer.sends('S 5000:5000(0) <mss 1460,sackOK,TS val 1 ecr 0>')
    peer.expects('. 2:2(0) ack 2')
    peer.state('TIME-WAIT')
  })

  test('[RFC9293 §3.6.1] MAY-2 needs a passive open: with nobody listening the wait goes on', () => {
    const peer = deaf(timeWait())
    peer.sends('S 3:3(0) <mss 1460>')
    peer.expects('. 2:2(0) ack 2')
    peer.state('TIME-WAIT')
  })

  test('[RFC9293 §3.6.1] a SYN that comes with ACK or FIN opens nothing', () => {
    const peer = timeWait()
    peer.sends('S. 3:3(0) ack 2')
    peer.expects('. 2:2(0) ack 2')
    peer.advance(0.5 * SECOND)
    peer.sends('SF 3:3(0)')
    peer.expects('. 2:2(0) ack 2')
    peer.state('TIME-WAIT')
  })
})

describe('answers in TIME-WAIT', () => {
  test('tcp_invalid_ratelimit: what may be an answer itself is answered only so often, by each for itself', () => {
    const peer = timeWait()
    peer.sends('. 1:1(0) ack 2', '. 1:1(0) ack 2', 'S 1:1(0)')
    peer.expects('. 2:2(0) ack 2')
    peer.expectsNothing()
    expect(peer.counters.TCPACKSkippedTimeWait).toBe(2)
    peer.advance(0.5 * SECOND)
    peer.sends('. 1:1(0) ack 2')
    peer.expects('. 2:2(0) ack 2')
  })

  test('[RFC7323 §4.3] TS.Recent follows what is acceptable', () => {
    const peer = timeWait(withTimestamps)
    peer.sends('. 2:2(0) ack 2 <nop,nop,TS val 90000 ecr 0>')
    peer.sends('. 1:1(0) ack 2 <nop,nop,TS val 89999 ecr 0>')
    expect(peer.counters.PAWSEstab).toBe(1)
  })
})

describe('FIN-WAIT-2 without a user', () => {
  /** Closed and let go of; our FIN is acknowledged. */
  function orphan(options = {}): Peer {
    const peer = deaf(finWait1(options))
    peer.releases()
    peer.sends('. 1:1(0) ack 2')
    peer.expectsNothing()
    return peer
  }

  test('is a row of the table of TIME-WAIT, and no orphan', () => {
    const peer = orphan()
    peer.state('FIN-WAIT-2')
    expect([...peer.tcp.connections()]).toEqual([])
    expect(peer.tcp.orphanCount).toBe(0)
    expect(peer.tcp.timeWait.size).toBe(1)
    expect(peer.arena.used).toBe(peer.idle)
  })

  test('[RFC9293 §3.10.7.4] eighth: the peer’s FIN is acknowledged, and begins TIME-WAIT', () => {
    const peer = orphan()
    peer.advance(50 * SECOND)
    peer.sends('F. 1:1(0) ack 2')
    peer.expects('. 2:2(0) ack 2')
    peer.state('TIME-WAIT')
    peer.advance(60 * SECOND - 1)
    peer.state('TIME-WAIT')
    peer.advance(1)
    peer.state('CLOSED')
  })

  test('[RFC9293 §3.6.1] SHLD-3: data that nobody will read is reset', () => {
    const peer = orphan()
    peer.sends('P. 1:11(10) ack 2')
    peer.expects('R 2:2(0)')
    peer.state('CLOSED')
    expect(peer.counters.TCPAbortOnData).toBe(1)
  })

  test('[RFC9293 §3.6.1] SHLD-3: also when it comes with the acknowledgement of our FIN', () => {
    const peer = deaf(finWait1())
    peer.releases()
    peer.sends('P. 1:11(10) ack 2')
    peer.expects('R 2:2(0)')
    peer.state('CLOSED')
  })

  test('[RFC5961 §3.2] a reset at RCV.NXT ends it, another in the window is challenged', () => {
    const peer = orphan()
    peer.sends('R 3:3(0)')
    peer.expects('. 2:2(0) ack 1')
    peer.state('FIN-WAIT-2')
    peer.sends('R 1:1(0)')
    peer.state('CLOSED')
  })

  test('[RFC5961 §4.2] a SYN is challenged, [§5.2] and so is an ACK of something else', () => {
    const peer = orphan()
    peer.sends('S 5:5(0)')
    peer.expects('. 2:2(0) ack 1')
    peer.advance(SECOND)
    peer.sends('F. 1:1(0) ack 9')
    peer.expects('. 2:2(0) ack 1')
    peer.state('FIN-WAIT-2')
  })

  test('[RFC9293 §3.10.7.4] first: what is not acceptable is acknowledged, an empty one only so often', () => {
    const peer = orphan()
    peer.sends('. 70001:70001(0) ack 2', '. 70001:70001(0) ack 2', 'R 70001:70001(0)', '. 1:1(0) ack 2')
    peer.expects('. 2:2(0) ack 1')
    peer.expectsNothing()
    expect(peer.counters.TCPACKSkippedFinWait2).toBe(1)
  })

  test('[RFC7323 §5.3] an old duplicate does not pass for the FIN', () => {
    const peer = orphan(withTimestamps)
    peer.sends('F. 1:1(0) ack 2 <nop,nop,TS val 1 ecr 0>')
    peer.expects('. 2:2(0) ack 1')
    peer.state('FIN-WAIT-2')
    expect(peer.counters.PAWSEstab).toBe(1)
  })

  test('tcp_fin_timeout ends it; beyond 60 s the connection itself waits first', () => {
    const short = orphan({ sysctl: { tcp_fin_timeout: 5 } })
    short.advance(5 * SECOND - 1)
    short.state('FIN-WAIT-2')
    short.advance(1)
    short.state('CLOSED')
    const long = orphan({ sysctl: { tcp_fin_timeout: 100 } })
    long.advance(39 * SECOND)
    expect(long.tcp.timeWait.size).toBe(0)
    long.advance(SECOND)
    expect(long.tcp.timeWait.size).toBe(1)
    long.advance(60 * SECOND - 1)
    long.state('FIN-WAIT-2')
    long.advance(1)
    long.state('CLOSED')
  })

  test('but lasts 3.5 time-outs, so that a FIN may be lost', () => {
    const peer = deaf(finWait1({ sysctl: { tcp_fin_timeout: 1 } }))
    peer.c.rtt.sample(2 * SECOND)
    peer.releases()
    peer.sends('. 1:1(0) ack 2')
    peer.advance(3.5 * peer.c.rtt.timeout - SECOND)
    peer.state('FIN-WAIT-2')
    peer.advance(2 * SECOND)
    peer.state('CLOSED')
  })

  test('tcp_max_tw_buckets: beyond it the connection just ends', () => {
    const peer = orphan({ sysctl: { tcp_max_tw_buckets: 0 } })
    peer.state('CLOSED')
    expect(peer.counters.TCPTimeWaitOverflow).toBe(1)
  })

  test('[RFC6191 §2] its pair is not opened anew', () => {
    const peer = orphan({ ...withTimestamps, sysctl: { tcp_tw_reuse: 1 } })
    peer.advance(5 * SECOND)
    expect(peer.tcp.isPairFree(OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT, peer.now)).toBe(false)
  })
})

describe('tcp_tw_reuse', () => {
  const isFree = (peer: Peer): boolean =>
    peer.tcp.isPairFree(OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT, peer.now)

  function reusable(reuse: number, options = withTimestamps): Peer {
    return deaf(timeWait({ ...options, sysctl: { tcp_tw_reuse: reuse } }))
  }

  test('[RFC6191 §2] 1: connect() takes the pair after a second, with an ISS beyond every old number', () => {
    const peer = reusable(1)
    expect(isFree(peer)).toBe(false)
    peer.advance(2 * SECOND)
    expect(isFree(peer)).toBe(true)
    peer.connection = peer.tcp.connect(
      OUR_ADDRESS,
      OUR_PORT,
      PEER_ADDRESS,
      PEER_PORT,
      peer.settings,
      peer.now,
    )
    peer.expects(`S ${2 + 0xffff + 2}:${2 + 0xffff + 2}(0)`)
    peer.state('SYN-SENT')
    expect(peer.tcp.timeWait.size).toBe(0)
    expect(peer.counters.TWRecycled).toBe(1)
  })

  test('0: never; 2: only towards ourselves', () => {
    for (const reuse of [0, 2]) {
      const peer = reusable(reuse)
      peer.advance(30 * SECOND)
      expect(isFree(peer)).toBe(false)
    }
    const own = reusable(2)
    own.tcp.host.isLocal = () => true
    own.advance(2 * SECOND)
    expect(isFree(own)).toBe(true)
  })

  test('[RFC6191 §3] without timestamps nothing tells old segments from new', () => {
    const peer = reusable(1, { options: 'mss 1460' })
    peer.advance(30 * SECOND)
    expect(isFree(peer)).toBe(false)
    const off = reusable(1)
    off.sysctl.tcp_timestamps = 0
    off.advance(30 * SECOND)
    expect(isFree(off)).toBe(false)
  })
})

describe('quiet time', () => {
  test('[RFC9293 §3.4.3] after a restart nothing is sent or taken, where that is asked for', () => {
    const peer = listening({ quietTime: 31 * SECOND })
    peer.sends('S 0:0(0)', '. 1:1(0) ack 1', 'R 1:1(0)')
    peer.expectsNothing()
    expect(peer.counters.TCPDropQuietTime).toBe(3)
    peer.advance(30 * SECOND)
    peer.sends('S 0:0(0)')
    peer.expects('S. 0:0(0) ack 1')
  })

  test('[RFC9293 §3.4.3] an open by us waits, and then has all its retransmissions', () => {
    const peer = closedUntil(31 * SECOND)
    expect(peer.takesTimes().map((at) => at / SECOND)).toEqual([30, 31, 32, 33, 34, 35, 37, 41, 49])
    expect(peer.counters.TCPSynRetrans).toBe(8)
  })
})
