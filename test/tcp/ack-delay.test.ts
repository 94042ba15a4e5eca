import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import type { Peer, PeerOptions } from '../support/peer.ts'
import { established, synReceived } from '../support/peers.ts'

/** Established over a path with a round trip of 300 ms, and past the acknowledgements at once that follow a handshake. */
function delaying(options: PeerOptions = {}): Peer {
  const peer = synReceived(options)
  peer.advance(300 * MILLISECOND)
  peer.sends('. 1:1(0) ack 1')
  peer.accepts()
  peer.c.acks.quick = 0
  return peer
}

/** When the one acknowledgement came that was sent since `from`. */
function ackedAt(peer: Peer, from: number): number {
  peer.advance(500 * MILLISECOND)
  const times = peer.takesTimes()
  expect(times).toHaveLength(1)
  return times[0]! - from
}

/** Short segments of ten bytes, `gap` apart; returns when the last arrived. */
function trickles(peer: Peer, count: number, gap: number, from = 1): number {
  let at = from
  for (let i = 0; i < count; i++, at += 10) {
    if (i > 0) peer.advance(gap)
    peer.takes()
    peer.sends(`P. ${at}:${at + 10}(10) ack 1`)
  }
  return peer.elapsed
}

describe('how long an acknowledgement waits', () => {
  test('[RFC9293 §3.8.6.3] MUST-40: 40 ms at first', () => {
    const peer = delaying()
    expect(ackedAt(peer, trickles(peer, 1, 0))).toBe(40 * MILLISECOND)
  })

  test('[RFC9293 §3.8.6.3] MUST-40: longer when no answer comes in time, never more than 200 ms', () => {
    const peer = delaying()
    const waits: number[] = []
    for (let i = 0; i < 5; i++) {
      const start = trickles(peer, 1, 0, 1 + 10 * i)
      peer.advance(250 * MILLISECOND)
      waits.push(peer.takesTimes()[0]! - start)
    }
    expect(waits.map((wait) => wait / MILLISECOND)).toEqual([40, 80, 160, 200, 200])
  })

  test('[RFC9293 §3.8.6.3] never longer than a round trip', () => {
    const peer = delaying()
    for (let i = 0; i < 40; i++) peer.c.rtt.sample(60 * MILLISECOND, 60 * MILLISECOND)
    trickles(peer, 1, 0)
    peer.advance(100 * MILLISECOND)
    peer.takes()
    const start = trickles(peer, 1, 0, 11)
    peer.advance(100 * MILLISECOND)
    const wait = peer.takesTimes()[0]! - start
    expect(wait).toBeGreaterThan(40 * MILLISECOND)
    expect(wait).toBeLessThan(75 * MILLISECOND)
  })

  test('a delay that is about to end is not waited for', () => {
    const peer = delaying()
    const first = trickles(peer, 1, 0)
    peer.advance(30 * MILLISECOND)
    peer.sends('P. 11:21(10) ack 1')
    peer.expects('. 1:1(0) ack 21')
    expect(peer.elapsed - first).toBe(30 * MILLISECOND)
  })

  test('after a silence longer than the time-out acknowledgements are at once again', () => {
    const peer = delaying()
    trickles(peer, 1, 0)
    peer.advance(10 * SECOND)
    peer.takes()
    peer.sends('P. 11:21(10) ack 1')
    peer.expects('. 1:1(0) ack 21')
  })

  test('[RFC9293 §3.8.6.3] at once, not more than fit half the window', () => {
    const peer = established({ settings: { receiveBuffer: 8192 } })
    peer.sends('P. 1:11(10) ack 1')
    peer.expects('. 1:1(0) ack 11')
    expect(peer.c.acks.quick).toBe(1)
  })

  test('a duplicate tells that acknowledgements are lost: the next are at once', () => {
    const peer = delaying()
    trickles(peer, 1, 0)
    peer.advance(SECOND)
    peer.takes()
    peer.c.acks.quick = 0
    peer.sends('P. 1:11(10) ack 1')
    peer.expects('. 1:1(0) ack 11')
    expect(peer.counters.DelayedACKLost).toBe(1)
    peer.sends('P. 11:21(10) ack 1')
    peer.expects('. 1:1(0) ack 21')
  })
})

/** A request of ten bytes, answered at once by as many. */
function answered(options: PeerOptions = {}): Peer {
  const peer = established(options)
  peer.sends('P. 1:11(10) ack 1')
  peer.writes(10)
  peer.expects('P. 1:11(10) ack 11')
  return peer
}

describe('data in both directions', () => {
  test('an answer makes acknowledgements wait for the next one, though quick ones are left', () => {
    const peer = answered()
    peer.sends('P. 11:21(10) ack 11')
    peer.expectsNothing()
    peer.writes(10)
    peer.expects('P. 11:21(10) ack 21')
  })

  test('a late answer makes none', () => {
    const peer = established()
    peer.sends('P. 1:11(10) ack 1')
    peer.expects('. 1:1(0) ack 11')
    peer.advance(50 * MILLISECOND)
    peer.writes(10)
    peer.expects('P. 1:11(10) ack 11')
    peer.sends('P. 11:21(10) ack 11')
    peer.expects('. 11:11(0) ack 21')
  })

  test('an acknowledgement that no answer carried ends it', () => {
    const peer = answered()
    peer.sends('P. 11:21(10) ack 11')
    expect(ackedAt(peer, peer.elapsed)).toBe(40 * MILLISECOND)
    peer.sends('P. 21:31(10) ack 11')
    peer.expects('. 11:11(0) ack 31')
  })

  test('tcp_pingpong_thresh answers are needed', () => {
    const peer = answered({ sysctl: { tcp_pingpong_thresh: 2 } })
    peer.sends('P. 11:21(10) ack 11')
    peer.expects('. 11:11(0) ack 21')
    peer.writes(10)
    peer.expects('P. 11:21(10) ack 21')
    peer.sends('P. 21:31(10) ack 21')
    peer.expectsNothing()
  })
})

describe('TCP_QUICKACK', () => {
  /** A request, answered at once: acknowledgements wait for the next answer. */
  function talking(): Peer {
    const peer = answered()
    peer.reads()
    expect(peer.c.ackDelay.isTwoWay(peer.c)).toBe(true)
    return peer
  }

  test('[tcp(7)] 1: what has been read is acknowledged at once, and what comes next', () => {
    const peer = talking()
    peer.sends('P. 11:21(10) ack 11')
    peer.reads()
    peer.expectsNothing()
    peer.c.ackDelay.prefer(peer.c, 1)
    peer.c.speak()
    peer.expects('. 11:11(0) ack 21')
    peer.sends('P. 21:31(10) ack 11')
    peer.expects('. 11:11(0) ack 31')
  })

  test('[tcp(7)] it is not permanent: an answer ends it, and so do the quick ones that are left', () => {
    const peer = talking()
    peer.c.ackDelay.prefer(peer.c, 1)
    peer.sends('P. 11:21(10) ack 11')
    peer.expects('. 11:11(0) ack 21')
    peer.writes(10)
    peer.expects('P. 11:21(10) ack 21')
    peer.sends('P. 21:31(10) ack 21')
    peer.expectsNothing()
    const other = delaying()
    other.c.acks.quick = 1
    other.c.ackDelay.prefer(other.c, 1)
    other.sends('P. 1:11(10) ack 1')
    other.expects('. 1:1(0) ack 11')
    other.sends('P. 11:21(10) ack 1')
    other.expectsNothing()
  })

  test('what nobody has read yet goes on waiting', () => {
    const peer = talking()
    peer.sends('P. 11:21(10) ack 11')
    peer.c.ackDelay.prefer(peer.c, 1)
    peer.c.speak()
    peer.expectsNothing()
    expect(ackedAt(peer, peer.elapsed)).toBe(40 * MILLISECOND)
  })

  test('an even number: only what is owed', () => {
    const peer = talking()
    peer.sends('P. 11:21(10) ack 11')
    peer.reads()
    peer.c.ackDelay.prefer(peer.c, 2)
    peer.c.speak()
    peer.expects('. 11:11(0) ack 21')
    peer.sends('P. 21:31(10) ack 11')
    peer.expectsNothing()
  })

  test('0: acknowledgements wait for an answer, until one is missed', () => {
    const peer = established()
    peer.c.ackDelay.prefer(peer.c, 0)
    peer.sends('P. 1:11(10) ack 1')
    peer.expectsNothing()
    expect(ackedAt(peer, peer.elapsed)).toBe(40 * MILLISECOND)
    peer.sends('P. 11:21(10) ack 1')
    peer.expects('. 1:1(0) ack 21')
  })
})

describe('what the user reads', () => {
  test('[RFC9293 §3.8.6.3] all of it: the acknowledgement goes at once', () => {
    const peer = delaying()
    peer.sends('P. 1:101(100) ack 1')
    peer.reads(50)
    peer.expectsNothing()
    peer.reads()
    peer.expects('. 1:1(0) ack 101')
  })

  test('a full segment without PSH has a successor that may be waited for', () => {
    const peer = delaying()
    peer.sends('. 1:1461(1460) ack 1')
    peer.reads()
    peer.expectsNothing()
    peer.sends('P. 1461:2921(1460) ack 1')
    peer.expects('. 1:1(0) ack 2921')
  })

  test('with data in both directions the answer is waited for', () => {
    const peer = answered()
    peer.sends('P. 11:21(10) ack 11')
    peer.reads()
    peer.expectsNothing()
  })
})
