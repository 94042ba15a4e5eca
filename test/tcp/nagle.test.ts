import { describe, expect, test } from 'vitest'
import { MILLISECOND } from '../../src/base/time.ts'
import type { Peer } from '../support/peer.ts'
import { connected } from '../support/peers.ts'

/** The flags of all segments that were sent, one after the other. */
const flagsOf = (peer: Peer): string =>
  peer
    .takes()
    .map((line) => line.split(' ')[0])
    .join(' ')

describe('Nagle’s algorithm', () => {
  test('[RFC9293 §3.7.4] SHLD-7: a second short segment waits for the first one’s ACK', () => {
    const peer = connected()
    peer.writes(100)
    peer.expects('P. 1:101(100) ack 1')
    peer.writes(100)
    peer.expectsNothing()
    peer.writes(50)
    peer.expectsNothing()
    peer.sends('. 1:1(0) ack 101')
    peer.expects('P. 101:251(150) ack 1')
  })

  test('[RFC9293 §3.7.4] a full segment does not wait, its short rest does', () => {
    const peer = connected()
    peer.writes(100)
    peer.expects('P. 1:101(100) ack 1')
    peer.writes(1500)
    peer.expects('. 101:1561(1460) ack 1')
    peer.expectsNothing()
    peer.sends('. 1:1(0) ack 101')
    peer.expects('P. 1561:1601(40) ack 1')
  })

  test('Minshall: full segments outstanding hold nothing back', () => {
    const peer = connected()
    peer.writes(1460)
    peer.expects('P. 1:1461(1460) ack 1')
    peer.writes(100)
    peer.expects('P. 1461:1561(100) ack 1')
  })

  test('[RFC9293 §3.7.4] MUST-17: it can be turned off', () => {
    const peer = connected({ settings: { noDelay: true } })
    peer.writes(100)
    peer.expects('P. 1:101(100) ack 1')
    peer.writes(100)
    peer.expects('P. 101:201(100) ack 1')
  })

  test('a FIN lets the rest go', () => {
    const peer = connected()
    peer.writes(100)
    peer.expects('P. 1:101(100) ack 1')
    peer.writes(100)
    peer.closes()
    peer.expects('FP. 101:201(100) ack 1')
  })

  test('[RFC9293 §3.9.1.2] SHLD-28, SHLD-27, MAY-16: what is written before the turn’s end goes out in full segments', () => {
    const peer = connected()
    for (let i = 0; i < 30; i++) peer.writes(100)
    peer.expects('. 1:1461(1460)')
    peer.expects('. 1461:2921(1460)')
    peer.expects('P. 2921:3001(80)')
  })
})

describe('TCP_CORK', () => {
  const corked = () => connected({ settings: { cork: true } })

  test('only full segments go out', () => {
    const peer = corked()
    peer.writes(2000)
    peer.expects('. 1:1461(1460)')
    peer.expectsNothing()
    peer.sends('. 1:1(0) ack 1461')
    peer.expectsNothing()
  })

  test('for at most an RTO', () => {
    const peer = corked()
    peer.writes(100)
    peer.expectsNothing()
    peer.advance(200 * MILLISECOND)
    peer.expectsNothing()
    peer.advance(MILLISECOND)
    peer.expects('P. 1:101(100) ack 1')
    expect(peer.counters.TCPWinProbe).toBe(0)
    expect(peer.c.rtt.backoff).toBe(0)
    peer.sends('. 1:1(0) ack 101')
    peer.writes(100)
    peer.expectsNothing()
  })

  test('a FIN lets the rest go', () => {
    const peer = corked()
    peer.writes(100)
    peer.closes()
    peer.expects('FP. 1:101(100) ack 1')
  })

  test('uncorking does', () => {
    const peer = corked()
    peer.writes(100)
    peer.expectsNothing()
    peer.settings.cork = false
    peer.c.speak()
    peer.expects('P. 1:101(100) ack 1')
  })
})

describe('PSH', () => {
  /** Without the PSH of those that leave together. */
  function alone(options: Parameters<typeof connected>[0] = {}): ReturnType<typeof connected> {
    const peer = connected(options)
    Object.assign(peer.profile, { pushesBursts: false })
    return peer
  }

  test('[RFC9293 §3.9.1.2] MUST-61: on the last buffered segment', () => {
    const peer = alone()
    peer.writes(4000)
    expect(flagsOf(peer)).toBe('. . P.')
  })

  test('[RFC9293 §3.9.1.2] MUST-60: a stream without an end is pushed each window, by pieces of half of it', () => {
    const peer = alone({ win: 8760 })
    peer.writes(100_000)
    expect(flagsOf(peer)).toBe('. . . . . P.')
  })

  test('as on Linux, on the last of those that leave together: half a window at most', () => {
    const peer = connected()
    peer.writes(100_000)
    expect(flagsOf(peer)).toBe('. . . . P. . . . . P.')
  })

  test('as on Linux, the farther the peer the fewer leave together, down to tcp_min_tso_segs', () => {
    const peer = connected()
    peer.writes(1460)
    peer.takes()
    peer.sends('. 1:1(0) ack 1461')
    peer.c.rtt.minimum = 100 * MILLISECOND
    peer.c.rtt.smoothed = 100 * MILLISECOND
    peer.writes(100_000)
    expect(flagsOf(peer)).toBe('. P. . P. . P. . P. . P.')
  })

  test('not on what is said to go on (MSG_MORE)', () => {
    const peer = alone()
    peer.writes(1460)
    peer.expects('P. 1:1461(1460)')
    peer.writes(1460)
    peer.c.send.wrote(true)
    peer.expects('. 1461:2921(1460)')
  })
})
