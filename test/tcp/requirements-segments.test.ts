import { expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { FREEBSD } from '../../src/tcp/profile.ts'
import { OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT } from '../support/peer.ts'
import { closed, established } from '../support/peers.ts'

test('[RFC9293 §3.1] MUST-69: behind the end of the options there are only zeros', () => {
  const peer = closed({ sysctl: { tcp_timestamps: 0 } })
  Object.assign(peer.profile, FREEBSD) // Linux fills up with NOPs
  peer.tcp.connect(OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT, peer.settings, peer.now)
  const { bytes } = peer.expects('S 0:0(0) <mss 1460,nop,wscale 7,sackOK,eol,eol>')
  expect([...bytes.subarray(-2)]).toEqual([0, 0])
})

test('[RFC9293 §3.8.6] MUST-35: a window that the peer shrinks to nothing is probed', () => {
  const peer = established({ win: 4000 })
  peer.writes(4000)
  peer.takes()
  peer.sends('. 1:1(0) ack 4001 win 1000')
  peer.sends('. 1:1(0) ack 4001 win 0')
  peer.writes(100)
  peer.expectsNothing()
  peer.advance(SECOND)
  expect(peer.outbox.map((sent) => Math.round(sent.at / MILLISECOND))).toEqual([200, 600])
  peer.expects('. 4000:4000(0) ack 1')
  peer.expects('. 4000:4000(0) ack 1')
  peer.sends('. 1:1(0) ack 4001 win 1000')
  peer.expects('P. 4001:4101(100) ack 1')
})

test('[RFC9293 §3.8.6] MUST-35: and what was under way when it shrank goes again until the peer takes it', () => {
  const peer = established({ win: 4000 })
  peer.writes(4000)
  peer.takes()
  peer.sends('. 1:1(0) ack 1461 win 0')
  peer.advance(SECOND)
  expect(peer.takes()).toEqual(Array(2).fill('P. 1461:2921(1460) ack 1 win 65535'))
})
