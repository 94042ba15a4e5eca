import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { DeliveryRate, type RateSample } from '../../src/tcp/delivery-rate.ts'
import type { Peer } from '../support/peer.ts'
import { connected } from '../support/peers.ts'

// Clauses are those of draft-ietf-ccwg-bbr-06.

const OPTIONS = 'mss 1000,sackOK,nop,nop,nop,wscale 7'

/** A window of ten segments, nothing yet sent. */
function opened(): Peer {
  const peer = connected({ options: OPTIONS, settings: { noDelay: true }, sysctl: { tcp_early_retrans: 0 } })
  peer.sends('. 1:1(0) ack 1 win 65535')
  return peer
}

const sampleOf = (peer: Peer): RateSample => peer.c.recovery.rate.sample

/** The peer acknowledges, `after` later. */
function acknowledges(peer: Peer, after: number, what: string): RateSample {
  peer.takes()
  peer.advance(after)
  peer.takes()
  peer.sends(`. 1:1(0) ${what}`)
  return sampleOf(peer)
}

describe('a sample', () => {
  test('[BBR §4.1.1.2.4] is what was delivered since the segment was sent, over that time', () => {
    const peer = opened()
    peer.writes(10_000)
    const sample = acknowledges(peer, 100 * MILLISECOND, 'ack 10001 win 65535')
    expect(sample.delivered).toBe(10_000)
    expect(sample.interval).toBe(100 * MILLISECOND)
    expect(sample.rate).toBe(100_000)
    expect(sample.newlyDelivered).toBe(10_000)
    expect(sample.inFlight).toBe(0)
  })

  test('[BBR §4.1.2.3] starts, with data in flight, from the last acknowledgement before the sending', () => {
    const peer = opened()
    peer.writes(10_000)
    acknowledges(peer, 100 * MILLISECOND, 'ack 5001 win 65535')
    peer.writes(5000)
    acknowledges(peer, 20 * MILLISECOND, 'ack 10001 win 65535')
    const sample = acknowledges(peer, 80 * MILLISECOND, 'ack 15001 win 65535')
    expect(sample.priorDelivered).toBe(5000)
    expect(sample.delivered).toBe(10_000)
    expect(sample.interval).toBe(100 * MILLISECOND)
  })

  test('[BBR §4.1.1.2.4] compressed acknowledgements do not shorten it below the time of sending', () => {
    const peer = opened()
    peer.c.congestion.window = 1 << 20
    peer.writes(2000)
    acknowledges(peer, 50 * MILLISECOND, 'ack 1001 win 65535')
    for (let i = 0; i < 5; i++) {
      peer.writes(1000)
      peer.takes()
      peer.advance(10 * MILLISECOND)
    }
    const last = acknowledges(peer, 0, 'ack 6001 win 65535')
    const sending = last.interval
    const sample = acknowledges(peer, 50 * MILLISECOND, 'ack 7001 win 65535')
    expect(sending).toBeGreaterThanOrEqual(40 * MILLISECOND)
    expect(sample.interval).toBeGreaterThanOrEqual(50 * MILLISECOND)
  })

  test('[BBR §4.1.2.3] is taken from the segment that was sent last, whatever the order of SACK blocks', () => {
    const peer = opened()
    peer.writes(4000)
    acknowledges(peer, 50 * MILLISECOND, 'ack 1001 win 65535')
    peer.writes(4000)
    const sample = acknowledges(
      peer,
      50 * MILLISECOND,
      'ack 1001 win 65535 <nop,nop,sack 5001:6001 2001:3001>',
    )
    expect(sample.priorDelivered).toBe(1000)
    expect(sample.delivered).toBe(2000)
    expect(sample.newlyDelivered).toBe(2000)
  })

  test('[BBR §4.1.2.3] an acknowledgement of nothing new is none, and leaves nothing of the last one', () => {
    const peer = opened()
    peer.writes(3000)
    acknowledges(peer, 50 * MILLISECOND, 'ack 1001 win 65535 <nop,nop,sack 2001:3001>')
    const sample = acknowledges(peer, MILLISECOND, 'ack 1001 win 65535 <nop,nop,sack 2001:3001>')
    expect(sample).toMatchObject({ hasData: false, delivered: 0, rate: 0, interval: 0, newlyDelivered: 0 })
  })

  test('[BBR §4.1.2.3] faster than the shortest round trip is no rate', () => {
    const rate = new DeliveryRate()
    const board = {
      arrivedSentAt: 5,
      recall: (_: number, out: object) => Object.assign(out, { sentAt: 5, firstSentAt: 0, deliveredAt: 0 }),
    }
    rate.begin()
    rate.arrived(board as never, 0, 100 as never)
    rate.count(1000, 9)
    rate.end(0, 10, 9)
    expect(rate.sample).toMatchObject({ hasData: true, delivered: 1000, rate: 0 })
  })

  test('[BBR §2.4] tells what was in flight when it was sent, and what has been lost since', () => {
    const peer = opened()
    peer.writes(8000)
    const sample = acknowledges(peer, 50 * MILLISECOND, 'ack 1 win 65535 <nop,nop,sack 4001:8001>')
    expect(sample.inFlightAtSend).toBe(8000)
    expect(sample.lost).toBe(4000)
    expect(sample.newlyLost).toBe(4000)
    expect(peer.c.recovery.board.everLost).toBe(4000)
    const next = acknowledges(peer, 50 * MILLISECOND, 'ack 1001 win 65535 <nop,nop,sack 4001:8001>')
    expect(next.lost).toBe(0)
    expect(next.newlyLost).toBe(0)
  })
})

describe('an application that has nothing to send', () => {
  test('[BBR §4.1.1.3] marks what it sends next, until what was in flight then has arrived', () => {
    const peer = opened()
    peer.writes(50_000)
    expect(acknowledges(peer, 50 * MILLISECOND, 'ack 10001 win 65535').isAppLimited).toBe(true) // nothing was known yet
    expect(acknowledges(peer, 50 * MILLISECOND, 'ack 30001 win 65535').isAppLimited).toBe(false)
    expect(acknowledges(peer, 50 * MILLISECOND, 'ack 50001 win 65535').isAppLimited).toBe(false)
    peer.writes(1000)
    expect(acknowledges(peer, 50 * MILLISECOND, 'ack 51001 win 65535').isAppLimited).toBe(true)
    expect(peer.c.recovery.rate.isAppLimited).toBe(true)
    peer.writes(100_000)
    acknowledges(peer, 50 * MILLISECOND, 'ack 60001 win 65535')
    expect(peer.c.recovery.rate.isAppLimited).toBe(false)
  })

  test('[BBR §4.1.2.3] idling is no part of a sample', () => {
    const peer = opened()
    peer.writes(1000)
    acknowledges(peer, 50 * MILLISECOND, 'ack 1001 win 65535')
    peer.advance(10 * SECOND)
    peer.writes(1000)
    expect(acknowledges(peer, 50 * MILLISECOND, 'ack 2001 win 65535').interval).toBe(50 * MILLISECOND)
  })

  test('its slower rates are not told to who asks', () => {
    const peer = opened()
    peer.writes(30_000)
    acknowledges(peer, 100 * MILLISECOND, 'ack 10001 win 65535')
    acknowledges(peer, 100 * MILLISECOND, 'ack 30001 win 65535')
    expect(peer.c.recovery.rate).toMatchObject({ latest: 200_000, isLatestLimited: false })
    peer.writes(1000)
    acknowledges(peer, 100 * MILLISECOND, 'ack 31001 win 65535')
    expect(peer.c.recovery.rate).toMatchObject({ latest: 200_000, isLatestLimited: false })
  })
})
