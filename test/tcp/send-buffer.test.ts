import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { isWritable } from '../../src/tcp/calls.ts'
import { expandSendBuffer } from '../../src/tcp/send-buffer.ts'
import type { Peer, PeerOptions } from '../support/peer.ts'
import { RecordingUser } from '../support/peer.ts'
import { established } from '../support/peers.ts'

const KILOBYTE = 1024

/** A connection with a small send buffer, whose peer takes all that is sent. */
const sized = (options: PeerOptions = {}): Peer =>
  established({
    options: 'mss 1460,wscale 7',
    sysctl: { tcp_wmem: [4096, 16 * KILOBYTE, 256 * KILOBYTE] },
    ...options,
  })

/** Rounds in each of which the user writes what is taken, and the peer acknowledges all that was sent. */
function rounds(peer: Peer, count: number): void {
  for (let i = 0; i < count; i++) {
    peer.writes(1 << 20)
    peer.takes()
    peer.advance(10 * MILLISECOND)
    peer.sends(`. 1:1(0) ack ${(peer.c.send.nxt - peer.iss) | 0}`)
  }
}

describe('the send buffer grows with the congestion window', () => {
  test('to twice the window, up to tcp_wmem', () => {
    const peer = sized()
    expect(peer.c.send.limit).toBe(16 * KILOBYTE)
    rounds(peer, 1)
    expect(peer.c.send.limit).toBe(2 * 10 * 1460)
    rounds(peer, 20)
    expect(peer.c.send.limit).toBe(256 * KILOBYTE)
  })

  test('beyond a megabyte only as the path holds as much: not where more only queues', () => {
    const peer = sized({
      sysctl: { tcp_wmem: [4096, 16 * KILOBYTE, 4 << 20] },
      options: 'mss 1460,wscale 12',
    })
    peer.leavesUnsaid = true
    for (let i = 0; i < 40; i++) {
      peer.writes(1 << 22)
      while (peer.takes().length > 0);
      peer.advance(50 + peer.c.send.flight / 2000) // 50 microseconds, at 2 GB/s
      peer.sends(`. 1:1(0) ack ${(peer.c.send.nxt - peer.iss) | 0} win 4000`)
    }
    expect(peer.c.congestion.window).toBeGreaterThan(1 << 20)
    expect(peer.c.send.limit).toBe(1 << 20)
  })

  test('in whole bytes, as SO_SNDBUF tells it', () => {
    const { c } = sized({ sysctl: { tcp_wmem: [4096, 16 * KILOBYTE, 8 << 20] } })
    c.congestion.window = 4 << 20
    c.recovery.rate.latest = 123_456_789.1
    c.rtt.minimum = 10_001
    expandSendBuffer(c)
    expect(c.send.limit).toBe(2_469_382)
  })

  test('only to a part of two megabytes while many speak in a turn, with peers that are near', () => {
    const { c } = sized({ sysctl: { tcp_wmem: [4096, 16 * KILOBYTE, 8 << 20] } })
    c.congestion.window = 4 << 20
    c.rtt.minimum = MILLISECOND - 1
    for (const [crowd, limit] of [
      [100, 256],
      [5, 409],
      [1, 1024],
    ] as const) {
      c.tcp.turn.crowd = crowd
      expandSendBuffer(c)
      expect(Math.floor(c.send.limit / KILOBYTE)).toBe(limit)
    }
  })

  test('to a megabyte with far peers, however many speak', () => {
    const { c } = sized({ sysctl: { tcp_wmem: [4096, 16 * KILOBYTE, 8 << 20] } })
    c.congestion.window = 4 << 20
    c.rtt.minimum = MILLISECOND
    c.tcp.turn.crowd = 100
    expandSendBuffer(c)
    expect(c.send.limit).toBe(1 << 20)
  })

  test('not while the user finds room', () => {
    const peer = sized()
    for (let at = 1; at < 100_000; at += 1000) {
      peer.writes(1000)
      peer.takes()
      peer.sends(`. 1:1(0) ack ${at + 1000}`)
    }
    expect(peer.c.send.limit).toBe(16 * KILOBYTE)
  })

  test('not when the user chose it', () => {
    const peer = sized({ settings: { sendBuffer: 20_000, isSendBufferFixed: true } })
    rounds(peer, 10)
    expect(peer.c.send.limit).toBe(20_000)
  })

  test('not while memory is short', () => {
    const peer = sized({
      sysctl: { tcp_wmem: [4096, 16 * KILOBYTE, 256 * KILOBYTE], tcp_mem: [0, 1000, 1000] },
    })
    rounds(peer, 10)
    expect(peer.c.send.limit).toBe(16 * KILOBYTE)
  })

  test('what was full is writable again once there is room', () => {
    const peer = sized()
    peer.writes(1 << 20)
    peer.takes()
    expect(isWritable(peer.c)).toBe(false)
    const user = new RecordingUser()
    peer.c.user = user
    while (peer.c.send.queue.length >= peer.c.send.limit) {
      peer.sends(`. 1:1(0) ack ${(peer.c.send.nxt - peer.iss) | 0}`)
      peer.takes()
    }
    expect(isWritable(peer.c)).toBe(true)
    expect(user.changes).toBeGreaterThan(0)
  })
})

describe('R1', () => {
  /** Retransmits for `duration`. */
  function stalled(duration: number, options: PeerOptions = {}): { peer: Peer; user: RecordingUser } {
    const peer = established(options)
    const user = new RecordingUser()
    peer.writes(100)
    peer.takes()
    peer.c.user = user
    peer.advance(duration)
    peer.takes()
    return { peer, user }
  }

  test('[RFC9293 §3.8.3] MUST-20, SHLD-9, SHLD-10: after three seconds of retransmissions the user is told', () => {
    expect(stalled(2900 * MILLISECOND).peer.c.softError).toBeUndefined()
    const { peer, user } = stalled(10 * SECOND)
    expect(peer.c.softError).toBe('timeout')
    expect(peer.counters.TCPRetries1).toBe(1)
    expect(user.changes).toBe(1)
    peer.state('ESTABLISHED')
  })

  test('[RFC9293 §3.8.3] the time of tcp_retries1 retransmissions', () => {
    const { peer } = stalled(10 * SECOND, { sysctl: { tcp_retries1: 5 } })
    expect(peer.c.softError).toBeUndefined()
    peer.advance(20 * SECOND)
    peer.takes()
    expect(peer.c.softError).toBe('timeout')
  })

  test('[RFC1122 §4.2.3.9] what an acknowledgement brings through ends it', () => {
    const { peer } = stalled(10 * SECOND)
    peer.sends('. 1:1(0) ack 101')
    expect(peer.c.softError).toBeUndefined()
  })
})
