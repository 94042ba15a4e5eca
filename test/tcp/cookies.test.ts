import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { MINUTE, SECOND } from '../../src/base/time.ts'
import { COOKIE_SIZES, cookieSize, cookieTimestamp, SynCookies } from '../../src/tcp/cookies.ts'
import { Negotiated } from '../../src/tcp/options.ts'
import { TcpSysctls } from '../../src/tcp/sysctls.ts'
import { add, type Seq, toSeq } from '../../src/wire/seq.ts'
import { Segment } from '../../src/wire/tcp.ts'
import type { Peer, PeerOptions } from '../support/peer.ts'
import { listening } from '../support/peers.ts'

const SYN = 'S 0:0(0) <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>'

/** A listener of which the SYN queue is full, so that the next SYN gets a cookie. */
function crowded(options: PeerOptions = {}): Peer {
  const peer = listening({ backlog: 0, ...options })
  peer.sendsFrom(1, 'S 0:0(0) <mss 1460>')
  peer.takes()
  // The queue stays full; who comes by a cookie is to find room in the accept queue.
  peer.listener!.backlog = 0
  return peer
}

/** With a cookie on its way to the peer. */
function answered(syn = 'S 0:0(0) <mss 1460>', options: PeerOptions = {}): { peer: Peer; options: string } {
  const peer = crowded(options)
  peer.sends(syn)
  return { peer, options: peer.expectsCookie() }
}

describe('a cookie', () => {
  const random = new SeededRandom(1)
  const cookies = new SynCookies(random)

  function syn(seq = 0xfffffff0): Segment {
    const seg = new Segment()
    seg.source = 0x0a090001
    seg.destination = 0x0a090002
    seg.sourcePort = 40_000
    seg.destinationPort = 7
    seg.seq = toSeq(seq)
    return seg
  }

  function ackOf(cookie: Seq): Segment {
    const seg = syn()
    seg.seq = add(seg.seq, 1)
    seg.ack = add(cookie, 1)
    return seg
  }

  test('[RFC4987 §3.6] brings back the segment size, for the minute of its issue and the next', () => {
    for (const now of [0, 59 * SECOND, 1234 * MINUTE, 255 * MINUTE, 256 * MINUTE]) {
      COOKIE_SIZES.forEach((size, index) => {
        const ack = ackOf(cookies.issue(syn(), index, now))
        expect(cookies.sizeIn(ack, now)).toBe(size)
        expect(cookies.sizeIn(ack, now + MINUTE)).toBe(size)
        expect(cookies.sizeIn(ack, now + 2 * MINUTE)).toBe(0)
        expect(cookies.sizeIn(ack, now + 255 * MINUTE)).toBe(0)
      })
    }
  })

  test('[RFC4987 §3.6] is of one pair, one SYN and one key', () => {
    const cookie = cookies.issue(syn(), 5, 0)
    const changes: ((seg: Segment) => void)[] = [
      (seg) => seg.source++,
      (seg) => seg.destination++,
      (seg) => seg.sourcePort++,
      (seg) => seg.destinationPort++,
      (seg) => {
        seg.seq = add(seg.seq, 1)
      },
      (seg) => {
        seg.ack = add(seg.ack, 1)
      },
    ]
    for (const change of changes) {
      const seg = ackOf(cookie)
      change(seg)
      expect(cookies.sizeIn(seg, 0)).toBe(0)
    }
    expect(new SynCookies(random).sizeIn(ackOf(cookie), 0)).toBe(0)
  })

  test('[RFC4987 §3.6] a guess hits once in 2^27 or so', () => {
    let hits = 0
    for (let i = 0; i < 100_000; i++) {
      const seg = ackOf(toSeq(random.word()))
      if (cookies.sizeIn(seg, 5 * MINUTE) > 0) hits++
    }
    expect(hits).toBe(0)
  })

  test('[RFC9293 §3.7.1] MUST-16: the segment size is rounded down to one that can be told', () => {
    expect([48, 535, 536, 1459, 1460, 1461, 9000, 65495].map((mss) => COOKIE_SIZES[cookieSize(mss)])).toEqual(
      [48, 48, 536, 1440, 1460, 1460, 8960, 8960],
    )
  })

  test('[RFC7323 §4.1] its timestamp is at or before the clock, and less than 64 ms behind', () => {
    const options = new Negotiated(new TcpSysctls())
    for (let shift = 0; shift <= 14; shift++) {
      options.sendShift = shift
      options.sack = shift % 2 === 0
      for (const clock of [0, 1, 63, 64, 1000, 0x7fffffff, -1, -0x80000000]) {
        const behind = (clock - cookieTimestamp(clock, options)) | 0
        expect(behind).toBeGreaterThanOrEqual(0)
        expect(behind).toBeLessThan(64)
      }
    }
  })
})

describe('SYN cookies', () => {
  test('[RFC4987 §3.6] a SYN for which there is no room is answered, and nothing is kept', () => {
    const { peer } = answered()
    expect(peer.tcp.synCache.size).toBe(1)
    expect(peer.tcp.flows.size).toBe(1)
    expect(peer.counters).toMatchObject({ TCPReqQFullDoCookies: 1, SyncookiesSent: 1, ListenDrops: 0 })
    peer.advance(200 * SECOND)
    expect(peer.takes().filter((line) => line.startsWith('S. 0:0'))).toEqual([])
  })

  test('[RFC4987 §3.6] the ACK that brings it back makes the connection', () => {
    const { peer } = answered()
    peer.sends('. 1:1(0) ack 1 win 500')
    peer.accepts()
    peer.state('ESTABLISHED')
    expect(peer.c.send.wnd).toBe(500)
    expect(peer.c.rtt.smoothed).toBe(0)
    expect(peer.counters).toMatchObject({ SyncookiesRecv: 1, SyncookiesFailed: 0, PassiveOpens: 1 })
    expect(peer.writes(10)).toBe(10)
    peer.expects('P. 1:11(10) ack 1')
    peer.sends('P. 1:21(20) ack 11')
    peer.expects('. 11:11(0) ack 21')
    expect(peer.reads()).toBe(20)
  })

  test('[RFC4987 §3.6] so does the first data, or a FIN, if the ACK was lost', () => {
    const { peer } = answered()
    peer.sends('P. 1:11(10) ack 1')
    peer.expects('. 1:1(0) ack 11')
    peer.accepts()
    expect(peer.reads()).toBe(10)
    const ended = answered().peer
    ended.sends('F. 1:1(0) ack 1')
    ended.expects('. 1:1(0) ack 2')
    ended.state('CLOSE-WAIT')
  })

  test('[RFC7323 §2.2] with timestamps the peer’s window scale and SACK are known again', () => {
    const { peer, options } = answered(SYN)
    expect(options).toMatch(/^mss 1460,sackOK,TS val \d+ ecr 100,nop,wscale 7$/)
    const val = Number(/TS val (\d+)/.exec(options)![1])
    peer.sends(`. 1:1(0) ack 1 win 500 <nop,nop,TS val 101 ecr ${val}>`)
    const c = peer.accepts()
    expect(c.options).toMatchObject({ timestamps: true, sack: true, windowScaling: true, sendShift: 7 })
    expect(c.send.wnd).toBe(500 << 7)
    expect(c.receive.tsRecent).not.toBe(0)
    expect(c.segmentSize).toBe(1448)
  })

  test('[RFC7323 §2.3] our scale is that of the buffer that the user chose, in the SYN-ACK and afterwards', () => {
    const { peer, options } = answered(SYN, {
      settings: { receiveBuffer: 400_000, isReceiveBufferFixed: true },
    })
    expect(options).toMatch(/wscale 2$/)
    const val = Number(/TS val (\d+)/.exec(options)![1])
    peer.sends(`. 1:1(0) ack 1 win 500 <nop,nop,TS val 101 ecr ${val}>`)
    expect(peer.accepts().options.receiveShift).toBe(2)
  })

  test('[RFC7323 §2.2] what the SYN did not offer is not agreed on', () => {
    const { peer, options } = answered('S 0:0(0) <mss 1460,nop,nop,TS val 100 ecr 0>')
    expect(options).not.toMatch(/sackOK|wscale/)
    const val = Number(/TS val (\d+)/.exec(options)![1])
    peer.sends(`. 1:1(0) ack 1 <nop,nop,TS val 101 ecr ${val}>`)
    const c = peer.accepts()
    expect(c.options).toMatchObject({ timestamps: true, sack: false, windowScaling: false, receiveShift: 0 })
  })

  test('[RFC4987 §3.6] without timestamps nothing carries options, and none are offered', () => {
    const { peer, options } = answered('S 0:0(0) <mss 1400,nop,nop,sackOK,nop,wscale 7>')
    expect(options).toBe('mss 1460')
    peer.sends('. 1:1(0) ack 1')
    const c = peer.accepts()
    expect(c.options).toMatchObject({ sendMss: 1300, sack: false, windowScaling: false, timestamps: false })
  })

  test('[RFC9293 §3.5.2] RST with ACK, or SYN with ACK, brings back a cookie in vain', () => {
    const { peer } = answered()
    peer.sends('R. 1:1(0) ack 1')
    peer.expectsNothing()
    expect(peer.listener!.queued).toBe(0)
    peer.sends('S. 1:1(0) ack 1')
    peer.expects('R 1:1(0)')
    expect(peer.listener!.queued).toBe(0)
    expect(peer.counters.SyncookiesRecv).toBe(0)
  })

  test('[RFC4987 §3.6] a wrong number is reset and counted', () => {
    const { peer } = answered()
    peer.sends('. 1:1(0) ack 2')
    peer.expects('R 2:2(0)')
    expect(peer.counters).toMatchObject({ SyncookiesFailed: 1, SyncookiesRecv: 0 })
  })

  test('[RFC4987 §3.6] an old cookie is reset: after two minutes at the latest', () => {
    const { peer } = answered()
    peer.advance(2 * MINUTE)
    peer.takes()
    peer.sends('. 1:1(0) ack 1')
    peer.expects('R 1:1(0)')
    peer.state('LISTEN')
  })

  test('[RFC4987 §3.6] a listener that has sent none lately does not look for any', () => {
    const { peer } = answered()
    peer.listener!.cookieAt = Number.NEGATIVE_INFINITY
    peer.sends('. 1:1(0) ack 1')
    peer.expects('R 1:1(0)')
    expect(peer.counters).toMatchObject({ SyncookiesFailed: 0, SyncookiesRecv: 0 })
  })

  test('tcp_syncookies 0: the SYN is dropped', () => {
    const peer = crowded({ sysctl: { tcp_syncookies: 0 } })
    peer.sends(SYN)
    peer.expectsNothing()
    expect(peer.counters).toMatchObject({ TCPReqQFullDrop: 1, ListenDrops: 1, SyncookiesSent: 0 })
  })

  test('tcp_syncookies 2: each SYN is answered with one', () => {
    const peer = listening({ sysctl: { tcp_syncookies: 2 } })
    peer.sends('S 0:0(0) <mss 1460>')
    peer.expectsCookie()
    expect(peer.tcp.synCache.size).toBe(0)
    peer.sends('. 1:1(0) ack 1')
    peer.state('ESTABLISHED')
  })

  test('[RFC9293 §3.10.1] a full accept queue: no cookie is sent, and one that comes back waits for room', () => {
    const { peer } = answered()
    peer.sendsFrom(1, '. 1:1(0) ack 1') // not of this connection: its number counts from another
    peer.takes()
    peer.listener!.backlog = -1
    peer.sends('. 1:1(0) ack 1')
    peer.expectsNothing()
    expect(peer.counters).toMatchObject({ ListenOverflows: 1, ListenDrops: 1 })
    peer.sendsFrom(3, 'S 0:0(0)')
    peer.expectsNothing()
    expect(peer.counters.ListenOverflows).toBe(2)
    peer.listener!.backlog = 0
    peer.sends('. 1:1(0) ack 1')
    peer.state('ESTABLISHED')
  })

  test('tcp_abort_on_overflow: a cookie that finds the accept queue full is not reset all the same, as on Linux', () => {
    const { peer } = answered('S 0:0(0) <mss 1460>', { sysctl: { tcp_abort_on_overflow: 1 } })
    peer.listener!.backlog = -1
    peer.sends('. 1:1(0) ack 1')
    peer.expectsNothing()
    expect(peer.counters).toMatchObject({ SyncookiesRecv: 1, ListenOverflows: 1, ListenDrops: 1, OutRsts: 0 })
  })

  test('[RFC3168 §6.1.1] ECN is known again from the timestamp', () => {
    const peer = crowded()
    peer.sends(SYN.replace('S', 'SEW'))
    const options = peer.expectsCookie('SE. 0:0(0) ack 1')
    const val = Number(/TS val (\d+)/.exec(options)![1])
    peer.sends(`. 1:1(0) ack 1 <nop,nop,TS val 101 ecr ${val}>`)
    expect(peer.accepts().options.ecn).toBe(true)
  })

  test('[RFC7323 §3] a cookie that tells what is switched off meanwhile is refused', () => {
    const { peer, options } = answered(SYN)
    const val = Number(/TS val (\d+)/.exec(options)![1])
    peer.sysctl.tcp_sack = 0
    peer.sends(`. 1:1(0) ack 1 <nop,nop,TS val 101 ecr ${val}>`)
    peer.expects('R 1:1(0)')
  })
})
