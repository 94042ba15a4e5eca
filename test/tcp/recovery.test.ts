import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { add } from '../../src/wire/seq.ts'
import type { Peer } from '../support/peer.ts'
import { connected, synSent } from '../support/peers.ts'

const MSS = 1000
/** Whose windows are told in numbers here. */
const RENO = { tcp_congestion_control: 'reno' }
const at = (n: number): string => `${1 + n * MSS}:${1 + (n + 1) * MSS}(${MSS})`

/** Segments of 1,000 bytes; ten have been sent, nothing waits. */
function sending(segments = 10, waiting = 0): Peer {
  const peer = connected({ sysctl: RENO, options: 'mss 1000' })
  peer.writes(segments * MSS)
  expect(peer.takes()).toHaveLength(Math.min(segments, 10))
  if (waiting > 0) peer.writes(waiting * MSS)
  return peer
}

const duplicates = (peer: Peer, count: number, ack = 1): void => {
  for (let i = 0; i < count; i++) peer.sends(`. 1:1(0) ack ${ack}`)
}

describe('fast retransmit', () => {
  test('[RFC5681 §3.2] the third duplicate ACK sends the segment again', () => {
    const peer = sending()
    duplicates(peer, 2)
    peer.expectsNothing()
    duplicates(peer, 1)
    peer.expects(`. ${at(0)}`)
    peer.expectsNothing()
    expect(peer.c.congestion.threshold).toBe(5 * MSS)
    // RFC 9937: six segments are in the network, and the retransmission always goes out.
    expect(peer.c.congestion.window).toBe(7 * MSS)
    expect(peer.counters.TCPFastRetrans).toBe(1)
    expect(peer.counters.TCPRenoRecovery).toBe(1)
  })

  test.each([
    ['text', 'P. 1:11(10) ack 1'],
    ['another window', '. 1:1(0) ack 1 win 60000'],
    ['an older number', '. 1:1(0) ack 0'],
    ['a FIN', 'F. 1:1(0) ack 1'],
  ])('[RFC5681 §2] %s makes an ACK no duplicate', (_name, line) => {
    const peer = sending()
    duplicates(peer, 2)
    peer.sends(line)
    expect(peer.takes().filter((sent) => !sent.includes('(0)'))).toEqual([])
    expect(peer.counters.TCPRenoRecovery).toBe(0)
  })

  test('[RFC5681 §2] with nothing outstanding there are no duplicates', () => {
    const peer = connected({ sysctl: RENO })
    duplicates(peer, 5)
    peer.expectsNothing()
    expect(peer.c.recovery.losses.duplicates).toBe(0)
  })

  test('[RFC3042 §2] the first two duplicates each let one new segment out, beyond the window', () => {
    const peer = sending(10, 5)
    peer.expectsNothing()
    duplicates(peer, 1)
    peer.expects(`. ${at(10)}`)
    duplicates(peer, 1)
    peer.expects(`. ${at(11)}`)
    peer.expectsNothing()
    duplicates(peer, 1)
    peer.expects(`. ${at(0)}`)
    // What limited transmit sent is not counted in the flight that is halved.
    expect(peer.c.congestion.threshold).toBe(5 * MSS)
  })

  test('[RFC9937 §6.2] the window comes down in proportion: two that arrive let one out', () => {
    const peer = sending(10, 20)
    duplicates(peer, 3)
    peer.takes()
    duplicates(peer, 2)
    peer.expectsNothing()
    duplicates(peer, 1)
    peer.expects(`. ${at(12)}`)
    // Eight have left, as many as the threshold lets stay are in the network: now each that arrives lets one out.
    duplicates(peer, 2)
    peer.expectsNothing()
    duplicates(peer, 1)
    peer.expects(`. ${at(13)}`)
    duplicates(peer, 1)
    peer.expects(`. ${at(14)}`)
  })

  test('[RFC9937 §6.2] SafeACK: none where an ACK for what was lost tells of another loss', () => {
    const peer = connected({ sysctl: { ...RENO, tcp_early_retrans: 0 }, options: 'mss 1000,sackOK' })
    peer.writes(10 * MSS)
    peer.takes()
    peer.advance(20 * MILLISECOND)
    peer.sends(`. 1:1(0) ack 1 <nop,nop,sack ${1 + 6 * MSS}:${1 + 9 * MSS}>`)
    expect(peer.takes()).toHaveLength(3)
    peer.advance(20 * MILLISECOND)
    // Six were lost; the copy of the first has come, and the tenth, sent before it, has not: six again.
    const inFlight = 2 * MSS
    peer.sends(`. 1:1(0) ack ${1 + MSS} <nop,nop,sack ${1 + 6 * MSS}:${1 + 9 * MSS}>`)
    expect(peer.c.recovery.board.lost).toBe(6 * MSS)
    expect(peer.c.congestion.window).toBe(inFlight + MSS)
    expect(peer.takes()).toHaveLength(1)
  })

  test('[RFC6582 §3.2] a partial ACK sends the next hole at once', () => {
    const peer = sending()
    duplicates(peer, 3)
    peer.expects(`. ${at(0)}`)
    peer.sends(`. 1:1(0) ack ${1 + 4 * MSS}`)
    peer.expects(`. ${at(4)}`)
    expect(peer.c.recovery.phase).toBe('recovery')
    peer.sends(`. 1:1(0) ack ${1 + 7 * MSS}`)
    peer.expects(`. ${at(7)}`)
  })

  test('[RFC6582 §3.2, RFC5681 §4.3] the full ACK ends recovery at the threshold', () => {
    const peer = sending()
    duplicates(peer, 6)
    peer.expects(`. ${at(0)}`)
    peer.sends(`. 1:1(0) ack ${1 + 10 * MSS}`)
    expect(peer.c.recovery.phase).toBe('open')
    expect(peer.c.congestion.window).toBe(5 * MSS)
    peer.expectsNothing()
    expect(peer.tcp.timers.anyArmed(peer.c.id)).toBe(false)
  })

  test('[RFC6582 §3.2] step 2: duplicates that a time-out’s own retransmissions cause begin no recovery', () => {
    const peer = sending()
    peer.advance(1 * SECOND)
    peer.takes()
    duplicates(peer, 5)
    expect(peer.takes()).toEqual([])
    expect(peer.counters.TCPFastRetrans).toBe(0)
    peer.sends(`. 1:1(0) ack ${1 + 10 * MSS}`)
    expect(peer.c.recovery.phase).toBe('open')
  })

  test('[RFC6582 §3.2] recover follows: later losses are found by duplicates again', () => {
    const peer = sending()
    duplicates(peer, 3)
    peer.expects(`. ${at(0)}`)
    peer.sends(`. 1:1(0) ack ${1 + 10 * MSS}`)
    peer.writes(4 * MSS)
    expect(peer.takes()).toHaveLength(4)
    peer.sends(`. 1:1(0) ack ${1 + 11 * MSS}`)
    peer.takes()
    duplicates(peer, 3, 1 + 11 * MSS)
    expect(peer.takes()[0]).toContain(at(11))
  })

  test('[RFC5681 §2 §3.2] the window offered is respected: no new segment beyond it', () => {
    const peer = connected({ sysctl: RENO, options: 'mss 1000', win: 4000 })
    peer.writes(10 * MSS)
    expect(peer.takes()).toHaveLength(4)
    duplicates(peer, 2)
    peer.expectsNothing()
    duplicates(peer, 1)
    peer.expects(`. ${at(0)}`)
    peer.expectsNothing()
  })
})

test('[RFC8985 §6.2] a round with a D-SACK ends as it is acknowledged, and not when numbers have gone round', () => {
  const peer = connected({ sysctl: RENO, options: 'mss 1000,sackOK' })
  const { rack } = peer.c.recovery.losses
  peer.writes(2 * MSS)
  peer.takes()
  peer.sends(`. 1:1(0) ack ${1 + MSS} <nop,nop,sack 1:${1 + MSS}>`)
  expect(rack.steps).toBe(2)
  peer.sends(`. 1:1(0) ack ${1 + 2 * MSS} <nop,nop,sack 1:${1 + MSS}>`)
  expect(rack.steps).toBe(2)
  peer.writes(MSS)
  peer.takes()
  peer.sends(`. 1:1(0) ack ${1 + 3 * MSS}`)
  const beyond = add(peer.c.send.una, 0x7fff_ffff)
  rack.duplicateReported(beyond, beyond)
  expect(rack.steps).toBe(3)
})

describe('time-out', () => {
  test('[RFC5681 §3.1] one segment, then slow start up to half the flight', () => {
    const peer = sending()
    peer.advance(1 * SECOND)
    expect(peer.takes().map((line) => line.split(' ')[1])).toEqual([at(0), at(0)])
    expect(peer.c.congestion.window).toBe(MSS)
    expect(peer.c.congestion.threshold).toBe(5 * MSS)
    peer.sends(`. 1:1(0) ack ${1 + MSS}`)
    peer.expects(`. ${at(1)}`)
    peer.expects(`P. ${at(2)}`)
    peer.expectsNothing()
    peer.sends(`. 1:1(0) ack ${1 + 2 * MSS}`)
    peer.expects(`. ${at(3)}`)
    peer.expects(`P. ${at(4)}`)
    peer.expectsNothing()
  })

  test('[RFC3465 §2.3] an ACK that covers what had arrived before counts for one segment', () => {
    const peer = sending()
    peer.advance(0.25 * SECOND)
    peer.expects(`. ${at(0)}`)
    peer.sends(`. 1:1(0) ack ${1 + 8 * MSS}`)
    expect(peer.c.congestion.window).toBe(2 * MSS)
    peer.expects(`. ${at(8)}`)
    peer.expects(`P. ${at(9)}`)
  })

  test('[RFC5681 §3.1] a second time-out for the same segment leaves ssthresh, one for another halves anew', () => {
    const peer = sending()
    peer.advance(1 * SECOND)
    peer.takes()
    expect(peer.c.congestion.threshold).toBe(5 * MSS)
    peer.sends(`. 1:1(0) ack ${1 + 2 * MSS}`)
    peer.takes()
    peer.advance(3 * SECOND)
    expect(peer.c.congestion.threshold).toBeLessThanOrEqual(4 * MSS)
    expect(peer.c.congestion.threshold).toBeGreaterThanOrEqual(2 * MSS)
  })

  test('[RFC9293 §3.8.1] a time-out in recovery begins at the oldest segment', () => {
    const peer = sending()
    duplicates(peer, 3)
    peer.expects(`. ${at(0)}`)
    peer.advance(0.3 * SECOND)
    peer.expects(`. ${at(0)}`)
    expect(peer.c.recovery.phase).toBe('loss')
    peer.sends(`. 1:1(0) ack ${1 + 10 * MSS}`)
    peer.expectsNothing()
    expect(peer.c.recovery.phase).toBe('open')
  })

  test('new data follows when everything lost has been sent again', () => {
    const peer = sending(10, 10)
    peer.advance(0.25 * SECOND)
    peer.takes()
    peer.sends(`. 1:1(0) ack ${1 + 10 * MSS}`)
    peer.expects(`. ${at(10)}`)
    peer.expects(`. ${at(11)}`)
    peer.expectsNothing()
  })
})

describe('window', () => {
  test('[RFC6928 §2] ten segments to begin with', () => {
    const peer = connected({ sysctl: RENO, options: 'mss 1000' })
    peer.writes(50 * MSS)
    expect(peer.takes()).toHaveLength(10)
  })

  test('[RFC5681 §3.1] MUST-19: slow start: two segments out for each acknowledged', () => {
    const peer = connected({ sysctl: RENO, options: 'mss 1000' })
    peer.writes(60 * MSS)
    peer.takes()
    for (let i = 1; i <= 5; i++) {
      peer.sends(`. 1:1(0) ack ${1 + i * MSS}`)
      expect(peer.takes()).toHaveLength(2)
    }
  })

  test('[RFC5681 §4.1] after an idle time-out the initial window again', () => {
    const peer = connected({ sysctl: RENO, options: 'mss 1000' })
    peer.writes(20 * MSS)
    peer.takes()
    for (let i = 1; i <= 20; i++) peer.sends(`. 1:1(0) ack ${1 + i * MSS}`)
    peer.takes()
    expect(peer.c.congestion.window).toBeGreaterThan(14 * MSS)
    peer.advance(10 * SECOND)
    peer.writes(40 * MSS)
    expect(peer.takes()).toHaveLength(10)
  })

  test('tcp_slow_start_after_idle = 0 keeps it', () => {
    const peer = connected({ options: 'mss 1000', sysctl: { ...RENO, tcp_slow_start_after_idle: 0 } })
    peer.writes(20 * MSS)
    peer.takes()
    for (let i = 1; i <= 20; i++) peer.sends(`. 1:1(0) ack ${1 + i * MSS}`)
    peer.takes()
    const segments = Math.floor(peer.c.congestion.window / MSS)
    peer.advance(10 * SECOND)
    peer.writes(60 * MSS)
    expect(peer.takes()).toHaveLength(segments)
  })
})

describe('tail-loss probe', () => {
  /** Four segments were sent, over a path with a round trip of 20 ms. */
  function unanswered(): Peer {
    const peer = synSent({ sysctl: RENO })
    peer.advance(20 * MILLISECOND)
    peer.sends('S. 0:0(0) ack 1 <mss 1000,sackOK,nop,nop>')
    peer.agreed('mss 1000,sackOK,nop,nop')
    peer.takes()
    peer.writes(4 * MSS)
    peer.takes()
    return peer
  }

  /** Four segments were sent, and the last of them again as a probe; all were then acknowledged. */
  function probed(): Peer {
    const peer = unanswered()
    peer.advance(50 * MILLISECOND)
    peer.expects(`P. ${at(3)} ack 1`)
    peer.sends(`. 1:1(0) ack ${1 + 4 * MSS}`)
    return peer
  }

  test('one that found no room is forgotten with what it was for', () => {
    const peer = unanswered()
    peer.isFull = true
    peer.advance(50 * MILLISECOND)
    peer.sends(`. 1:1(0) ack ${1 + 4 * MSS}`)
    peer.isFull = false
    peer.writes(MSS)
    peer.takes()
    expect(peer.counters.TCPLossProbes).toBe(0)
  })

  function goesOn(peer: Peer): void {
    peer.writes(MSS)
    peer.takes()
    peer.advance(20 * MILLISECOND)
    peer.sends(`. 1:1(0) ack ${1 + 5 * MSS}`)
  }

  test('[RFC8985 §7.4.2] no duplicate is reported: the probe has repaired a loss', () => {
    const peer = probed()
    const { window } = peer.c.congestion
    goesOn(peer)
    expect(peer.counters.TCPLossProbeRecovery).toBe(1)
    expect(peer.c.congestion.window).toBeLessThan(window)
  })

  test.each([
    ['a D-SACK', ` <nop,nop,sack ${at(3).replace(/\(.*/, '')}>`],
    ['a duplicate acknowledgement of a peer that knows no D-SACK', ''],
  ])('[RFC8985 §7.4.2] %s tells that nothing was lost', (_name, options) => {
    const peer = probed()
    const { window } = peer.c.congestion
    peer.sends(`. 1:1(0) ack ${1 + 4 * MSS}${options}`)
    goesOn(peer)
    expect(peer.counters.TCPLossProbeRecovery).toBe(0)
    expect(peer.c.congestion.window).toBeGreaterThanOrEqual(window)
  })
})
