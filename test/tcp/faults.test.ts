import { expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import type { Peer } from '../support/peer.ts'
import { connected, established, synReceived } from '../support/peers.ts'

const bug = (): never => {
  throw new Error('a bug')
}

/** Two connections: the first one is the peer's, the second comes from port 5. */
function two(): Peer {
  const peer = established()
  peer.sendsFrom(5, 'S 0:0(0)', '. 1:1(0) ack 1')
  peer.takes()
  return peer
}

const isAlive = (peer: Peer): void => {
  peer.sendsFrom(5, 'P. 1:11(10) ack 1')
  peer.expects('. 1:1(0) ack 11')
}

test('an exception in a segment’s processing costs that connection, and tells its peer', () => {
  const peer = two()
  peer.c.receive.store = bug
  peer.sends('P. 1:11(10) ack 1')
  peer.expects('R. 1:1(0) ack 1')
  expect(peer.c.closeReason).toBe('fault')
  expect(peer.counters.Faults).toBe(1)
  expect(peer.faults).toEqual([new Error('a bug')])
  isAlive(peer)
  peer.sends('P. 1:11(10) ack 1')
  peer.expects('R 1:1(0)')
})

test('an exception in a timer', () => {
  const peer = two()
  peer.writes(10)
  peer.takes()
  peer.c.recovery.timeout = bug
  peer.advance(2 * SECOND)
  expect(peer.takes().filter((line) => line.startsWith('R.'))).toHaveLength(1)
  expect(peer.c.closeReason).toBe('fault')
  isAlive(peer)
})

test('an exception in output', () => {
  const peer = two()
  peer.writes(10)
  Object.defineProperty(peer.c, 'segmentSize', { get: bug })
  peer.expects('R. 1:1(0) ack 1')
  expect(peer.c.closeReason).toBe('fault')
  isAlive(peer)
})

test('an exception in the user’s callback, even while the connection is given up', () => {
  const peer = two()
  peer.c.user = { changed: bug }
  peer.sends('P. 1:11(10) ack 1')
  peer.expects('R. 1:1(0) ack 11')
  expect(peer.c.state).toBe('CLOSED')
  isAlive(peer)
  expect(peer.tcp.establishedCount).toBe(1)
})

test('an exception in the handshake’s last segment', () => {
  const peer = synReceived()
  const create = peer.tcp.create.bind(peer.tcp)
  peer.tcp.create = (...args) => {
    const c = create(...args)
    c.receive.store = bug
    return c
  }
  peer.sends('P. 1:11(10) ack 1')
  peer.expects('R. 1:1(0) ack 1')
  expect(peer.accepts().closeReason).toBe('fault')
  peer.state('LISTEN')
})

test('nothing is left of a connection that a fault ended', () => {
  const peer = connected()
  peer.writes(10)
  peer.takes()
  peer.c.recovery.timeout = bug
  peer.advance(2 * SECOND)
  peer.releases()
  expect(peer.arena.used).toBe(peer.idle)
  expect(peer.tcp.flows.size).toBe(0)
  expect(peer.tcp.nextDeadline()).toBe(Number.POSITIVE_INFINITY)
})
