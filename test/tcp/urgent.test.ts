import { expect, test } from 'vitest'
import { add } from '../../src/wire/seq.ts'
import { RecordingUser } from '../support/peer.ts'
import { connected, established } from '../support/peers.ts'

test('[RFC9293 §3.8.5] MUST-30, MUST-32: the user is told of urgent data, and again when the pointer moves on', () => {
  const peer = established()
  const user = new RecordingUser()
  peer.c.user = user
  peer.sends('U. 1:1(0) ack 1 urg 10')
  expect(user.changes).toBe(1)
  expect(peer.c.receive.urgentAhead).toBe(10)
  peer.sends('U. 1:1(0) ack 1 urg 10')
  expect(user.changes).toBe(1)
  peer.sends('U. 1:1(0) ack 1 urg 20')
  expect(user.changes).toBe(2)
})

test('[RFC9293 §3.8.5] MUST-33: how much of it is unread', () => {
  const peer = established()
  peer.sends('UP. 1:101(100) ack 1 urg 50')
  expect(peer.c.receive.urgentAhead).toBe(50)
  peer.reads(20)
  expect(peer.c.receive.urgentAhead).toBe(30)
  peer.reads(30)
  expect(peer.c.receive.urgentAhead).toBe(0)
  expect(peer.c.receive.isUrgent).toBe(false)
})

test('[RFC9293 §3.10.7.4] RCV.UP never moves back, nor behind what was read', () => {
  const peer = established()
  peer.sends('UP. 1:101(100) ack 1 urg 50')
  peer.sends('U. 101:101(0) ack 1 urg 0')
  expect(peer.c.receive.urgentAhead).toBe(100)
  peer.reads()
  peer.sends('UP. 51:151(100) ack 1 urg 50')
  expect(peer.c.receive.isUrgent).toBe(false)
})

test('[RFC9293 §3.8.5] MUST-31: urgent data may be longer than a segment', () => {
  const peer = established()
  peer.sends('U. 1:1001(1000) ack 1 urg 3000')
  peer.sends('U. 1001:2001(1000) ack 1 urg 2000')
  expect(peer.c.receive.urgentAhead).toBe(3000)
})

test('[RFC9293 §3.8.5] MUST-62: what we send names the octet behind the urgent data, until it is acknowledged', () => {
  const peer = connected()
  peer.writes(2000)
  peer.c.send.up = add(peer.c.send.base, 2000)
  peer.c.send.isUrgent = true
  peer.expects('U. 1:1461(1460) ack 1 urg 2000')
  peer.expects('UP. 1461:2001(540) ack 1 urg 540')
  peer.sends('. 1:1(0) ack 2001')
  peer.writes(10)
  peer.expects('P. 2001:2011(10) ack 1')
})

test('[RFC9293 §3.8.6.1] urgency is told though the window is shut', () => {
  const peer = connected({ win: 1460 })
  peer.writes(1460)
  peer.takes()
  peer.sends('. 1:1(0) ack 1461 win 0')
  peer.writes(5)
  peer.c.send.up = add(peer.c.send.base, 5)
  peer.c.send.isUrgent = true
  peer.expectsNothing()
  peer.sends('P. 1:11(10) ack 1461 win 0')
  peer.expects('U. 1461:1461(0) ack 11 urg 5')
})

test('[RFC9293 §3.10.7.4] after the peer’s FIN the URG bit is ignored', () => {
  const peer = established()
  peer.sends('F. 1:1(0) ack 1', 'U. 2:2(0) ack 1 urg 10')
  expect(peer.c.receive.isUrgent).toBe(false)
})
