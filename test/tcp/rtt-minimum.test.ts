import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import type { Peer } from '../support/peer.ts'
import { synReceived } from '../support/peers.ts'

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
