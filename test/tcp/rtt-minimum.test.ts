import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { WindowedMinimum } from '../../src/tcp/windowed-minimum.ts'
import type { Peer } from '../support/peer.ts'
import { synReceived } from '../support/peers.ts'

describe('the least value of a window', () => {
  test('is the least of all within it', () => {
    const filter = new WindowedMinimum()
    expect(filter.value).toBe(Number.POSITIVE_INFINITY)
    expect([50, 70, 40, 90].map((value, i) => filter.add(value, i, 100))).toEqual([50, 50, 40, 40])
  })

  test('is forgotten with its window, and the best since takes its place', () => {
    const filter = new WindowedMinimum()
    filter.add(10, 0, 100)
    filter.add(30, 30, 100)
    filter.add(40, 60, 100)
    expect(filter.add(50, 100, 100)).toBe(10)
    expect(filter.add(50, 101, 100)).toBe(30)
    expect(filter.add(50, 131, 100)).toBe(40)
    expect(filter.add(50, 240, 100)).toBe(50)
  })

  test('after a silence longer than the window only the newest counts', () => {
    const filter = new WindowedMinimum()
    filter.add(10, 0, 100)
    expect(filter.add(90, 500, 100)).toBe(90)
  })

  test('is never older than the window, nor better than the best, whatever comes', () => {
    const random = new SeededRandom(3)
    const filter = new WindowedMinimum()
    const seen: { value: number; at: number }[] = []
    for (let i = 0, at = 0; i < 5000; i++, at += random.below(20)) {
      const value = 100 + random.below(1000)
      seen.push({ value, at })
      const least = filter.add(value, at, 1000)
      const window = seen.filter((sample) => at - sample.at <= 1000).map((sample) => sample.value)
      expect(window).toContain(least)
      expect(least).toBeGreaterThanOrEqual(Math.min(...window))
    }
  })
})

describe('the smallest round trip', () => {
  function measured(): Peer {
    const peer = synReceived()
    peer.advance(20 * MILLISECOND)
    peer.sends('. 1:1(0) ack 1')
    peer.accepts()
    return peer
  }

  let at = 1
  function takes(peer: Peer, bytes: number, rtt: number): void {
    peer.writes(bytes)
    peer.takes()
    peer.advance(rtt)
    at += bytes
    peer.takes()
    peer.sends(`. 1:1(0) ack ${at}`)
  }

  test('tcp_min_rtt_wlen: is forgotten after five minutes', () => {
    at = 1
    const peer = measured()
    takes(peer, 2920, 50 * MILLISECOND)
    expect(peer.c.rtt.minimum).toBe(20 * MILLISECOND)
    peer.advance(301 * SECOND)
    takes(peer, 2920, 60 * MILLISECOND)
    expect(peer.c.rtt.minimum).toBe(60 * MILLISECOND)
  })

  test('an acknowledgement that may have waited does not count', () => {
    at = 1
    const peer = measured()
    peer.advance(301 * SECOND)
    takes(peer, 100, 60 * MILLISECOND)
    expect(peer.c.rtt.minimum).toBe(20 * MILLISECOND)
  })
})
