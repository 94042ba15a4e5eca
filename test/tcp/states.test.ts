import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import { isWritable } from '../../src/tcp/calls.ts'
import { ARROWS, type State } from '../../src/tcp/state.ts'
import { OUR_ADDRESS, PEER_ADDRESS, PEER_PORT, type Peer, RecordingUser } from '../support/peer.ts'
import {
  closed,
  closeWait,
  closing,
  connected,
  established,
  finWait1,
  finWait2,
  lastAck,
  listening,
  synCrossed,
  synReceived,
  synSent,
  timeWait,
} from '../support/peers.ts'

const everyState: Record<State, () => Peer> = {
  CLOSED: closed,
  LISTEN: listening,
  'SYN-SENT': synSent,
  'SYN-RECEIVED': synReceived,
  ESTABLISHED: established,
  'FIN-WAIT-1': finWait1,
  'FIN-WAIT-2': finWait2,
  'CLOSE-WAIT': closeWait,
  CLOSING: closing,
  'LAST-ACK': lastAck,
  'TIME-WAIT': timeWait,
}

test.each(Object.entries(everyState))('[RFC9293 §3.3.2] %s is reached', (name, make) => {
  expect(make().currentState).toBe(name)
})

test('[RFC9293 §3.3.2] an arrow that the figure does not have is a fault', () => {
  const peer = established()
  expect(() => peer.c.moveTo('SYN-SENT')).toThrow('no arrow ESTABLISHED -> SYN-SENT')
  expect(ARROWS['TIME-WAIT']).toEqual(['CLOSED'])
})

describe('opening', () => {
  test('[RFC9293 §3.5] CLOSED, SYN-SENT, ESTABLISHED', () => {
    connected().state('ESTABLISHED')
  })

  test('[RFC9293 §3.5] LISTEN, SYN-RECEIVED, ESTABLISHED', () => {
    established().state('ESTABLISHED')
  })

  test('[RFC9293 §3.10.1] OPEN in LISTEN makes it active: LISTEN to SYN-SENT', () => {
    const peer = listening()
    peer.connection = peer.tcp.connectFromListen(
      peer.listener!,
      OUR_ADDRESS,
      PEER_ADDRESS,
      PEER_PORT,
      peer.now,
    )
    peer.expects('S 0:0(0)')
    peer.state('SYN-SENT')
    peer.sends('S. 0:0(0) ack 1')
    peer.expects('. 1:1(0) ack 1')
    peer.state('ESTABLISHED')
  })

  test.each([
    ['a connection', established],
    ['a handshake', synReceived],
    ['TIME-WAIT', timeWait],
  ])(
    '[RFC9293 §3.10.1] OPEN in LISTEN towards %s of the same pair is refused, and changes nothing',
    (_, make) => {
      const peer = make()
      const { size } = peer.tcp.flows
      const opened = peer.tcp.connectFromListen(
        peer.listener!,
        OUR_ADDRESS,
        PEER_ADDRESS,
        PEER_PORT,
        peer.now,
      )
      expect(opened).toBeUndefined()
      peer.expectsNothing()
      expect(peer.listener!.isOpen).toBe(true)
      expect(peer.tcp.flows.size).toBe(size)
    },
  )

  test('[RFC6191 §2] OPEN in LISTEN takes over TIME-WAIT where tcp_tw_reuse lets it', () => {
    const peer = timeWait({ options: 'mss 1460,TS val 100 ecr 0', sysctl: { tcp_tw_reuse: 1 } })
    peer.advance(2 * SECOND)
    const c = peer.tcp.connectFromListen(peer.listener!, OUR_ADDRESS, PEER_ADDRESS, PEER_PORT, peer.now)
    expect(c?.state).toBe('SYN-SENT')
    expect(peer.tcp.timeWait.size).toBe(0)
  })

  test('[RFC9293 §3.5] MUST-10: SYNs that cross lead through SYN-RECEIVED, by the repeated SYN with an ACK', () => {
    const peer = synCrossed()
    peer.state('SYN-RECEIVED')
    peer.sends('S. 0:0(0) ack 1')
    peer.state('ESTABLISHED')
    expect(peer.c.state).toBe('ESTABLISHED')
  })

  test('[RFC9293 §3.5] SYNs that cross, and the peer needs no more than an ACK', () => {
    const peer = synCrossed()
    peer.sends('. 1:1(0) ack 1')
    peer.state('ESTABLISHED')
    peer.expectsNothing()
  })

  test('[RFC7323 §2.2] the window of the SYN-ACK in a simultaneous open is not scaled', () => {
    const peer = synCrossed({ options: 'mss 1460,nop,wscale 7', win: 1000 })
    peer.sends('S. 0:0(0) ack 1 win 1000 <mss 1460,nop,wscale 7>')
    expect(peer.c.send.wnd).toBe(1000)
    peer.sends('. 1:1(0) ack 1 win 1000')
    expect(peer.c.send.wnd).toBe(128_000)
  })

  test('[RFC7323 §2.2] in SYN-RECEIVED of an active open the window is scaled in what is no SYN', () => {
    const peer = synCrossed({ options: 'mss 1460,nop,wscale 7' })
    peer.sends('. 70000:70000(0) ack 1')
    peer.expects('. 1:1(0) ack 1 win 1024')
    peer.state('SYN-RECEIVED')
  })

  test('[RFC9293 §3.10.7.4] MUST-11: a reset in SYN-RECEIVED returns a passive open to LISTEN', () => {
    const peer = synReceived()
    peer.sends('R 1:1(0)')
    peer.expectsNothing()
    peer.state('LISTEN')
    expect(peer.counters.EmbryonicRsts).toBe(1)
  })

  test('[RFC9293 §3.10.7.4] MUST-11: a reset in SYN-RECEIVED refuses an active open', () => {
    const peer = synCrossed()
    peer.sends('R 1:1(0)')
    peer.expectsNothing()
    peer.state('CLOSED')
    expect(peer.c.closeReason).toBe('refused')
  })

  test('[RFC9293 §3.10.7.4] in SYN-RECEIVED of an active open an ACK of something else is reset', () => {
    for (const ack of [0, 2, -100]) {
      const peer = synCrossed()
      peer.sends(`P. 1:11(10) ack ${ack}`)
      peer.expects(`R ${ack}:${ack}(0)`)
      peer.expectsNothing()
      peer.state('SYN-RECEIVED')
      expect(peer.c.receive.queue.length).toBe(0)
    }
  })

  test('[RFC9293 §3.10.4] CLOSE in SYN-SENT', () => {
    const peer = synSent()
    peer.closes()
    peer.expectsNothing()
    peer.state('CLOSED')
    expect(peer.c.closeReason).toBe('aborted')
  })

  test('[RFC9293 §3.10.4] CLOSE in SYN-RECEIVED sends a FIN: FIN-WAIT-1', () => {
    const peer = synCrossed()
    peer.closes()
    peer.expects('F. 1:1(0) ack 1')
    peer.state('FIN-WAIT-1')
    peer.sends('. 1:1(0) ack 2')
    peer.state('FIN-WAIT-2')
  })

  test('[RFC9293 §3.10.4] after CLOSE in SYN-RECEIVED the SYN is repeated until it is acknowledged', () => {
    const peer = synCrossed()
    peer.closes()
    peer.expects('F. 1:1(0) ack 1')
    peer.advance(1_000_000)
    peer.expects('S. 0:0(0) ack 1')
    peer.sends('S. 0:0(0) ack 1')
    peer.takes()
    peer.state('FIN-WAIT-1')
    peer.advance(2_000_000)
    peer.expects('F. 1:1(0) ack 1')
    peer.sends('. 1:1(0) ack 2')
    peer.state('FIN-WAIT-2')
    expect(peer.faults).toEqual([])
  })

  test('[RFC9293 §3.10.4] CLOSE in SYN-RECEIVED with data pending waits for ESTABLISHED', () => {
    const peer = synCrossed()
    peer.writes(10)
    peer.closes()
    peer.expectsNothing()
    peer.state('SYN-RECEIVED')
    peer.sends('. 1:1(0) ack 1')
    peer.expects('FP. 1:11(10) ack 1')
    peer.state('FIN-WAIT-1')
  })

  test('[RFC9293 §3.10.7.4] a FIN with the handshake’s last ACK: SYN-RECEIVED to CLOSE-WAIT', () => {
    const peer = synReceived()
    peer.sends('F. 1:1(0) ack 1')
    peer.expects('. 1:1(0) ack 2')
    peer.state('CLOSE-WAIT')
  })

  test('[RFC9293 §3.10.2] what is written in SYN-SENT goes out when the connection is open', () => {
    const peer = synSent()
    peer.writes(100)
    peer.expectsNothing()
    peer.sends('S. 0:0(0) ack 1 <mss 1460>')
    peer.expects('P. 1:101(100) ack 1')
  })
})

describe('closing', () => {
  test('[RFC9293 §3.6] an orderly close by us: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT', () => {
    const peer = timeWait()
    expect(peer.c.closeReason).toBe('closed')
  })

  test('[RFC9293 §3.6] an orderly close by the peer: CLOSE-WAIT, LAST-ACK, CLOSED', () => {
    const peer = lastAck()
    peer.sends('. 2:2(0) ack 2')
    peer.expectsNothing()
    peer.listener!.isOpen = false
    peer.state('CLOSED')
    expect(peer.c.closeReason).toBe('closed')
    expect(peer.tcp.timeWait.size).toBe(0)
  })

  test('[RFC9293 §3.6] a simultaneous close: FIN-WAIT-1, CLOSING, TIME-WAIT', () => {
    const peer = closing()
    peer.sends('. 2:2(0) ack 2')
    peer.expectsNothing()
    peer.state('TIME-WAIT')
  })

  test('[RFC9293 §3.3.2 note 2] FIN and ACK of ours together: FIN-WAIT-1 to TIME-WAIT', () => {
    const seen: string[] = []
    const peer = finWait1()
    peer.tcp.probe = { transition: (_c, from, to) => seen.push(`${from} ${to}`) }
    peer.sends('F. 1:1(0) ack 2')
    peer.expects('. 2:2(0) ack 2')
    peer.state('TIME-WAIT')
    expect(seen[0]).toBe('FIN-WAIT-1 TIME-WAIT')
  })

  test('[RFC9293 §3.10.7.4] the user is told of the peer’s FIN', () => {
    for (const make of [established, finWait1]) {
      const peer = make()
      const user = new RecordingUser()
      peer.c.user = user
      peer.sends('F. 1:1(0) ack 1')
      expect(user.changes).toBe(1)
    }
  })

  test('[RFC9293 §3.10.2] writable until closed, or full', () => {
    const peer = established({ win: 2920, settings: { sendBuffer: 1000 } })
    expect(isWritable(peer.c)).toBe(true)
    expect(peer.writes(2000)).toBe(1460) // a segment that has been begun is filled
    expect(isWritable(peer.c)).toBe(false)
    expect(peer.writes(1)).toBe(0)
    peer.sends('. 1:1(0) ack 1')
    peer.sends('. 1:1(0) ack 1461')
    expect(isWritable(peer.c)).toBe(true)
    peer.closes()
    expect(isWritable(peer.c)).toBe(false)
  })

  test('[RFC9293 §3.6] data and FIN together', () => {
    const peer = established()
    peer.sends('FP. 1:101(100) ack 1')
    peer.expects('. 1:1(0) ack 102')
    peer.state('CLOSE-WAIT')
    expect(peer.reads()).toBe(100)
  })

  test('[RFC9293 §3.10.4] CLOSE after data: the FIN goes with the last of it', () => {
    const peer = established()
    peer.writes(100)
    peer.closes()
    peer.expects('FP. 1:101(100) ack 1')
    peer.state('FIN-WAIT-1')
    peer.sends('. 1:1(0) ack 101')
    peer.state('FIN-WAIT-1')
    peer.sends('. 1:1(0) ack 102')
    peer.state('FIN-WAIT-2')
  })

  test('[RFC9293 §3.6] half-closed by us: the peer sends on, and we acknowledge', () => {
    const peer = finWait2()
    peer.sends('P. 1:1001(1000) ack 2')
    peer.expects('. 2:2(0) ack 1001')
    expect(peer.reads()).toBe(1000)
    peer.sends('FP. 1001:1501(500) ack 2')
    peer.expects('. 2:2(0) ack 1502')
    expect(peer.reads()).toBe(500)
    peer.state('TIME-WAIT')
  })

  test('[RFC9293 §3.6] half-closed by the peer: we send on', () => {
    const peer = closeWait()
    peer.writes(1000)
    peer.expects('P. 1:1001(1000) ack 2')
    peer.sends('. 2:2(0) ack 1001')
    peer.closes()
    peer.expects('F. 1001:1001(0) ack 2')
    peer.state('LAST-ACK')
  })

  test('[RFC9293 §3.10.7.4] data in FIN-WAIT-1, before our FIN is acknowledged', () => {
    const peer = finWait1()
    peer.sends('P. 1:101(100) ack 1')
    peer.expects('. 2:2(0) ack 101')
    expect(peer.reads()).toBe(100)
    peer.state('FIN-WAIT-1')
  })

  test('[RFC9293 §3.10.7.4] a FIN out of order waits for what is before it', () => {
    const peer = established()
    peer.sends('F. 101:101(0) ack 1')
    peer.expects('. 1:1(0) ack 1')
    peer.state('ESTABLISHED')
    peer.sends('P. 1:101(100) ack 1')
    peer.expects('. 1:1(0) ack 102')
    peer.state('CLOSE-WAIT')
  })

  test('[RFC9293 §3.10.7.4] our FIN is acknowledged by a FIN out of order: FIN-WAIT-2, and later TIME-WAIT', () => {
    const peer = finWait1()
    peer.sends('F. 101:101(0) ack 2')
    peer.expects('. 2:2(0) ack 1')
    peer.state('FIN-WAIT-2')
    peer.sends('P. 1:101(100) ack 2')
    peer.expects('. 2:2(0) ack 102')
    peer.state('TIME-WAIT')
  })

  test.each([
    ['CLOSE-WAIT', closeWait, '. 1:1(0) ack 2'],
    ['LAST-ACK', lastAck, '. 2:2(0) ack 2'],
    ['CLOSING', closing, '. 2:2(0) ack 2'],
  ] as const)('[RFC9293 §3.10.7.4] the peer’s FIN again in %s is acknowledged again', (name, make, ack) => {
    const peer = make()
    peer.sends('F. 1:1(0) ack 1')
    peer.expects(ack)
    peer.state(name)
  })

  test('[RFC9293 §3.10.7.4] our FIN is repeated in LAST-ACK and CLOSING', () => {
    for (const make of [lastAck, closing]) {
      const peer = make()
      peer.advance(1_000_000)
      peer.expects('F. 1:1(0) ack 2')
    }
  })

  test('[RFC9293 §3.10.4] a second CLOSE changes nothing', () => {
    const peer = finWait2()
    peer.closes()
    peer.expectsNothing()
    peer.state('FIN-WAIT-2')
  })
})

describe('aborting', () => {
  test.each([
    ['SYN-RECEIVED', synCrossed],
    ['ESTABLISHED', established],
    ['FIN-WAIT-2', finWait2],
    ['CLOSE-WAIT', closeWait],
  ] as const)('[RFC9293 §3.10.5] ABORT in %s resets the peer', (_name, make) => {
    const peer = make()
    const { nxt } = peer.c.send
    peer.aborts()
    const { segment } = peer.expects(`R. ${nxt - peer.iss}:${nxt - peer.iss}(0)`)
    expect(segment.seq).toBe(nxt)
    expect(peer.c.state).toBe('CLOSED')
    expect(peer.c.closeReason).toBe('aborted')
  })

  test.each([
    ['SYN-SENT', synSent],
    ['CLOSING', closing],
    ['LAST-ACK', lastAck],
  ] as const)('[RFC9293 §3.10.5] ABORT in %s is silent', (_name, make) => {
    const peer = make()
    peer.aborts()
    peer.expectsNothing()
    expect(peer.c.state).toBe('CLOSED')
  })

  test.each([
    ['ESTABLISHED', established, 'R 1:1(0)'],
    ['FIN-WAIT-1', finWait1, 'R 1:1(0)'],
    ['FIN-WAIT-2', finWait2, 'R 1:1(0)'],
    ['CLOSE-WAIT', closeWait, 'R 2:2(0)'],
    ['CLOSING', closing, 'R 2:2(0)'],
    ['LAST-ACK', lastAck, 'R 2:2(0)'],
  ] as const)('[RFC9293 §3.10.7.4] MUST-12: a reset in %s ends the connection', (_name, make, line) => {
    const peer = make()
    peer.sends(line)
    peer.expectsNothing()
    expect(peer.c.state).toBe('CLOSED')
    expect(peer.c.closeReason).toBe('reset')
  })
})

test('[RFC9293 §3.6] what was received can be read after the end', () => {
  const peer = established()
  peer.sends('P. 1:101(100) ack 1', 'R 101:101(0)')
  expect(peer.c.state).toBe('CLOSED')
  expect(peer.reads()).toBe(100)
  peer.releases()
  expect(peer.arena.used).toBe(peer.idle)
})
