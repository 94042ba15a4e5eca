import { describe, expect, test } from 'vitest'
import type { Peer, PeerOptions } from '../support/peer.ts'
import { established } from '../support/peers.ts'

const withSack = (options: PeerOptions = {}): Peer => established({ options: 'mss 1460,sackOK', ...options })

describe('what arrived twice is reported', () => {
  test('[RFC2883 §4.1] a whole segment below the acknowledgement', () => {
    const peer = withSack()
    peer.sends('. 1:1001(1000) ack 1')
    peer.expects('. 1:1(0) ack 1001')
    peer.sends('. 1:1001(1000) ack 1')
    peer.expects('. 1:1(0) ack 1001 <nop,nop,sack 1:1001>')
    expect(peer.counters.TCPDSACKOldSent).toBe(1)
    peer.sends('. 1001:2001(1000) ack 1')
    peer.expects('. 1:1(0) ack 2001 <>')
  })

  test('[RFC2883 §4] each duplicate of a turn once, each with its own acknowledgement', () => {
    const peer = withSack()
    peer.sends('. 1:1001(1000) ack 1', '. 1001:2001(1000) ack 1')
    peer.expects('. 1:1(0) ack 2001')
    peer.sends('. 1:1001(1000) ack 1', '. 1001:2001(1000) ack 1')
    peer.expects('. 1:1(0) ack 2001 <nop,nop,sack 1:1001>')
    peer.expects('. 1:1(0) ack 2001 <nop,nop,sack 1001:2001>')
    peer.expectsNothing()
  })

  test('[RFC2883 §4.2] the old part of a segment that begins below the acknowledgement', () => {
    const peer = withSack()
    peer.sends('. 1:1001(1000) ack 1')
    peer.expects('. 1:1(0) ack 1001')
    peer.sends('. 501:1501(1000) ack 1')
    peer.expects('. 1:1(0) ack 1501 <nop,nop,sack 501:1001>')
    expect(peer.counters.TCPDSACKOldSent).toBe(1)
  })

  test('[RFC2883 §4] one that lies in a range out of order: that range is the second block', () => {
    const peer = withSack()
    peer.sends('. 1001:3001(2000) ack 1', '. 5001:6001(1000) ack 1')
    peer.takes()
    peer.sends('. 1501:2001(500) ack 1')
    peer.expects('. 1:1(0) ack 1 <nop,nop,sack 1501:2001 1001:3001 5001:6001>')
    expect(peer.counters.TCPDSACKOfoSent).toBe(1)
    expect(peer.counters.TCPOFOMerge).toBe(1)
  })

  test('[RFC2883 §4] two in different ranges: behind each its own range', () => {
    const peer = withSack()
    peer.sends('. 1001:2001(1000) ack 1', '. 5001:6001(1000) ack 1')
    peer.takes()
    peer.sends('. 1001:2001(1000) ack 1', '. 5001:6001(1000) ack 1')
    peer.expects('. 1:1(0) ack 1 <nop,nop,sack 1001:2001 1001:2001 5001:6001>')
    peer.expects('. 1:1(0) ack 1 <nop,nop,sack 5001:6001 5001:6001 1001:2001>')
  })

  test('[RFC2883 §4.2] the part of a segment out of order that was there', () => {
    const peer = withSack()
    peer.sends('. 1001:2001(1000) ack 1')
    peer.takes()
    peer.sends('. 1501:2501(1000) ack 1')
    peer.expects('. 1:1(0) ack 1 <nop,nop,sack 1501:2001 1001:2501>')
    peer.sends('. 501:1501(1000) ack 1')
    peer.expects('. 1:1(0) ack 1 <nop,nop,sack 1001:1501 501:2501>')
    expect(peer.counters.TCPDSACKOfoSent).toBe(2)
  })

  test('[RFC2883 §4] what fills a gap and reaches beyond it', () => {
    const peer = withSack()
    peer.sends('. 1001:2001(1000) ack 1')
    peer.takes()
    peer.sends('. 1:1501(1500) ack 1')
    peer.expects('. 1:1(0) ack 2001 <nop,nop,sack 1001:1501>')
  })

  test('[RFC2883 §4] a FIN that comes again', () => {
    const peer = withSack()
    peer.sends('F. 1:1001(1000) ack 1')
    peer.expects('. 1:1(0) ack 1002')
    peer.sends('F. 1:1001(1000) ack 1')
    peer.expects('. 1:1(0) ack 1002 <nop,nop,sack 1:1002>')
  })

  test('[RFC2883 §4] goes with data when there is some', () => {
    const peer = withSack({ options: 'mss 1460,sackOK,TS val 1000 ecr 0' })
    peer.sends('. 1:1001(1000) ack 1')
    peer.expects('. 1:1(0) ack 1001')
    peer.sends('. 501:1501(1000) ack 1')
    peer.writes(2000)
    expect(peer.expects('. 1:1437(1436) ack 1501').segment.sackCount).toBe(1)
    expect(peer.expects('P. 1437:2001(564) ack 1501').segment.sackCount).toBe(0)
  })

  test('[RFC2883 §4] not more reports than acknowledgements, and not without end', () => {
    const peer = withSack()
    peer.sends('. 1:1001(1000) ack 1')
    peer.takes()
    peer.sends(...Array.from({ length: 40 }, () => '. 1:1001(1000) ack 1'))
    const acks = peer.takes()
    expect(acks).toHaveLength(40)
    expect(acks.filter((ack) => ack.includes('sack 1:1001'))).toHaveLength(16)
  })

  test('[RFC2883 §4] not to a peer without SACK', () => {
    const peer = established()
    peer.sends('. 1:1001(1000) ack 1')
    peer.takes()
    peer.sends('. 1:1001(1000) ack 1')
    peer.expects('. 1:1(0) ack 1001 <>')
    expect(peer.counters.TCPDSACKOldSent).toBe(0)
  })

  test('[RFC2883 §4] not with tcp_dsack 0', () => {
    const peer = withSack({ sysctl: { tcp_dsack: 0 } })
    peer.sends('. 1:1001(1000) ack 1')
    peer.takes()
    peer.sends('. 1:1001(1000) ack 1')
    peer.expects('. 1:1(0) ack 1001 <>')
  })
})

describe('the order of SACK blocks', () => {
  const arrive = (peer: Peer, ...starts: number[]): void => {
    for (const start of starts) peer.sends(`. ${start}:${start + 100}(100) ack 1`)
  }

  test('[RFC2018 §4] the range that grew last comes first, then those that were first before it', () => {
    const peer = withSack()
    arrive(peer, 1001, 3001, 5001, 7001)
    peer.takes()
    arrive(peer, 3101)
    peer.expects('. 1:1(0) ack 1 <nop,nop,sack 3001:3201 7001:7101 5001:5101 1001:1101>')
    arrive(peer, 9001)
    peer.expects('. 1:1(0) ack 1 <nop,nop,sack 9001:9101 3001:3201 7001:7101 5001:5101>')
  })

  test('[RFC2018 §4] what has been acknowledged is left out, and the oldest come back', () => {
    const peer = withSack()
    arrive(peer, 101, 1001, 3001, 5001, 7001)
    peer.takes()
    arrive(peer, 1)
    peer.expects('. 1:1(0) ack 201 <nop,nop,sack 7001:7101 5001:5101 3001:3101 1001:1101>')
    arrive(peer, 201)
    peer.expects('. 1:1(0) ack 301 <nop,nop,sack 7001:7101 5001:5101 3001:3101 1001:1101>')
  })

  test('[RFC2018 §4] ranges that a segment joins are one block', () => {
    const peer = withSack()
    arrive(peer, 1001, 5001, 1201)
    peer.takes()
    arrive(peer, 1101)
    peer.expects('. 1:1(0) ack 1 <nop,nop,sack 1001:1301 5001:5101>')
  })

  test('[RFC2018 §3] three blocks beside timestamps', () => {
    const peer = withSack({ options: 'mss 1460,sackOK,TS val 1000 ecr 0' })
    arrive(peer, 1001, 3001, 5001, 7001)
    expect(peer.takes().at(-1)).toMatch(/sack 7001:7101 5001:5101 3001:3101>$/)
  })
})
