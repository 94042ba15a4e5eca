import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { SECOND } from '../../src/base/time.ts'
import { FastOpenCookie } from '../../src/tcp/fast-open-cookie.ts'
import { FastOpenKeys } from '../../src/tcp/fast-open-keys.ts'
import { Segment } from '../../src/wire/tcp.ts'
import { ip } from '../support/packets.ts'
import type { Peer, PeerOptions } from '../support/peer.ts'
import { listening } from '../support/peers.ts'

const KEY = 'a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4'
const OTHER = '00112233-44556677-8899aabb-ccddeeff'

function serving(options: PeerOptions & { limit?: number } = {}): Peer {
  const sysctl = { tcp_fastopen: 3, tcp_fastopen_key: KEY, ...options.sysctl }
  const peer = listening({ ...options, sysctl })
  peer.listener!.fastOpen.limit = options.limit ?? 5
  return peer
}

/** The cookie that the server gives this peer. */
function cookieOf(peer: Peer): string {
  peer.sendsFrom(9, 'S 0:0(0) <mss 1460,FO,nop,nop>')
  const [line = ''] = peer.takes()
  peer.sendsFrom(9, 'R 1:1(0)')
  return /FO ([0-9a-f]+)/.exec(line)![1]!
}

/** After a SYN with 10 bytes and the right cookie. */
function opened(options: PeerOptions & { limit?: number } = {}): Peer {
  const peer = serving(options)
  const cookie = cookieOf(peer)
  peer.sends(`S 0:10(10) <mss 1460,FO ${cookie},nop,nop>`)
  peer.expects('S. 0:0(0) ack 11 <mss 1460>')
  return peer
}

describe('a Fast Open cookie', () => {
  const keys = new FastOpenKeys(new SeededRandom(1))
  const cookie = new FastOpenCookie()

  function syn(source: string, destination: string): Segment {
    const seg = new Segment()
    seg.source = ip(source)
    seg.destination = ip(destination)
    return seg
  }

  function carrying(seg: Segment): Segment {
    seg.memory = cookie.bytes
    seg.fastOpenAt = 0
    seg.fastOpenLength = cookie.length
    return seg
  }

  test('[RFC7413 §4.1.2] is Linux’s for the same key and addresses', () => {
    keys.issue(cookie, KEY, syn('192.0.2.1', '192.168.0.1'))
    expect(Buffer.from(cookie.bytes.subarray(0, cookie.length)).toString('hex')).toBe('3021b9d889017eeb')
  })

  test('[RFC7413 §4.1.2] is of one pair of addresses and one key', () => {
    keys.issue(cookie, KEY, syn('192.0.2.1', '192.168.0.1'))
    expect(keys.check(KEY, carrying(syn('192.0.2.1', '192.168.0.1')))).toBe('current')
    expect(keys.check(KEY, carrying(syn('192.0.2.2', '192.168.0.1')))).toBe('invalid')
    expect(keys.check(KEY, carrying(syn('192.0.2.1', '192.168.0.2')))).toBe('invalid')
    expect(keys.check(OTHER, carrying(syn('192.0.2.1', '192.168.0.1')))).toBe('invalid')
    expect(keys.check(`${OTHER},${KEY}`, carrying(syn('192.0.2.1', '192.168.0.1')))).toBe('outdated')
    expect(keys.check('00000000-00000000-00000000-00000000', carrying(syn('192.0.2.1', '192.168.0.1')))).toBe(
      'invalid',
    )
  })
})

describe('a Fast Open server', () => {
  test('[RFC7413 §4.2.1] gives a cookie to who asks, in the form that was asked in', () => {
    const peer = serving()
    peer.sends('S 0:0(0) <mss 1460,FO,nop,nop>')
    expect(peer.takes()[0]).toMatch(/^S\. 0:0\(0\) ack 1 win \d+ <mss 1460,FO [0-9a-f]{16},nop,nop>$/)
    peer.sendsFrom(2, 'S 0:0(0) <mss 1460,FOEXP>')
    expect(peer.takes()[0]).toMatch(/<mss 1460,FOEXP [0-9a-f]{16}>$/)
    expect(peer.counters.TCPFastOpenCookieReqd).toBe(2)
    expect(peer.tcp.synCache.size).toBe(2)
  })

  test('[RFC7413 §4.2.2] the SYN’s data is delivered before the handshake is over', () => {
    const peer = opened()
    peer.state('SYN-RECEIVED')
    peer.accepts()
    expect(peer.reads()).toBe(10)
    peer.sends('. 11:11(0) ack 1')
    peer.state('ESTABLISHED')
    expect(peer.listener!.fastOpen.length).toBe(0)
    expect(peer.counters).toMatchObject({ TCPFastOpenPassive: 1, PassiveOpens: 1, TCPFastOpenPassiveFail: 0 })
  })

  test('[RFC7413 §4.2.2] and it may be answered before', () => {
    const peer = opened()
    peer.accepts()
    peer.writes(20)
    peer.expects('P. 1:21(20) ack 11')
    peer.sends('. 11:11(0) ack 21')
    peer.state('ESTABLISHED')
    expect(peer.c.send.queue.length).toBe(0)
    peer.writes(20)
    peer.expects('P. 21:41(20) ack 11')
  })

  test('[RFC7413 §4.2.2] no more than the initial window goes before', () => {
    const peer = opened()
    peer.accepts()
    peer.writes(30_000)
    // Ten segments, but for the one number that our SYN takes up.
    expect(peer.takes()).toHaveLength(9)
    peer.sends('. 11:11(0) ack 13141')
    peer.state('ESTABLISHED')
    expect(peer.takes().length).toBeGreaterThan(0)
  })

  test('[RFC7413 §4.2.2] what the answer brings is lost with the SYN-ACK: it is sent again after the handshake', () => {
    const peer = opened()
    peer.accepts()
    peer.writes(20)
    peer.takes()
    peer.advance(1.5 * SECOND)
    peer.expects('S. 0:0(0) ack 11')
    peer.sends('. 11:11(0) ack 1')
    peer.advance(4 * SECOND)
    expect(peer.takes()).toContainEqual(expect.stringMatching(/^P\. 1:21\(20\) ack 11/))
  })

  test('[RFC3168 §6.1.1] agrees to ECN like any other', () => {
    const peer = serving()
    const cookie = cookieOf(peer)
    peer.sends(`SEW 0:10(10) <mss 1460,FO ${cookie},nop,nop>`)
    peer.expects('SE. 0:0(0) ack 11 <mss 1460>')
    peer.sends('. 11:11(0) ack 1')
    peer.accepts()
    peer.writes(1000)
    peer.expects('[ect0] P. 1:1001(1000) ack 11')
  })

  test('[RFC7413 §3] a SYN with a cookie and no data is a Fast Open too', () => {
    const peer = serving()
    peer.sends(`S 0:0(0) <mss 1460,FO ${cookieOf(peer)},nop,nop>`)
    peer.expects('S. 0:0(0) ack 1')
    expect(peer.listener!.queued).toBe(1)
  })

  test('[RFC7413 §4.2.2] a wrong cookie: the SYN alone is acknowledged, with the right one', () => {
    const peer = serving()
    const cookie = cookieOf(peer)
    peer.sends('S 0:10(10) <mss 1460,FO 0011223344556677,nop,nop>')
    peer.expects(`S. 0:0(0) ack 1 <mss 1460,FO ${cookie},nop,nop>`)
    expect(peer.listener!.queued).toBe(0)
    expect(peer.counters.TCPFastOpenPassiveFail).toBe(1)
    peer.sends('P. 1:11(10) ack 1')
    peer.accepts()
    expect(peer.reads()).toBe(10)
  })

  test('[RFC7413 §4.1.2] a cookie of the key before is good, and replaced', () => {
    const peer = serving()
    const old = cookieOf(peer)
    peer.sysctl.tcp_fastopen_key = `${OTHER},${KEY}`
    peer.sends(`S 0:10(10) <mss 1460,FO ${old},nop,nop>`)
    const [line = ''] = peer.takes()
    expect(line).toMatch(/^S\. 0:0\(0\) ack 11 /)
    const fresh = /FO ([0-9a-f]+)/.exec(line)![1]!
    expect(fresh).not.toBe(old)
    expect(peer.counters).toMatchObject({ TCPFastOpenPassive: 1, TCPFastOpenPassiveAltKey: 1 })
    peer.sysctl.tcp_fastopen_key = OTHER
    peer.sendsFrom(3, `S 0:10(10) <mss 1460,FO ${fresh},nop,nop>`)
    peer.expects('S. 0:0(0) ack 11')
  })

  test('[RFC7413 §2] options of an impossible length are ignored', () => {
    const peer = serving()
    for (const cookie of ['001122', '0011', '0011223344', '00112233445566778899aabbccddeeff0011']) {
      peer.sendsFrom(cookie.length, `S 0:10(10) <mss 1460,FO ${cookie}>`)
      expect(peer.takes()[0]).toMatch(/^S\. 0:0\(0\) ack 1 win \d+ <mss 1460>$/)
    }
  })

  test('[RFC7413 §4.2] off for the stack, or for the listener: every option is ignored', () => {
    for (const peer of [serving({ sysctl: { tcp_fastopen: 1 } }), serving({ limit: 0 })]) {
      peer.sends('S 0:10(10) <mss 1460,FO,nop,nop>')
      peer.expects('S. 0:0(0) ack 1 <mss 1460>')
      peer.sendsFrom(2, `S 0:10(10) <mss 1460,FO ${'00'.repeat(8)},nop,nop>`)
      peer.expects('S. 0:0(0) ack 1 <mss 1460>')
      expect(peer.tcp.synCache.size).toBe(2)
    }
  })

  test('tcp_fastopen 0x200, or TCP_FASTOPEN_NO_COOKIE: data needs no cookie', () => {
    const trusting = serving({ sysctl: { tcp_fastopen: 0x202 } })
    const told = serving({ settings: { fastOpenNoCookie: true } })
    for (const peer of [trusting, told]) {
      peer.sends('S 0:10(10) <mss 1460>')
      peer.expects('S. 0:0(0) ack 11 <mss 1460>')
    }
  })

  test('tcp_fastopen 0x400: a listener takes as many as its backlog', () => {
    const peer = listening({ backlog: 3, sysctl: { tcp_fastopen: 0x402 } })
    expect(peer.listener!.fastOpen.limit).toBe(3)
    expect(listening({ sysctl: { tcp_fastopen: 0x400 } }).listener!.fastOpen.limit).toBe(0)
  })

  test('[RFC7413 §4.2] PendingFastOpenRequests: beyond the limit a SYN’s data is left to be sent again', () => {
    const peer = serving({ limit: 2 })
    const syn = `S 0:10(10) <mss 1460,FO ${cookieOf(peer)},nop,nop>`
    for (const port of [1, 2, 3]) peer.sendsFrom(port, syn)
    const acks = peer.takes().map((line) => / ack (\d+)/.exec(line)![1])
    expect(acks).toEqual(['11', '11', '1'])
    expect(peer.counters.TCPFastOpenListenOverflow).toBe(1)
    peer.sendsFrom(1, '. 11:11(0) ack 1')
    peer.sendsFrom(4, syn)
    peer.expects('S. 0:0(0) ack 11')
  })

  test('[RFC7413 §5.1] one that was reset counts for another minute: its sender was forged, perhaps', () => {
    const peer = serving({ limit: 1 })
    const syn = `S 0:10(10) <mss 1460,FO ${cookieOf(peer)},nop,nop>`
    peer.sends(syn)
    peer.takes()
    peer.sends('R 11:11(0)')
    peer.state('LISTEN')
    expect(peer.accepts().closeReason).toBe('reset')
    expect(peer.reads()).toBe(10)
    peer.advance(59 * SECOND)
    peer.sends(syn)
    peer.expects('S. 0:0(0) ack 1')
    peer.sends('R 1:1(0)')
    peer.advance(2 * SECOND)
    peer.sends(syn)
    peer.expects('S. 0:0(0) ack 11')
  })

  test('[RFC7413 §4.2.2] a SYN that comes again draws the SYN-ACK again, without data being taken twice', () => {
    const peer = opened()
    peer.sends('S 0:10(10) <mss 1460>')
    peer.expects('S. 0:0(0) ack 11')
    peer.sends('S 0:0(0) <mss 1460>')
    peer.expects('S. 0:0(0) ack 11')
    peer.accepts()
    expect(peer.reads()).toBe(10)
  })

  test('[RFC7413 §4.2.2] the SYN-ACK is sent again without the cookie, one time more than usual, and then given up', () => {
    const peer = opened()
    peer.advance(200 * SECOND)
    expect(peer.takesTimes().map((at) => Math.round(at / SECOND))).toEqual([1, 3, 7, 15, 31, 63])
    expect(peer.accepts().closeReason).toBe('timeout')
    expect(peer.listener!.fastOpen.length).toBe(0)
  })

  test('[RFC7413 §4.2.2] more data than the window holds is acknowledged as far as it was taken', () => {
    const peer = serving({ settings: { receiveBuffer: 2048, isReceiveBufferFixed: true } })
    peer.sends(`S 0:1400(1400) <mss 1460,FO ${cookieOf(peer)},nop,nop>`)
    peer.expects('S. 0:0(0) ack 1025 win 0')
    peer.accepts()
    expect(peer.reads()).toBe(1024)
  })

  test('CLOSE before the handshake is over: the answer and a FIN', () => {
    const peer = opened()
    peer.accepts()
    peer.reads()
    peer.writes(5)
    peer.releases()
    peer.expects('FP. 1:6(5) ack 11')
    peer.sends('F. 11:11(0) ack 7')
    peer.expects('. 7:7(0) ack 12')
    peer.state('TIME-WAIT')
  })

  test('CLOSE of the listener resets what was not accepted', () => {
    const peer = opened()
    peer.tcp.unlisten(peer.listener!)
    peer.expects('R. 1:1(0) ack 11')
    peer.state('CLOSED')
    expect(peer.arena.used).toBe(peer.idle)
    expect(peer.tcp.establishedCount).toBe(0)
  })
})
