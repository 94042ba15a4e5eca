import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import { add } from '../../src/wire/seq.ts'
import { connected } from '../support/peers.ts'

const offload = { offload: true, settings: { noDelay: false, sendBuffer: 1 << 20 } }

describe('super-segments', () => {
  test('the initial window goes out in one', () => {
    const peer = connected(offload)
    peer.writes(100_000)
    peer.expects('P. 1:14601(14600) ack 1 gso 1460')
    peer.expectsNothing()
    expect(peer.counters.OutSegs).toBe(2 + 10)
  })

  test('[RFC9293 §3.9.1.2] MUST-61: PSH where the user’s data ends', () => {
    const peer = connected(offload)
    peer.writes(5000)
    peer.expects('P. 1:5001(5000) ack 1 gso 1460')
  })

  test('[RFC9293 §3.7.4] the short end waits while another short one is out', () => {
    const peer = connected(offload)
    peer.writes(100)
    peer.expects('P. 1:101(100) ack 1 gso 0')
    peer.writes(5000)
    peer.expects('P. 101:4481(4380) ack 1 gso 1460')
    peer.expectsNothing()
    peer.sends('. 1:1(0) ack 101')
    peer.expects('P. 4481:5101(620) ack 1 gso 0')
  })

  test('[RFC9293 §3.8.5] none while urgent data is out: who cuts them does not move the urgent pointer', () => {
    const peer = connected(offload)
    peer.writes(4000)
    peer.c.send.up = add(peer.c.send.base, 4000)
    peer.c.send.isUrgent = true
    peer.expects('U. 1:1461(1460) ack 1 urg 4000 gso 0')
    peer.expects('U. 1461:2921(1460) ack 1 urg 2540 gso 0')
    peer.expects('UP. 2921:4001(1080) ack 1 urg 1080 gso 0')
    peer.advance(0.3 * SECOND)
    peer.expects('U. 1:1461(1460) ack 1 urg 4000 gso 0')
    peer.sends('. 1:1(0) ack 4001')
    peer.writes(4000)
    peer.expects('P. 4001:6921(2920) gso 1460')
  })

  test('a FIN goes with the last', () => {
    const peer = connected(offload)
    peer.writes(5000)
    peer.closes()
    peer.expects('FP. 1:5001(5000) ack 1 gso 1460')
  })

  test('a window that ends within a segment is floored to whole ones', () => {
    const peer = connected({ ...offload, win: 10_000 })
    peer.writes(100_000)
    // 10,000 is the whole window, and more than half of the largest: it is used.
    peer.expects('P. 1:10001(10000) ack 1 gso 1460')
    peer.sends('. 1:1(0) ack 1461 win 9000')
    peer.expectsNothing()
    peer.sends('. 1:1(0) ack 5001 win 9000')
    peer.expects('P. 10001:12921(2920) ack 1 gso 1460')
  })

  test('none is longer than an IP packet, and all but the last are whole', () => {
    const peer = connected({ ...offload, options: 'mss 1460,nop,wscale 7' })
    peer.c.congestion.window = 1 << 20
    peer.sends('. 1:1(0) ack 1 win 65535')
    peer.writes(200_000)
    peer.expects('P. 1:64241(64240) ack 1 gso 1460')
    peer.expects('P. 64241:128481(64240) ack 1 gso 1460')
    peer.expects('P. 128481:192721(64240) ack 1 gso 1460')
    peer.expects('P. 192721:200001(7280) ack 1 gso 1460')
  })

  test('a connection with much to say lets others speak, and goes on in the next turn', () => {
    const peer = connected({
      ...offload,
      options: 'mss 1460,nop,wscale 14',
      settings: { sendBuffer: 4 << 20 },
    })
    peer.c.congestion.window = 4 << 20
    peer.sends('. 1:1(0) ack 1 win 65535')
    peer.leavesUnsaid = true
    peer.writes(1 << 20)
    const sent = (): number => peer.takes().length
    expect(sent()).toBe(9) // 9 * 64,240 bytes are the first that are not less than the share
    expect(peer.tcp.isDirty).toBe(true)
    expect(sent()).toBe(8)
    expect(sent()).toBe(0)
    expect(peer.tcp.isDirty).toBe(false)
  })

  test('with timestamps the size of a segment is what is left beside them', () => {
    const peer = connected({ ...offload, options: 'mss 1460,nop,nop,TS val 100 ecr 1000' })
    peer.writes(5000)
    peer.expects('P. 1:5001(5000) ack 1 gso 1448')
  })

  test('beside SACK blocks the pieces are smaller, and whole', () => {
    const peer = connected({ ...offload, options: 'mss 1460,nop,nop,sackOK' })
    peer.sends('. 101:201(100) ack 1')
    peer.takes()
    peer.writes(3 * 1448)
    peer.expects('P. 1:4345(4344) ack 1 gso 1448 <nop,nop,sack 101:201>')
    peer.writes(10)
    peer.expects('P. 4345:4355(10) ack 1')
  })

  test('what is lost goes again segment by segment', () => {
    const peer = connected(offload)
    peer.writes(14_600)
    peer.expects('P. 1:14601(14600) ack 1 gso 1460')
    for (let i = 0; i < 3; i++) peer.sends('. 1:1(0) ack 1')
    peer.expects('. 1:1461(1460) ack 1 gso 0')
    peer.expectsNothing()
    peer.advance(SECOND)
    peer.expects('. 1:1461(1460) ack 1 gso 0')
  })

  test('[RFC9293 §3.8.2] an ACK in the middle of one is an ACK like any', () => {
    const peer = connected(offload)
    peer.writes(100_000)
    peer.takes()
    peer.sends('. 1:1(0) ack 2921')
    peer.expects('P. 14601:20441(5840) ack 1 gso 1460')
  })

  test('with a full device nothing is lost: it goes out later', () => {
    const peer = connected(offload)
    peer.isFull = true
    peer.writes(3000)
    peer.sends('P. 1:11(10) ack 1')
    peer.expectsNothing()
    expect(peer.tcp.isDirty).toBe(true)
    peer.isFull = false
    peer.expects('P. 1:3001(3000) ack 11 gso 1460')
    expect(peer.tcp.isDirty).toBe(false)
  })
})
