import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { Timer } from '../../src/tcp/timers.ts'
import type { Peer, PeerOptions } from '../support/peer.ts'
import { connected } from '../support/peers.ts'

const SEGMENT = 1000

/** An open window, and a rate in bytes a second that the user has set. */
function paced(maxPacingRate: number, options: PeerOptions = {}): Peer {
  const peer = connected({
    options: `mss ${SEGMENT},nop,wscale 7`,
    settings: { maxPacingRate, sendBuffer: 1 << 20 },
    ...options,
  })
  peer.c.congestion.window = 1 << 24
  peer.sends('. 1:1(0) ack 1 win 65535')
  peer.takes()
  return peer
}

/** When segments left, in microseconds from now, within `duration`. */
function departures(peer: Peer, duration: number): number[] {
  const from = peer.elapsed
  peer.advance(duration)
  return peer.takesTimes().map((at) => at - from)
}

describe('pacing', () => {
  test('[BBR §5.6.2] segments leave in pairs, as far apart as the rate has it', () => {
    const peer = paced(1_000_000)
    peer.writes(10 * SEGMENT)
    expect(departures(peer, SECOND / 10)).toEqual(
      [0, 0, 2, 2, 4, 4, 6, 6, 8, 8].map((ms) => ms * MILLISECOND),
    )
  })

  test('[BBR §5.6.3] a burst is what the rate gives in a millisecond', () => {
    const peer = paced(10_000_000)
    peer.writes(30 * SEGMENT)
    const times = departures(peer, SECOND)
    for (const [i, at] of [0, 1000, 2000].entries()) {
      expect(times.slice(10 * i, 10 * i + 10)).toEqual(new Array(10).fill(at))
    }
  })

  test('[BBR §5.6.3] and not more than 64 KB, which offload takes as one', () => {
    const peer = paced(1_000_000_000, {
      offload: true,
      settings: { maxPacingRate: 1e9, sendBuffer: 1 << 20 },
    })
    peer.writes(200_000)
    expect(peer.takes()).toEqual(['P. 1:65001(65000) ack 1 win 1024 gso 1000'])
    peer.advance(65)
    expect(peer.takes()).toEqual(['P. 65001:130001(65000) ack 1 win 1024 gso 1000'])
  })

  test('without a rate nothing is held back', () => {
    const peer = paced(0)
    peer.writes(50 * SEGMENT)
    expect(departures(peer, 0)).toHaveLength(50)
  })

  test('what was not sent while idle is not made up for', () => {
    const peer = paced(1_000_000)
    peer.writes(2 * SEGMENT)
    departures(peer, SECOND / 100)
    peer.sends('. 1:1(0) ack 2001 win 65535')
    peer.advance(SECOND)
    peer.writes(6 * SEGMENT)
    expect(departures(peer, SECOND / 10)).toEqual([0, 0, 2, 2, 4, 4].map((ms) => ms * MILLISECOND))
  })

  test('a timer that comes late costs nothing, up to half a burst', () => {
    const peer = paced(1_000_000)
    peer.writes(10 * SEGMENT)
    peer.takes()
    // Nothing runs for 2.5 ms; the next burst was due after 2.
    peer.now += 2.5 * MILLISECOND
    peer.tcp.advance(peer.now)
    expect(departures(peer, 6 * MILLISECOND)).toEqual(
      [0, 0, 1.5, 1.5, 3.5, 3.5, 5.5, 5.5].map((ms) => ms * MILLISECOND),
    )
  })

  test('what is lost is sent again at the rate too, and first', () => {
    const peer = paced(1_000_000, {
      options: `mss ${SEGMENT},sackOK,nop,nop,nop,wscale 7`,
      sysctl: { tcp_congestion_control: 'reno' },
    })
    peer.writes(8 * SEGMENT)
    departures(peer, 10 * MILLISECOND)
    peer.writes(2 * SEGMENT)
    departures(peer, 0)
    peer.writes(2 * SEGMENT)
    peer.sends('. 1:1(0) ack 1 win 65535 <nop,nop,sack 4001:8001>')
    // The reduction (RFC 9937) lets three of four go.
    for (const pair of [[1, 1001], [2001]]) {
      peer.advance(2 * MILLISECOND)
      expect(peer.takes().map((line) => Number(line.split(/[ :]/)[1]))).toEqual(pair)
    }
  })

  test('acknowledgements and a lone FIN do not wait', () => {
    const peer = paced(1000)
    peer.writes(2 * SEGMENT)
    peer.takes()
    peer.sends('. 1:1001(1000) ack 2001 win 65535', '. 1001:2001(1000) ack 2001 win 65535')
    peer.expects('. 2001:2001(0) ack 2001')
    peer.closes()
    peer.expects('F. 2001:2001(0)')
  })

  test('leaves no timer when all is sent', () => {
    const peer = paced(1_000_000)
    peer.writes(6 * SEGMENT)
    departures(peer, 10 * MILLISECOND)
    peer.sends('. 1:1(0) ack 6001 win 65535')
    expect(peer.c.timers.isArmed(Timer.Pace)).toBe(false)
  })

  test('a shut window ends the waiting for the rate', () => {
    const peer = paced(1_000_000)
    peer.writes(4 * SEGMENT)
    peer.sends('. 1:1(0) ack 1 win 0')
    expect(departures(peer, 100 * MILLISECOND)).toEqual([0, 0])
  })
})

describe('BBR paces', () => {
  test('[BBR §5.6.2] from the first flight on: 2.77 initial windows a round trip', () => {
    const peer = connected({
      options: `mss ${SEGMENT},nop,wscale 7`,
      settings: { congestionControl: 'bbr' },
    })
    peer.writes(10 * SEGMENT)
    // The handshake took no time, which is taken for a millisecond: 27.7 MB a second.
    const times = departures(peer, MILLISECOND)
    expect(times).toHaveLength(10)
    expect(times[9]).toBeLessThan(400)
  })
})
