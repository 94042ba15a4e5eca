import { describe, expect, test } from 'vitest'
import { MILLISECOND } from '../../src/base/time.ts'
import { Timer } from '../../src/tcp/timers.ts'
import type { Peer } from '../support/peer.ts'
import { established } from '../support/peers.ts'

/** Established, and past the acknowledgements at once that follow a handshake. */
function delaying(options = {}): Peer {
  const peer = established(options)
  peer.c.acks.quick = 0
  return peer
}

describe('delayed acknowledgements', () => {
  test('[RFC9293 §3.8.6.3, RFC5681 §4.2] SHLD-18, MUST-40: a short segment is acknowledged 40 ms later', () => {
    const peer = delaying()
    peer.sends('P. 1:101(100) ack 1')
    peer.advance(40 * MILLISECOND - 1)
    peer.expectsNothing()
    peer.advance(1)
    peer.expects('. 1:1(0) ack 101')
    expect(peer.counters.DelayedACKs).toBe(1)
    expect(peer.tcp.nextDeadline()).toBe(Number.POSITIVE_INFINITY)
  })

  test('[RFC9293 §3.8.6.3] the delay counts from the first segment', () => {
    const peer = delaying()
    peer.sends('P. 1:101(100) ack 1')
    peer.advance(20 * MILLISECOND)
    peer.sends('P. 101:201(100) ack 1')
    peer.expectsNothing()
    peer.advance(20 * MILLISECOND)
    peer.expects('. 1:1(0) ack 201')
    peer.advance(100 * MILLISECOND)
    peer.expectsNothing()
  })

  test('[RFC9293 §3.8.6.3] SHLD-19: the second full segment is acknowledged at once', () => {
    const peer = delaying()
    peer.sends('. 1:1461(1460) ack 1')
    peer.expectsNothing()
    peer.sends('. 1461:2921(1460) ack 1')
    peer.expects('. 1:1(0) ack 2921')
    peer.advance(100 * MILLISECOND)
    peer.expectsNothing()
  })

  test('[RFC9293 §3.8.6.3] SHLD-19: two of the peer’s own, smaller full segments', () => {
    const peer = delaying()
    for (let i = 0; i < 2; i++) peer.sends(`. ${1 + i * 600}:${601 + i * 600}(600) ack 1`)
    peer.advance(40 * MILLISECOND)
    peer.takes()
    peer.sends('. 1201:1801(600) ack 1')
    peer.expectsNothing()
    peer.sends('. 1801:2401(600) ack 1')
    peer.expects('. 1:1(0) ack 2401')
  })

  test('[RFC9293 §3.10.7.4] MUST-58, MUST-59: what comes in one turn is acknowledged once', () => {
    const peer = delaying()
    peer.sends(...[0, 1, 2, 3, 4].map((i) => `. ${1 + i * 1460}:${1461 + i * 1460}(1460) ack 1`))
    peer.expects('. 1:1(0) ack 7301')
    peer.expectsNothing()
  })

  test('[RFC9293 §3.8.6.3] an answer carries the acknowledgement', () => {
    const peer = delaying()
    peer.sends('P. 1:101(100) ack 1')
    peer.writes(50)
    peer.expects('P. 1:51(50) ack 101')
    expect(peer.c.timers.isArmed(Timer.DelayedAck)).toBe(false)
    peer.advance(100 * MILLISECOND)
    peer.expectsNothing()
  })

  test('[RFC9293 §3.8.6.3] a super-segment of the device counts as what it is made of', () => {
    const peer = delaying()
    const { segmentsIn } = peer.c
    peer.sends('. 1:14601(14600) ack 1 gso 1460')
    peer.expects('. 1:1(0) ack 14601')
    expect(peer.c.receive.segmentSize).toBe(1460)
    expect([peer.c.segmentsIn - segmentsIn, peer.c.statistics.dataSegmentsIn]).toEqual([10, 10])
  })

  test('after the handshake acknowledgements are at once, as on Linux, and then delayed', () => {
    const peer = established()
    let at = 1
    let immediate = 0
    for (; immediate < 100; immediate++) {
      peer.sends(`P. ${at}:${at + 10}(10) ack 1`)
      at += 10
      if (peer.takes().length === 0) break
    }
    expect(immediate).toBeGreaterThan(8)
    expect(immediate).toBeLessThanOrEqual(16)
  })
})

describe('out of order', () => {
  test('[RFC5681 §4.2] MAY-13: each segment beyond a gap is acknowledged by itself, at once', () => {
    const peer = delaying()
    peer.sends('. 101:201(100) ack 1', '. 201:301(100) ack 1', '. 301:401(100) ack 1')
    for (let i = 0; i < 3; i++) peer.expects('. 1:1(0) ack 1')
    peer.expectsNothing()
  })

  test('[RFC5681 §4.2] a super-segment counts as what it is made of, unless SACK tells what came of it', () => {
    const peer = delaying({ options: 'mss 1460' })
    peer.sends('. 1461:5841(4380) ack 1 gso 1460')
    for (let i = 0; i < 3; i++) peer.expects('. 1:1(0) ack 1')
    peer.expectsNothing()
    const selective = delaying({ options: 'mss 1460,sackOK' })
    selective.sends('. 1461:5841(4380) ack 1 gso 1460')
    selective.expects('. 1:1(0) ack 1 <nop,nop,sack 1461:5841>')
    selective.expectsNothing()
  })

  test('[RFC5681 §4.2] what fills a gap is acknowledged at once', () => {
    const peer = delaying()
    peer.sends('. 101:201(100) ack 1', '. 301:401(100) ack 1')
    peer.takes()
    peer.sends('. 1:101(100) ack 1')
    peer.expects('. 1:1(0) ack 201')
    peer.sends('. 201:301(100) ack 1')
    peer.expects('. 1:1(0) ack 401')
    expect(peer.reads()).toBe(400)
  })

  test('[RFC9293 §3.10.7.4] SHLD-31: overlaps in any order make one stream', () => {
    const peer = delaying()
    for (const [from, to] of [
      [501, 701],
      [301, 401],
      [351, 551],
      [901, 1001],
      [651, 951],
      [101, 301],
      [51, 1101],
      [1, 76],
    ] as const) {
      peer.sends(`. ${from}:${to}(${to - from}) ack 1`)
    }
    peer.takes()
    expect(peer.reads()).toBe(1100)
    expect(peer.c.receive.reassembly.count).toBe(0)
  })

  test('[RFC9293 §3.10.7.4] across the wrap of sequence numbers', () => {
    for (const irs of [-2, 0x7fff_fff0, -150]) {
      const peer = delaying({ irs })
      peer.sends('. 201:301(100) ack 1', '. 101:201(100) ack 1', '. 1:101(100) ack 1')
      expect(peer.reads()).toBe(300)
    }
  })

  test('[RFC2018 §3 §4] SACK: the block that came last is first, adjacent ones are one', () => {
    const peer = delaying({ options: 'mss 1460,nop,nop,sackOK' })
    peer.sends('. 101:201(100) ack 1')
    peer.expects('. 1:1(0) ack 1 <nop,nop,sack 101:201>')
    peer.sends('. 301:401(100) ack 1')
    peer.expects('. 1:1(0) ack 1 <nop,nop,sack 301:401 101:201>')
    peer.sends('. 201:251(50) ack 1')
    peer.expects('. 1:1(0) ack 1 <nop,nop,sack 101:251 301:401>')
    peer.sends('. 1:101(100) ack 1')
    peer.expects('. 1:1(0) ack 251 <nop,nop,sack 301:401>')
  })

  test('[RFC2018 §3] SACK: four blocks, or three beside timestamps', () => {
    const blocks = [1, 3, 5, 7, 9].map((i) => `. ${i}01:${i}51(50) ack 1`)
    const plain = delaying({ options: 'mss 1460,nop,nop,sackOK' })
    plain.sends(...blocks)
    expect(plain.takes().at(-1)).toContain('<nop,nop,sack 901:951 701:751 501:551 301:351>')
    const stamped = delaying({ options: 'mss 1460,sackOK,TS val 100 ecr 0' })
    stamped.sends(...blocks)
    expect(stamped.takes().at(-1)).toMatch(/sack 901:951 701:751 501:551>$/)
  })

  test('[RFC2018 §2] without SACK-permitted there are no blocks', () => {
    const peer = delaying()
    peer.sends('. 101:201(100) ack 1')
    peer.expects('. 1:1(0) ack 1 <>'.replace(' <>', ''))
    expect(peer.c.options.sack).toBe(false)
  })

  test('SHLD-31: ranges are bounded; what does not fit is dropped and can come again', () => {
    const peer = delaying()
    for (let i = 0; i < 130; i++) peer.sends(`. ${101 + 20 * i}:${111 + 20 * i}(10) ack 1`)
    peer.takes()
    expect(peer.c.receive.reassembly.count).toBe(128)
    expect(peer.counters.TCPOFODrop).toBe(2)
    peer.sends('. 1:1401(1400) ack 1', '. 1401:2801(1400) ack 1')
    expect(peer.reads()).toBe(2800)
  })

  test('[RFC9293 §3.10.7.4] text beyond the window is cut off', () => {
    const peer = delaying({ settings: { receiveBuffer: 4096 } })
    peer.sends('. 4001:5001(1000) ack 1')
    peer.expects('. 1:1(0) ack 1')
    peer.sends('. 1:4001(4000) ack 1')
    peer.expects('. 1:1(0) ack 4097 win 0')
    expect(peer.reads()).toBe(4096)
  })

  test('[RFC9293 §3.10.7.4] a FIN beyond the window waits to come again', () => {
    const peer = delaying({ settings: { receiveBuffer: 4096 } })
    peer.sends('F. 1:5001(5000) ack 1')
    peer.expects('. 1:1(0) ack 4097 win 0')
    peer.state('ESTABLISHED')
    peer.reads()
    peer.expects('. 1:1(0) ack 4097 win 4096')
    peer.sends('F. 4097:5001(904) ack 1')
    peer.expects('. 1:1(0) ack 5002')
    peer.state('CLOSE-WAIT')
  })

  test('no memory: the segment is dropped, acknowledged, and can come again', () => {
    const peer = delaying({ memory: 1 << 18 })
    const held: number[] = []
    for (let at = peer.arena.take(2048); at !== -1; at = peer.arena.take(2048)) held.push(at)
    peer.sends('P. 1:101(100) ack 1')
    peer.expects('. 1:1(0) ack 1')
    for (const at of held) peer.arena.give(at, 2048)
    peer.sends('P. 1:101(100) ack 1')
    expect(peer.reads()).toBe(100)
  })
})
