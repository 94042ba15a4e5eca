import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { distance } from '../../src/wire/seq.ts'
import type { Peer, PeerOptions } from '../support/peer.ts'
import { established } from '../support/peers.ts'

const MSS = 1460

/** Sends `count` segments from `at` on; returns the number behind. */
function streams(peer: Peer, at: number, count: number, size = MSS): number {
  for (let i = 0; i < count; i++, at += size) peer.sends(`. ${at}:${at + size}(${size}) ack 1`)
  return at
}

/** The peer takes in our acknowledgements, and echoes the last one's timestamp from now on. */
function hears(peer: Peer): void {
  for (peer.advance(0); peer.outbox.length > 0; ) peer.expects('. 1:1(0)')
}

/** Our user writes until memory is short. */
function presses(peer: Peer): void {
  while (!peer.tcp.memory.isPressed) if (peer.writes(100_000) === 0) throw new Error('no pressure')
}

describe('the receive buffer grows with what is read', () => {
  const sized = (options: PeerOptions = {}): Peer =>
    established({
      options: 'mss 1460,sackOK,TS val 1000 ecr 0,wscale 7',
      sysctl: { tcp_rmem: [4096, 65536, 1 << 20] },
      ...options,
    })

  /** Rounds of 50 ms in each of which the peer sends what the window takes, and the user reads all of it. */
  function rounds(peer: Peer, count: number, share = 1): number[] {
    const limits: number[] = []
    let at = 1
    for (let i = 0; i < count; i++) {
      const segments = Math.floor((peer.c.receive.wnd * share) / MSS)
      at = streams(peer, at, segments)
      peer.reads()
      hears(peer)
      peer.advance(50 * MILLISECOND)
      limits.push(peer.c.receive.limit)
    }
    return limits
  }

  test('a window that is used up doubles and more, to the maximum of tcp_rmem', () => {
    const peer = sized()
    const limits = rounds(peer, 12)
    expect(limits[0]).toBe(65536)
    expect(limits.at(-1)).toBe(1 << 20)
    expect(peer.c.receiveSpace.rtt).toBeGreaterThan(30 * MILLISECOND)
    expect(peer.c.receive.wnd).toBeGreaterThan(1_000_000)
  })

  test('a steady reader gets twice what it reads in a round trip, and once more for how it began', () => {
    const peer = sized()
    const limits: number[] = []
    for (let i = 0, at = 1; i < 40; i++) {
      at = streams(peer, at, 30)
      peer.reads()
      hears(peer)
      peer.advance(50 * MILLISECOND)
      limits.push(peer.c.receive.limit)
    }
    expect(limits.at(-1)).toBeGreaterThanOrEqual(2 * 30 * MSS)
    expect(limits.at(-1)).toBeLessThan(600_000)
    expect(limits.at(-1)).toBe(limits[5])
  })

  test('not while nobody reads', () => {
    const peer = sized()
    for (let i = 0, at = 1; i < 8; i++) {
      at = streams(peer, at, 4)
      peer.takes()
      peer.advance(50 * MILLISECOND)
    }
    expect(peer.c.receive.limit).toBe(65536)
  })

  test('without timestamps the time that a window takes is the round trip', () => {
    const peer = sized({ options: 'mss 1460,sackOK,wscale 7' })
    rounds(peer, 20)
    expect(peer.c.receiveSpace.rtt).toBeGreaterThan(0)
    expect(peer.c.receive.limit).toBeGreaterThan(65536)
  })

  test('not when the user chose it, nor with tcp_moderate_rcvbuf 0', () => {
    const chosen = sized({ settings: { receiveBuffer: 131072, isReceiveBufferFixed: true } })
    rounds(chosen, 10)
    expect(chosen.c.receive.limit).toBe(65536)
    const still = sized({ sysctl: { tcp_rmem: [4096, 65536, 1 << 20], tcp_moderate_rcvbuf: 0 } })
    rounds(still, 10)
    expect(still.c.receive.limit).toBe(65536)
  })

  test('for a near peer only to what a cache holds', () => {
    const peer = sized({ sysctl: { tcp_rmem: [4096, 65536, 4 << 20] }, memory: 64 << 20 })
    peer.c.rtt.minimum = 50
    expect(rounds(peer, 12).at(-1)).toBe(1 << 20)
  })

  describe('where most of what comes had to wait for us', () => {
    const behind = (options: PeerOptions = {}): Peer => {
      const peer = sized({ sysctl: { tcp_rmem: [4096, 65536, 4 << 20] }, memory: 64 << 20, ...options })
      peer.tcp.turn.isBehind = true
      peer.c.rtt.minimum = 4 * MILLISECOND
      return peer
    }

    test('to a quarter of a megabyte and a little for the length of the way', () => {
      const peer = behind()
      const limits = rounds(peer, 20)
      expect(limits.at(-1)).toBe((256 << 10) + Math.floor((256 << 10) / 10))
    })

    test('and what has grown beyond that comes down, without the edge moving back', () => {
      const peer = sized({ sysctl: { tcp_rmem: [4096, 65536, 4 << 20] }, memory: 64 << 20 })
      peer.c.rtt.minimum = 4 * MILLISECOND
      expect(rounds(peer, 10).at(-1)).toBe(4 << 20)
      peer.tcp.turn.isBehind = true
      const { edge } = peer.c.receive
      rounds(peer, 1)
      expect(distance(edge, peer.c.receive.edge)).toBeGreaterThanOrEqual(0)
      expect(rounds(peer, 60).at(-1)).toBeLessThan(300_000)
    })

    test('but as ever once nothing waits', () => {
      const peer = behind()
      rounds(peer, 5)
      peer.tcp.turn.isBehind = false
      expect(rounds(peer, 10).at(-1)).toBe(4 << 20)
    })

    test('not down from what the user chose', () => {
      const peer = behind({ settings: { receiveBuffer: 2 << 20, isReceiveBufferFixed: true } })
      const { limit } = peer.c.receive
      expect(rounds(peer, 10).at(-1)).toBe(limit)
    })
  })

  test('[RFC7323 §2.3] the scale is for the largest window that may come, at most 14', () => {
    const peer = established({
      options: 'mss 1460,wscale 14',
      sysctl: { tcp_rmem: [4096, 131072, 0x7fffffff] },
    })
    expect(peer.c.options.receiveShift).toBe(14)
  })
})

describe('the memory of all connections is bounded', () => {
  const BIG: PeerOptions = {
    settings: { receiveBuffer: 1 << 22, sendBuffer: 1 << 22 },
    options: 'mss 1460,sackOK,wscale 7',
    memory: 16 << 20,
    sysctl: { tcp_mem: [192, 256, 512] },
  }

  test('tcp_mem: pressure is noted, and ends when half of it is gone', () => {
    const peer = established({ ...BIG, win: 0 })
    presses(peer)
    expect(peer.tcp.memory.isPressed).toBe(true)
    expect(peer.counters.TCPMemoryPressures).toBe(1)
    peer.aborts()
    expect(peer.tcp.memory.isPressed).toBe(false)
    expect(peer.tcp.memory.used).toBe(0)
  })

  test('no queue takes more than tcp_mem allows in all; a writer gets what there is', () => {
    const peer = established({ ...BIG, win: 0, sysctl: { tcp_mem: [64, 96, 128] } })
    let written = 0
    for (let taken = -1; taken !== 0; written += taken) taken = peer.writes(100_000)
    expect(peer.tcp.memory.used).toBeLessThanOrEqual(128 * 4096)
    expect(written).toBe(peer.c.send.queue.capacity)
    expect(peer.c.send.isBufferShort).toBe(true)
  })

  test('every connection gets the least that it needs', () => {
    const peer = established({ sysctl: { tcp_mem: [0, 0, 0] } })
    peer.sends('P. 1:1001(1000) ack 1')
    expect(peer.reads()).toBe(1000)
    expect(peer.writes(10_000)).toBe(4096)
  })

  test('under pressure the window moves on by four segments, and never back', () => {
    const peer = established({ ...BIG, settings: { receiveBuffer: 100_000, sendBuffer: 1 << 22 } })
    peer.sends(`. 1:1461(1460) ack 1`)
    peer.reads()
    peer.takes()
    const { edge } = peer.c.receive
    presses(peer)
    let at = 1461
    for (let i = 0; i < 80; i++) {
      at = streams(peer, at, 1)
      peer.reads()
      peer.takes()
      expect((peer.c.receive.edge - edge) | 0).toBeGreaterThanOrEqual(0)
    }
    expect(peer.c.receive.wnd).toBeLessThanOrEqual(4 * MSS)
    expect(peer.c.receive.wnd).toBeGreaterThanOrEqual(3 * MSS)
  })

  test('[RFC2018 §8] when it begins, what waits out of order gives way, and comes again', () => {
    const peer = established(BIG)
    peer.sends('. 5001:6001(1000) ack 1')
    peer.expects('. 1:1(0) ack 1 <nop,nop,sack 5001:6001>')
    presses(peer)
    peer.takes()
    expect(peer.counters.OfoPruned).toBe(1)
    expect(peer.counters.PruneCalled).toBe(1)
    expect(peer.c.receive.queue.capacity).toBe(0)
    peer.sends('. 1:5001(5000) ack 1')
    peer.takes()
    expect(peer.c.receive.nxt).toBe(peer.irs + 5001)
    peer.sends('. 5001:6001(1000) ack 1')
    expect(peer.reads()).toBe(6000)
  })

  test('data out of order that would need memory is dropped meanwhile', () => {
    const peer = established(BIG)
    presses(peer)
    peer.takes()
    peer.sends('. 5001:6001(1000) ack 1')
    expect(peer.counters.TCPOFODrop).toBe(1)
    expect(peer.c.receive.queue.capacity).toBe(0)
  })

  test('data in order for which there is none is dropped and counted', () => {
    const peer = established({ ...BIG, sysctl: { tcp_mem: [2, 2, 2] } })
    peer.sends('. 1:4001(4000) ack 1')
    peer.sends('. 4001:9001(5000) ack 1')
    expect(peer.counters.TCPRcvQDrop).toBe(1)
    expect(peer.counters.RcvPruned).toBe(1)
    expect(peer.reads()).toBe(4000)
  })

  test('an orphan for whose data there is no memory is reset', () => {
    const peer = established({ ...BIG, win: 0 })
    for (let taken = -1; taken !== 0; ) taken = peer.writes(100_000)
    Object.assign(peer.sysctl, { tcp_mem: [16, 16, 16] })
    peer.releases()
    expect(peer.counters.TCPAbortOnMemory).toBe(1)
    peer.advance(SECOND)
    expect(peer.tcp.memory.used).toBe(0)
  })
})
