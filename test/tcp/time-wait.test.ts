import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import * as calls from '../../src/tcp/calls.ts'
import { distance } from '../../src/wire/seq.ts'
import type { Peer } from '../support/peer.ts'
import { closing, finWait2, listening, timeWait } from '../support/peers.ts'

const withTimestamps = { options: 'mss 1460,sackOK,TS val 100 ecr 0' }

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
    expect(peer.counters.TWRecycled).toBe(1)
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
    peer.sends('SF 3:3(0)')
    peer.expects('. 2:2(0) ack 2')
    peer.state('TIME-WAIT')
  })
})
