import { expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import type { SegmentSink } from '../../src/tcp/host.ts'
import { OUR_PORT, PEER_ADDRESS, PEER_PORT } from '../support/peer.ts'
import { closed, established, lastAck, synCrossed, synSent } from '../support/peers.ts'

const OTHER_PORT = PEER_PORT + 1

test('[RFC9293 §3.6] MUST-12: the user learns whether the peer closed or reset the connection', () => {
  const orderly = lastAck()
  expect(orderly.c.receive.isFinTaken).toBe(true)
  orderly.sends('. 2:2(0) ack 2')
  expect(orderly.c.closeReason).toBe('closed')

  const aborted = established()
  aborted.sends('R 1:1(0)')
  expect(aborted.c.receive.isFinTaken).toBe(false)
  expect(aborted.c.closeReason).toBe('reset')
})

test.each([
  ['SYN-SENT', synSent],
  ['SYN-RECEIVED', synCrossed],
] as const)('[RFC9293 §3.9.1.1] MUST-42: LISTEN on the port of a connection in %s', (state, make) => {
  const peer = make()
  peer.listener = peer.tcp.listen(0, OUR_PORT, 8, peer.settings)
  peer.sendsFrom(OTHER_PORT, 'S 0:0(0)')
  peer.expects('S. 0:0(0) ack 1')
  peer.sendsFrom(OTHER_PORT, '. 1:1(0) ack 1')
  expect(peer.listener.accept()?.remotePort).toBe(OTHER_PORT)
  peer.state(state)
  peer.sends('S. 0:0(0) ack 1 <mss 1460>')
  peer.state('ESTABLISHED')
})

test('[RFC9293 §3.9.1.1] MUST-45: every segment of a connection has the local address of the first', () => {
  const peer = closed()
  const head = peer.arena.take(128)
  const sources: number[] = []
  const sink: SegmentSink = {
    memory: peer.arena.bytes,
    segmentationOffload: false,
    room: () => head,
    send: (source) => sources.push(source),
  }
  for (const local of [0x0a090002, 0x0a090003]) {
    const c = peer.tcp.connect(local, OUR_PORT, PEER_ADDRESS, PEER_PORT, peer.settings, peer.now)
    for (let turn = 0; turn < 4; turn++) {
      peer.tcp.transmit(sink, peer.now)
      peer.now += SECOND
      peer.tcp.advance(peer.now)
    }
    peer.tcp.finish(c, 'aborted')
    expect(sources.splice(0)).toEqual([local, local, local, local])
  }
})
