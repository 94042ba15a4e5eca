import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { windowScaleFor } from '../../src/tcp/options.ts'
import { connected, established, listening, synCrossed, synSent } from '../support/peers.ts'

const DAY = 24 * 3600 * SECOND

describe('negotiation', () => {
  test('[RFC9293 §3.7.1] MUST-14, MUST-67, SHLD-5, SHLD-6, MAY-3: a SYN offers all that we know, the MSS by the MTU', () => {
    const peer = synSent()
    peer.advance(SECOND)
    peer.expects('S 0:0(0) win 65535 <mss 1460,sackOK,TS val 2000 ecr 0,nop,wscale 7>')
    const narrow = synSent({ mtu: 576 })
    narrow.advance(SECOND)
    narrow.expects('S 0:0(0) win 65535 <mss 536,sackOK,TS val 2000 ecr 0,nop,wscale 7>')
  })

  test.each([
    ['mss 1460', 'mss 1460'],
    ['mss 1460,nop,wscale 3', 'mss 1460,nop,wscale 7'],
    ['mss 1460,nop,nop,sackOK', 'mss 1460,nop,nop,sackOK'],
    ['mss 1460,nop,nop,TS val 100 ecr 0', 'mss 1460,nop,nop,TS val 1000 ecr 100'],
    ['mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 3', 'mss 1460,sackOK,TS val 1000 ecr 100,nop,wscale 7'],
    ['', 'mss 1460'],
  ])('[RFC7323 §1.3] the SYN-ACK to <%s> has <%s>', (offered, answered) => {
    const peer = listening()
    peer.sends(`S 0:0(0) <${offered}>`)
    peer.expects(`S. 0:0(0) ack 1 <${answered}>`)
  })

  test.each([
    ['tcp_sack', 'mss 1460,nop,nop,TS val 1000 ecr 100,nop,wscale 7'],
    ['tcp_timestamps', 'mss 1460,nop,nop,sackOK,nop,wscale 7'],
    ['tcp_window_scaling', 'mss 1460,sackOK,TS val 1000 ecr 100'],
  ])('%s = 0', (sysctl, answered) => {
    const peer = listening({ sysctl: { [sysctl]: 0 } })
    peer.sends('S 0:0(0) <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 3>')
    peer.expects(`S. 0:0(0) ack 1 <${answered}>`)
  })

  test('[RFC9293 §3.7.1] MUST-15: without an MSS option 536 is assumed', () => {
    const peer = established({ options: '' })
    peer.writes(2000)
    peer.expects('. 1:537(536)')
    const active = connected({ options: '' })
    active.writes(2000)
    active.expects('. 1:537(536)')
  })

  test('[RFC9293 §3.7.1, RFC1122 §3.3.3] MUST-16: the smaller of the peer’s MSS and the path’s, less options', () => {
    const small = established({ options: 'mss 700' })
    small.writes(2000)
    small.expects('. 1:701(700)')
    const narrow = established({ options: 'mss 9000', mtu: 1500 })
    narrow.writes(2000)
    narrow.expects('. 1:1461(1460)')
    const stamped = established({ options: 'mss 1460,nop,nop,TS val 1 ecr 0' })
    stamped.writes(2000)
    stamped.expects('. 1:1449(1448)')
  })

  test('[RFC2018 §3] SACK blocks make segments shorter', () => {
    const peer = established({ options: 'mss 1460,nop,nop,sackOK' })
    peer.sends('. 101:201(100) ack 1')
    peer.expects('. 1:1(0) ack 1')
    peer.writes(3000)
    peer.expects('. 1:1449(1448) ack 1 <nop,nop,sack 101:201>')
    peer.expects('. 1449:2897(1448) ack 1 <nop,nop,sack 101:201>')
    // Neither was a short one: the rest does not wait.
    peer.expects('P. 2897:3001(104) ack 1')
  })

  test('CVE-2019-11479: an MSS too small to be meant is not believed', () => {
    const peer = established({ options: 'mss 8' })
    peer.writes(100)
    peer.expects('. 1:49(48)')
  })

  test('TCP_MAXSEG limits both ways', () => {
    const peer = listening({ settings: { maxSegment: 1000 } })
    peer.sends('S 0:0(0) <mss 1460>')
    peer.expects('S. 0:0(0) ack 1 <mss 1000>')
    peer.sends('. 1:1(0) ack 1')
    peer.accepts()
    peer.writes(2000)
    peer.expects('. 1:1001(1000)')
    const large = listening({ settings: { maxSegment: 5000 } })
    large.sends('S 0:0(0) <mss 1460>')
    large.expects('S. 0:0(0) ack 1 <mss 1460>')
  })

  test('[RFC9293 §3.2] MUST-65: no MSS option but in a SYN, and one there changes nothing', () => {
    const peer = established()
    peer.writes(100)
    peer.expects('P. 1:101(100) ack 1')
    peer.sends('. 1:1(0) ack 101 <mss 100,nop,wscale 9>')
    peer.writes(1000)
    peer.expects('P. 101:1101(1000)')
    expect(peer.c.send.wnd).toBe(65535)
  })

  test('[RFC7323 §2.3] REC-1: a shift above 14 is taken for 14, and windows have up to 30 bits', () => {
    expect(established({ options: 'mss 1460,nop,wscale 15' }).c.options.sendShift).toBe(14)
    const peer = established({ options: 'mss 1460,nop,wscale 15' })
    peer.sends('. 1:1(0) ack 1 win 65535')
    expect(peer.c.send.wnd).toBe(65535 * 2 ** 14)
    expect(windowScaleFor(0xffff)).toBe(0)
    expect(windowScaleFor(0x10000)).toBe(1)
    expect(windowScaleFor(6291456)).toBe(7)
    expect(windowScaleFor(0x7fffffff)).toBe(14)
  })

  test('[RFC7323 §2.2] the options of a simultaneous open', () => {
    const peer = synCrossed({ options: 'mss 1000,nop,wscale 2' })
    expect(peer.c.options.sendShift).toBe(2)
    expect(peer.c.options.timestamps).toBe(false)
    peer.advance(SECOND)
    peer.expects('S. 0:0(0) ack 1 <mss 1460,nop,wscale 7>')
  })

  test('[RFC9293 §3.1] MUST-6, MUST-7: unknown options are skipped, illegal lengths survived', () => {
    const unknown = listening()
    unknown.sends('S 0:0(0) <raw fe 06 00 00 00 00,mss 1000,nop,nop>')
    unknown.expects('S. 0:0(0) ack 1')
    unknown.sends('. 1:1(0) ack 1')
    expect(unknown.accepts().options.sendMss).toBe(1000)
    for (const bad of ['raw 08 00 00 00', 'raw 08 01 00 00', 'raw 08 ff 00 00', 'mss 1000,raw 02 03 00 00']) {
      const peer = listening()
      peer.sends(`S 0:0(0) <${bad}>`)
      peer.expects('S. 0:0(0) ack 1')
      expect(peer.counters.TCPDropBadOption).toBe(1)
    }
  })
})

describe('timestamps', () => {
  const stamped = { options: 'mss 1460,nop,nop,TS val 100 ecr 0' }
  const line = (text: string, val: number) => `${text} <nop,nop,TS val ${val} ecr 1000>`

  test('[RFC7323 §3.2 §4.1] in every segment, our clock in milliseconds, the peer’s echoed', () => {
    const peer = established(stamped)
    peer.sends(line('P. 1:11(10) ack 1', 2300))
    peer.advance(5 * MILLISECOND)
    peer.writes(10)
    peer.expects('. 1:1(0) ack 11 <nop,nop,TS val 1000 ecr 2300>')
    peer.expects('P. 1:11(10) ack 11 <nop,nop,TS val 1005 ecr 2300>')
  })

  test('[RFC7323 §5.3] R1: an older timestamp is refused and acknowledged', () => {
    const peer = established(stamped)
    peer.sends(line('P. 1:11(10) ack 1', 2300))
    peer.expects('. 1:1(0) ack 11')
    peer.sends(line('P. 11:21(10) ack 1', 2299))
    peer.expects('. 1:1(0) ack 11')
    expect(peer.counters.PAWSEstab).toBe(1)
    peer.sends(line('P. 11:21(10) ack 1', 2300))
    peer.expects('. 1:1(0) ack 21')
  })

  test.each([
    ['older than our SYN', -1],
    ['that is yet to come', 1251],
  ])('a SYN-ACK that echoes a timestamp %s is reset, as on Linux (PAWSActive)', (_name, echo) => {
    const peer = synSent()
    peer.advance(250 * MILLISECOND)
    peer.sends(`S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 100 ecr ${echo}>`)
    peer.expects('R 1:1(0)')
    peer.sends(`R. 0:0(0) ack 1 <nop,nop,TS val 100 ecr ${echo}>`)
    peer.expectsNothing()
    expect(peer.counters.PAWSActive).toBe(2)
    peer.sends('S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 100 ecr 1000>')
    peer.expects('. 1:1(0) ack 1')
    expect(peer.counters.PAWSActive).toBe(2)
  })

  test('a SYN-ACK that echoes a strange timestamp opens all the same with the profile of FreeBSD', () => {
    const peer = synSent({ profile: 'freebsd' })
    peer.sends('S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 100 ecr 5>')
    peer.expects('. 1:1(0) ack 1')
  })

  test('[RFC7323 §5.2] a reset is exempt', () => {
    const peer = established(stamped)
    peer.sends(line('P. 1:11(10) ack 1', 2300))
    peer.sends(line('R. 11:11(0) ack 1', 1))
    expect(peer.c.closeReason).toBe('reset')
  })

  test('[RFC7323 §4.3] what was acknowledged last is echoed as it came again: that is the round trip, not the wait for its time-out', () => {
    const peer = established({ options: 'mss 1460,sackOK,TS val 2000 ecr 0' })
    peer.sends('P. 1:11(10) ack 1 <nop,nop,TS val 2200 ecr 1000>')
    peer.expects('. 1:1(0) ack 11 <nop,nop,TS val 1000 ecr 2200>')
    peer.sends('P. 1:11(10) ack 1 <nop,nop,TS val 2700 ecr 1000>')
    peer.expects('. 1:1(0) ack 11 <nop,nop,TS val 1000 ecr 2700,nop,nop,sack 1:11>')
    // Neither what has an acknowledgment that cannot be, nor what was acknowledged before the last.
    peer.sends('P. 1:11(10) ack 99 <nop,nop,TS val 2900 ecr 1000>')
    peer.expects('. 1:1(0) ack 11 <nop,nop,TS val 1000 ecr 2700,nop,nop,sack 1:11>')
    peer.sends('P. 1:6(5) ack 1 <nop,nop,TS val 2900 ecr 1000>')
    peer.expects('. 1:1(0) ack 11 <nop,nop,TS val 1000 ecr 2700,nop,nop,sack 1:6>')
    peer.sends('P. 1:11(10) ack 1 <nop,nop,TS val 2300 ecr 1000>')
    expect(peer.counters.PAWSEstab).toBe(1)
  })

  test('[RFC7323 §4.3] what is echoed is that of the segment at the last ACK sent', () => {
    const peer = established(stamped)
    peer.c.acks.quick = 0
    peer.sends(line('P. 1:11(10) ack 1', 2300))
    peer.sends(line('P. 11:21(10) ack 1', 2310))
    peer.advance(SECOND)
    peer.expects('. 1:1(0) ack 21 <nop,nop,TS val 1040 ecr 2300>')
    peer.sends(line('P. 31:41(10) ack 1', 2330))
    peer.expects('. 1:1(0) ack 21 <nop,nop,TS val 2000 ecr 2300>')
    peer.sends(line('P. 21:31(10) ack 1', 2340))
    peer.expects('. 1:1(0) ack 41 <nop,nop,TS val 2000 ecr 2340>')
  })

  test('[RFC7323 §5.4] the clock may wrap', () => {
    const peer = established(stamped)
    // The peer's clock wraps at 2200.
    peer.sends(line('P. 1:11(10) ack 1', 2150))
    peer.sends(line('P. 11:21(10) ack 1', 2260))
    expect(peer.reads()).toBe(20)
  })

  test('[RFC7323 §5.5] after 24 days of idleness an older timestamp says nothing, and is taken', () => {
    for (const days of [24.5, 30, 60, 100]) {
      const peer = established(stamped)
      peer.sends(line('P. 1:11(10) ack 1', 2300))
      peer.advance(days * DAY)
      peer.takes()
      peer.sends(line('P. 11:21(10) ack 1', 2100))
      expect(peer.reads()).toBe(20)
      peer.sends(line('P. 21:31(10) ack 1', 2099))
      expect(peer.reads()).toBe(0)
    }
  })

  test('[RFC7323 §3.2] a segment without them is let pass, as on Linux', () => {
    const peer = established(stamped)
    peer.sends('P. 1:11(10) ack 1 <nop,nop,nop,nop>')
    expect(peer.reads()).toBe(10)
  })

  test('[RFC7323 §3.2] without agreement they are ignored', () => {
    const peer = established()
    peer.sends(line('P. 1:11(10) ack 1', 2300))
    peer.sends(line('P. 11:21(10) ack 1', 1))
    expect(peer.reads()).toBe(20)
    expect(peer.takes()[0]).not.toContain('TS')
  })
})
