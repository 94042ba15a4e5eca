import { expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import type { TcpCounters } from '../../src/tcp/counters.ts'
import type { Peer } from '../support/peer.ts'
import { connected, established, synSent } from '../support/peers.ts'

/** Ten segments of 1,000 bytes are out. */
function sending(options: string): Peer {
  const peer = connected({
    sysctl: { tcp_congestion_control: 'reno', tcp_early_retrans: 0 },
    options: `mss 1000${options}`,
  })
  peer.writes(10_000)
  peer.takes()
  return peer
}

const FAILURES = [
  'TCPLossFailures',
  'TCPRenoFailures',
  'TCPRenoRecoveryFail',
  'TCPSackFailures',
  'TCPSackRecoveryFail',
] as const satisfies readonly (keyof TcpCounters)[]

const failures = (peer: Peer): string[] => FAILURES.filter((name) => peer.counters[name] > 0)

test.each([
  ['nothing', '', [], []],
  ['a duplicate', '', ['. 1:1(0) ack 1'], ['TCPRenoFailures']],
  ['three duplicates', '', Array<string>(3).fill('. 1:1(0) ack 1'), ['TCPRenoRecoveryFail']],
  ['three with SACK', ',sackOK', ['. 1:1(0) ack 1 <sack 1001:4001>'], ['TCPSackRecoveryFail']],
])('a time-out after %s is a failure of what was under way', (_name, options, lines, counted) => {
  const peer = sending(options)
  if (lines.length > 0) peer.sends(...lines)
  peer.advance(0.4 * SECOND)
  expect(peer.counters.TCPTimeouts).toBe(1)
  expect(failures(peer)).toEqual(counted)
})

test('TCPSackFailures: a time-out while the reordering window runs', () => {
  const peer = synSent({ sysctl: { tcp_early_retrans: 0 } })
  peer.advance(40 * MILLISECOND)
  peer.sends('S. 0:0(0) ack 1 <mss 1000,sackOK>')
  peer.writes(10_000)
  peer.takes()
  peer.advance(235 * MILLISECOND)
  peer.sends('. 1:1(0) ack 1 <sack 1001:2001>')
  peer.advance(8 * MILLISECOND)
  expect(peer.counters.TCPTimeouts).toBe(1)
  expect(failures(peer)).toEqual(['TCPSackFailures'])
})

test('TCPLossFailures: a time-out for another segment while the first was being repaired; not one for the same', () => {
  const peer = sending('')
  peer.advance(1 * SECOND)
  expect(peer.counters.TCPTimeouts).toBe(2)
  expect(failures(peer)).toEqual([])
  peer.sends('. 1:1(0) ack 2001')
  peer.advance(3 * SECOND)
  expect(failures(peer)).toEqual(['TCPLossFailures'])
  expect(peer.counters.TCPLossFailures).toBe(1)
})

test('TCPPureAcks: acknowledgements without text that are not older than the last', () => {
  const peer = sending('')
  const before = peer.counters.TCPPureAcks
  peer.sends('. 1:1(0) ack 1001', '. 1:1(0) ack 1001', '. 1:1(0) ack 1', 'P. 1:11(10) ack 2001')
  expect(peer.counters.TCPPureAcks - before).toBe(2)
})

test('TCPRcvCoalesce: text that comes to what nobody has read yet', () => {
  const peer = established()
  peer.sends('. 1:101(100) ack 1')
  peer.reads()
  peer.sends('. 101:201(100) ack 1')
  expect(peer.counters.TCPRcvCoalesce).toBe(0)
  peer.sends('. 201:301(100) ack 1', '. 301:401(100) ack 1')
  expect(peer.counters.TCPRcvCoalesce).toBe(2)
})

test('[RFC2883 §4] TCPDSACKRecv: a duplicate below the acknowledgement; TCPDSACKOfoRecv: one beyond it', () => {
  const peer = sending(',sackOK')
  peer.sends('. 1:1(0) ack 1001 <sack 1:1001>')
  expect([peer.counters.TCPDSACKRecv, peer.counters.TCPDSACKOfoRecv]).toEqual([1, 0])
  peer.sends('. 1:1(0) ack 1001 <sack 3001:4001 3001:4001>')
  expect([peer.counters.TCPDSACKRecv, peer.counters.TCPDSACKOfoRecv]).toEqual([1, 1])
  expect(peer.c.recovery.losses.duplicateReports).toBe(2)
})

test('TCPAbortFailed: a reset for which there was no room', () => {
  const peer = sending('')
  peer.isFull = true
  peer.aborts()
  expect(peer.counters.TCPAbortFailed).toBe(1)
  expect(peer.counters.OutRsts).toBe(0)
})
