import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import * as calls from '../../src/tcp/calls.ts'
import { MOST_SERVERS } from '../../src/tcp/fast-open-client.ts'
import { FastOpenFailure } from '../../src/tcp/fast-open-state.ts'
import { OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT, Peer, type PeerOptions } from '../support/peer.ts'

const COOKIE = '3021b9d889017eeb'

/** Our user opens with Fast Open and `length` bytes of data. */
function opens(peer: Peer, length = 0, port = OUR_PORT): void {
  const fastOpen = peer.tcp.fastOpen.begin(PEER_ADDRESS, PEER_PORT, peer.settings.fastOpenNoCookie, peer.now)
  peer.connection = peer.tcp.connect(
    OUR_ADDRESS,
    port,
    PEER_ADDRESS,
    PEER_PORT,
    peer.settings,
    peer.now,
    fastOpen,
  )
  peer.restarts()
  if (length > 0) peer.writes(length)
}

/** Knows the peer's cookie; the connection that brought it is gone. */
function informed(options: PeerOptions & { mss?: number; cookie?: string } = {}): Peer {
  const peer = new Peer(options)
  opens(peer)
  peer.expects('S 0:0(0)')
  peer.sends(`S. 0:0(0) ack 1 <mss ${options.mss ?? 1460},${options.cookie ?? `FO ${COOKIE}`},nop,nop>`)
  peer.expects('. 1:1(0) ack 1')
  peer.sends('R 1:1(0)')
  peer.state('CLOSED')
  return peer
}

describe('a Fast Open client', () => {
  test('[RFC7413 §4.2.1] asks for a cookie first', () => {
    const peer = new Peer({ sysctl: { tcp_window_scaling: 0 } })
    opens(peer, 100)
    peer.expects('S 0:0(0) <mss 1460,sackOK,TS val 1000 ecr 0,FO,nop,nop>')
    expect(peer.c.fastOpen!.failure).toBe(FastOpenFailure.NoCookie)
    peer.sends(`S. 0:0(0) ack 1 <mss 1460,FO ${COOKIE},nop,nop>`)
    peer.expects('P. 1:101(100) ack 1')
    expect(peer.tcp.fastOpen.size).toBe(1)
    expect(peer.counters).toMatchObject({ TCPFastOpenActive: 0, TCPFastOpenActiveFail: 0 })
  })

  test('[RFC7413 §4.2.2] with one, the first data goes with the SYN', () => {
    const peer = informed()
    opens(peer, 100)
    const { segment } = peer.expects('S 0:100(100)')
    expect(segment.fastOpenLength).toBe(8)
    peer.sends('S. 0:0(0) ack 101 <mss 1460>')
    peer.expects('. 101:101(0) ack 1')
    peer.state('ESTABLISHED')
    expect(peer.c.send.queue.length).toBe(0)
    expect(peer.c.bytesAcked).toBe(100)
    expect(peer.counters).toMatchObject({ TCPFastOpenActive: 1, TCPFastOpenActiveFail: 0, RetransSegs: 0 })
    expect(peer.c.fastOpen!.isDataAcknowledged).toBe(true)
    peer.writes(10)
    peer.expects('P. 101:111(10) ack 1')
    peer.sends('. 1:1(0) ack 111')
    expect(peer.c.send.flight).toBe(0)
  })

  test('[RFC7413 §4.2.2] not acknowledged: it is sent again at once', () => {
    const peer = informed()
    opens(peer, 100)
    peer.takes()
    peer.sends('S. 0:0(0) ack 1 <mss 1460>')
    peer.expects('P. 1:101(100) ack 1')
    expect(peer.counters).toMatchObject({ TCPFastOpenActive: 0, TCPFastOpenActiveFail: 1 })
    expect(peer.c.fastOpen!.failure).toBe(FastOpenFailure.NotAcknowledged)
  })

  test('[RFC7413 §4.2.2] acknowledged in part: the rest is sent again', () => {
    const peer = informed()
    opens(peer, 100)
    peer.takes()
    peer.sends('S. 0:0(0) ack 41 <mss 1460>')
    peer.expects('P. 41:101(60) ack 1')
    expect(peer.counters.TCPFastOpenActive).toBe(1)
  })

  test('[RFC9293 §3.10.7.3] an ACK of more than was sent is reset', () => {
    const peer = informed()
    opens(peer, 100)
    peer.takes()
    peer.sends('S. 0:0(0) ack 102 <mss 1460>')
    peer.expects('R 102:102(0)')
    peer.state('SYN-SENT')
  })

  test('[RFC7413 §4.2.2] the SYN is lost: what is sent again carries neither cookie nor data', () => {
    const peer = informed()
    opens(peer, 100)
    peer.takes()
    peer.advance(SECOND)
    const { segment } = peer.expects('S 0:0(0)')
    expect(segment.fastOpenLength).toBe(-1)
    peer.sends('S. 0:0(0) ack 1 <mss 1460>')
    peer.expects('P. 1:101(100) ack 1')
    expect(peer.c.fastOpen!.failure).toBe(FastOpenFailure.SynLost)
  })

  test('[RFC7413 §4.2.2] the SYN-ACK is lost: the data counts as received', () => {
    const peer = informed()
    opens(peer, 100)
    peer.takes()
    peer.advance(SECOND)
    peer.takes()
    peer.sends('S. 0:0(0) ack 101 <mss 1460>')
    peer.expects('. 101:101(0) ack 1')
    expect(peer.counters.TCPFastOpenActive).toBe(1)
  })

  test('[RFC7413 §4.1.3.1] MUST: after a lost SYN no data goes to that port for a while, twice as long each time', () => {
    const peer = informed()
    for (const pause of [60, 120]) {
      opens(peer, 100)
      peer.expects('S 0:100(100)')
      peer.advance(SECOND)
      peer.aborts()
      peer.takes()
      opens(peer, 100, 50_000)
      expect(peer.expects('S 0:0(0)').segment.fastOpenLength).toBe(-1)
      peer.aborts()
      peer.advance(pause * SECOND)
      peer.takes()
    }
    opens(peer, 100)
    peer.expects('S 0:100(100)')
    peer.sends('S. 0:0(0) ack 101 <mss 1460>')
    peer.aborts()
    peer.takes()
    opens(peer, 100)
    peer.expects('S 0:100(100)')
  })

  test('[RFC7413 §4.1.3] no more data than the server’s MSS, and room for options, lets go', () => {
    const small = informed({ mss: 600 })
    opens(small, 5000)
    small.expects('S 0:560(560)')
    const large = informed({ mss: 9000, mtu: 9000 })
    opens(large, 5000)
    large.expects('S 0:1420(1420)')
    large.sends('S. 0:0(0) ack 1421 <mss 9000>')
    expect(large.takes()[0]).toMatch(/^[P.]+ 1421:5001\(3580\) ack 1/)
  })

  test('[RFC7413 §4.1.2] a new cookie takes the old one’s place', () => {
    const peer = informed()
    opens(peer, 10)
    peer.takes()
    peer.sends('S. 0:0(0) ack 11 <mss 1460,FO aabbccddeeff,nop,nop,nop,nop>')
    peer.takes()
    peer.aborts()
    peer.takes()
    opens(peer, 10)
    const { segment } = peer.expects('S 0:10(10)')
    expect(segment.fastOpenLength).toBe(6)
    expect(peer.tcp.fastOpen.size).toBe(1)
  })

  test('[RFC7413 §8] a server that knows only the experimental option is asked and told in that', () => {
    const peer = informed({ cookie: `FOEXP ${COOKIE}` })
    opens(peer, 10)
    const { segment } = peer.expects('S 0:10(10)')
    expect(segment).toMatchObject({ fastOpenLength: 8, isFastOpenExperimental: true })
  })

  test('tcp_fastopen 4, or TCP_FASTOPEN_NO_COOKIE: data without a cookie, and none is asked for', () => {
    const bold = new Peer({ sysctl: { tcp_fastopen: 5 } })
    const trusting = new Peer({ settings: { fastOpenNoCookie: true } })
    for (const peer of [bold, trusting]) {
      opens(peer, 100)
      const { segment } = peer.expects('S 0:100(100)')
      expect(segment.fastOpenLength).toBe(-1)
    }
  })

  test('[RFC7413 §4.1.3] cookies of so many servers are kept, and no more', () => {
    const peer = new Peer()
    for (let i = 0; i < MOST_SERVERS + 10; i++) {
      const fastOpen = peer.tcp.fastOpen.begin(PEER_ADDRESS, PEER_PORT, false, peer.now)
      fastOpen.cookie.length = 0
      const c = peer.tcp.connect(
        OUR_ADDRESS,
        OUR_PORT,
        PEER_ADDRESS,
        PEER_PORT,
        peer.settings,
        peer.now,
        fastOpen,
      )
      Object.defineProperty(c, 'remote', { value: 0x0b000000 + i })
      peer.connection = c
      peer.takes()
      peer.sends(`S. 0:0(0) ack 1 <mss 1460,FO ${COOKIE},nop,nop>`)
      Object.defineProperty(c, 'remote', { value: PEER_ADDRESS })
      calls.abort(c)
      peer.takes()
    }
    expect(peer.tcp.fastOpen.size).toBe(MOST_SERVERS)
  })

  test('tcp_fastopen_blackhole_timeout_sec: three time-outs in a row end it for everybody, for a time', () => {
    const peer = informed({ sysctl: { tcp_fastopen_blackhole_timeout_sec: 3600 } })
    opens(peer, 100)
    peer.advance(3 * SECOND)
    expect(peer.counters.TCPFastOpenBlackhole).toBe(1)
    peer.aborts()
    peer.takes()
    const other = () => peer.tcp.fastOpen.begin(PEER_ADDRESS, 80, true, peer.now)
    expect(other().mostData).toBe(0)
    peer.advance(3600 * SECOND)
    expect(other().mostData).toBeGreaterThan(0)
  })

  test('[RFC9293 §3.10.7.3] simultaneous open: the data waits for the handshake', () => {
    const peer = informed()
    opens(peer, 100)
    peer.takes()
    peer.sends('S 0:0(0) <mss 1460>')
    peer.expects('S. 0:0(0) ack 1')
    peer.sends('. 1:1(0) ack 1')
    peer.expects('P. 1:101(100) ack 1')
  })
})
