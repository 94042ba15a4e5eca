import { describe, expect, test } from 'vitest'
import { MINUTE, NEVER, SECOND } from '../../src/base/time.ts'
import { keepAliveChanged } from '../../src/tcp/calls.ts'
import type { Peer } from '../support/peer.ts'
import { closeWait, established, finWait1, finWait2 } from '../support/peers.ts'

/** Idle 100 s, then probes 10 s apart, 3 of them. */
const keepAlive = { keepAlive: true, keepIdle: 100 * SECOND, keepInterval: 10 * SECOND, keepCount: 3 }
const probe = '. 0:0(0) ack 1'

describe('keep-alive', () => {
  test('[RFC9293 §3.8.4] MUST-25: off by default', () => {
    const peer = established()
    peer.advance(24 * 60 * MINUTE)
    peer.expectsNothing()
    expect(peer.tcp.nextDeadline()).toBe(NEVER)
  })

  test('[RFC9293 §3.8.4] MUST-28: two hours by default', () => {
    const peer = established({ settings: { keepAlive: true } })
    peer.advance(120 * MINUTE - 1)
    peer.expectsNothing()
    peer.advance(1)
    peer.expects(probe)
  })

  test('[RFC9293 §3.8.4] SHLD-12, MUST-27, MAY-5: the peer is alive: it answers the empty probe, and idling begins anew', () => {
    const peer = established({ settings: keepAlive })
    for (let i = 0; i < 5; i++) {
      const from = peer.now
      peer.advance(100 * SECOND - 1)
      peer.expectsNothing()
      peer.advance(1)
      expect(peer.expects(probe).segment.payloadLength).toBe(0)
      peer.sends('. 1:1(0) ack 1')
      expect(peer.now - from).toBe(100 * SECOND)
    }
    peer.state('ESTABLISHED')
    expect(peer.counters.TCPKeepAlive).toBe(5)
  })

  test('[RFC9293 §3.8.4] MUST-29: the peer is silent: some probes, then the end, and a reset', () => {
    const peer = established({ settings: keepAlive })
    peer.at(129 * SECOND)
    expect(peer.takesTimes()).toEqual([100 * SECOND, 110 * SECOND, 120 * SECOND])
    peer.state('ESTABLISHED')
    peer.at(130 * SECOND)
    peer.expects('R. 1:1(0) ack 1')
    expect(peer.c.state).toBe('CLOSED')
    expect(peer.c.closeReason).toBe('timeout')
    expect(peer.tcp.nextDeadline()).toBe(NEVER)
  })

  test('[RFC9293 §3.8.4] the peer was restarted: its reset ends the connection', () => {
    const peer = established({ settings: keepAlive })
    peer.at(100 * SECOND)
    peer.expects(probe)
    peer.sends('R 1:1(0)')
    expect(peer.c.closeReason).toBe('reset')
  })

  test('[RFC9293 §3.8.4] MUST-26: whatever is heard puts it off', () => {
    const peer = established({ settings: keepAlive })
    peer.at(99 * SECOND)
    peer.sends('P. 1:2(1) ack 1')
    peer.takes()
    peer.at(198 * SECOND)
    peer.expectsNothing()
    peer.at(199 * SECOND)
    peer.expects('. 0:0(0) ack 2')
  })

  test('[RFC9293 §3.8.4] MUST-26: not with data outstanding', () => {
    const peer = established({ settings: keepAlive })
    peer.at(99 * SECOND)
    peer.writes(10)
    peer.expects('P. 1:11(10) ack 1')
    peer.at(110 * SECOND)
    expect(peer.takes().filter((line) => line.includes('(0)'))).toEqual([])
  })

  test('[RFC9293 §3.8.4] MUST-24: switched on and off in use', () => {
    const peer = established()
    peer.advance(50 * SECOND)
    Object.assign(peer.c.settings, keepAlive)
    keepAliveChanged(peer.c, peer.now)
    peer.at(100 * SECOND)
    peer.expects(probe)
    peer.c.settings.keepAlive = false
    keepAliveChanged(peer.c, peer.now)
    peer.at(60 * MINUTE)
    peer.expectsNothing()
  })

  test('in CLOSE-WAIT too', () => {
    const peer = closeWait({ settings: keepAlive })
    peer.at(101 * SECOND)
    peer.expects('. 0:0(0) ack 2')
  })

  test('switched on after the end it touches nobody’s timers', () => {
    const peer = established({ settings: keepAlive })
    const c = peer.c
    peer.sends('R 1:1(0)')
    peer.sends('S 0:0(0)', '. 1:1(0) ack 1')
    peer.takes()
    expect(peer.accepts().id).toBe(c.id)
    c.settings = c.settings.copy()
    c.settings.keepAlive = false
    keepAliveChanged(c, peer.now)
    peer.advance(100 * SECOND)
    peer.expects(probe)
  })

  test('as the answering side: a probe is answered, with or without an octet', () => {
    const peer = established()
    peer.sends('. 0:0(0) ack 1')
    peer.expects('. 1:1(0) ack 1')
    peer.sends('. 0:1(1) ack 1')
    peer.expects('. 1:1(0) ack 1')
  })
})

describe('FIN-WAIT-2', () => {
  const deaf = (peer: Peer): Peer => {
    peer.tcp.unlisten(peer.listener!)
    return peer
  }

  test('[RFC9293 §3.6] a half-closed connection of a user waits as long as it takes', () => {
    const peer = finWait2()
    peer.advance(24 * 60 * MINUTE)
    peer.state('FIN-WAIT-2')
  })

  test('an orphan waits tcp_fin_timeout, whether it got there before or after its release', () => {
    const before = deaf(finWait2())
    before.releases()
    before.advance(60 * SECOND - 1)
    before.state('FIN-WAIT-2')
    before.advance(1)
    before.state('CLOSED')
    const after = deaf(finWait1())
    after.releases()
    after.sends('. 1:1(0) ack 2')
    after.advance(60 * SECOND - 1)
    after.state('FIN-WAIT-2')
    after.advance(1)
    after.state('CLOSED')
    expect(after.tcp.orphanCount).toBe(0)
    expect(after.tcp.nextDeadline()).toBe(NEVER)
  })

  test('the peer’s late FIN is reset then', () => {
    const peer = deaf(finWait2())
    peer.releases()
    peer.advance(60 * SECOND)
    peer.sends('F. 1:1(0) ack 2')
    peer.expects('R 2:2(0)')
  })

  test('TCP_LINGER2 negative: not at all, and the peer is reset', () => {
    const peer = deaf(finWait2({ settings: { finTimeout: -1 } }))
    peer.releases()
    peer.expects('R. 2:2(0) ack 1')
    peer.state('CLOSED')
    const later = deaf(finWait1({ settings: { finTimeout: -1 } }))
    later.releases()
    later.sends('. 1:1(0) ack 2')
    later.expects('R. 2:2(0) ack 1')
    later.state('CLOSED')
    expect(later.counters.TCPAbortOnLinger).toBe(1)
  })
})

describe('orphans', () => {
  test('[RFC9293 §3.10.4] what was written is sent before the FIN', () => {
    const peer = established({ win: 1460 })
    peer.writes(3000)
    peer.releases()
    peer.expects('P. 1:1461(1460)')
    peer.sends('. 1:1(0) ack 1461 win 1460')
    peer.expects('P. 1461:2921(1460)')
    peer.sends('. 1:1(0) ack 2921 win 1460')
    peer.expects('FP. 2921:3001(80)')
    peer.sends('F. 1:1(0) ack 3002')
    peer.expects('. 3002:3002(0) ack 2')
    peer.state('TIME-WAIT')
    expect(peer.arena.used).toBe(peer.idle)
  })

  test('beyond tcp_max_orphans they are reset', () => {
    const peer = established({ sysctl: { tcp_max_orphans: 0 } })
    peer.writes(10)
    peer.expects('P. 1:11(10)')
    peer.releases()
    peer.expects('R. 11:11(0) ack 1')
    expect(peer.counters.TCPAbortOnMemory).toBe(1)
    expect(peer.tcp.orphanCount).toBe(0)
  })

  test('are counted in and out once, aborted or not', () => {
    const peer = established()
    const first = peer.c
    peer.sendsFrom(5, 'S 0:0(0)', '. 1:1(0) ack 1', 'P. 1:11(10) ack 1')
    peer.takes()
    const second = peer.accepts()
    peer.connection = first
    peer.releases()
    expect(peer.tcp.orphanCount).toBe(1)
    peer.connection = second
    peer.releases()
    expect(second.state).toBe('CLOSED')
    expect(peer.tcp.orphanCount).toBe(1)
  })
})
