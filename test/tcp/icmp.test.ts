import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import { add } from '../../src/wire/seq.ts'
import { OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT, type Peer, RecordingUser } from '../support/peer.ts'
import { connected, synReceived, synSent } from '../support/peers.ts'

/** An ICMP error arrives that quotes the segment with relative sequence number `seq`. */
function errs(peer: Peer, type: number, code: number, seq: number, mtu = 0): void {
  peer.tcp.icmpError(
    {
      type,
      code,
      mtu,
      source: OUR_ADDRESS,
      destination: PEER_ADDRESS,
      sourcePort: OUR_PORT,
      destinationPort: PEER_PORT,
      seq: add(peer.iss, seq),
    },
    peer.now,
  )
}

describe('SYN-SENT', () => {
  test.each([
    [0, 'net-unreachable'],
    [1, 'host-unreachable'],
    [2, 'protocol-unreachable'],
    [3, 'refused'],
    [5, 'source-route-failed'],
    [7, 'host-down'],
    [8, 'host-isolated'],
    [9, 'net-unreachable'],
    [13, 'host-unreachable'],
  ] as const)(
    '[RFC9293 §3.9.2.2] MUST-54: unreachable code %i fails the open, as on Linux',
    (code, reason) => {
      const peer = synSent()
      errs(peer, 3, code, 0)
      peer.state('CLOSED')
      expect(peer.c.closeReason).toBe(reason)
    },
  )

  test('[RFC5927 §4.1] one that quotes another number is ignored', () => {
    const peer = synSent()
    errs(peer, 3, 3, 1)
    errs(peer, 3, 3, -1)
    peer.state('SYN-SENT')
    expect(peer.counters.OutOfWindowIcmps).toBe(2)
  })
})

describe('SYN-RECEIVED', () => {
  test('[RFC9293 §3.9.2.2] SHLD-26: port unreachable ends the handshake', () => {
    const peer = synReceived()
    errs(peer, 3, 3, 0)
    peer.state('LISTEN')
  })

  test('[RFC9293 §3.9.2.2] MUST-56: host unreachable does not', () => {
    const peer = synReceived()
    errs(peer, 3, 1, 0)
    errs(peer, 11, 0, 0)
    errs(peer, 3, 4, 0, 1000)
    errs(peer, 3, 3, 7)
    peer.state('SYN-RECEIVED')
  })
})

describe('ESTABLISHED', () => {
  test('[RFC9293 §3.9.2.2] MUST-47, MUST-56, SHLD-25: errors are noted and told, the connection stays', () => {
    for (const [type, code] of [
      [3, 0],
      [3, 1],
      [3, 5],
      [11, 0],
      [12, 0],
    ] as const) {
      const peer = connected()
      const user = new RecordingUser()
      peer.c.user = user
      peer.writes(100)
      peer.expects('P. 1:101(100)')
      errs(peer, type, code, 1)
      peer.state('ESTABLISHED')
      expect(peer.c.softError).toBeDefined()
      expect(user.changes).toBe(1)
    }
  })

  test('[RFC5927 §5.2] a hard error does not end a synchronized connection either', () => {
    const peer = connected()
    peer.writes(100)
    peer.expects('P. 1:101(100)')
    errs(peer, 3, 3, 1)
    peer.state('ESTABLISHED')
  })

  test('[RFC5927 §4.1] one that quotes what is not outstanding is ignored', () => {
    const peer = connected()
    peer.writes(100)
    peer.expects('P. 1:101(100)')
    peer.sends('. 1:1(0) ack 101')
    errs(peer, 3, 1, 1)
    errs(peer, 3, 1, 101)
    expect(peer.c.softError).toBeUndefined()
    expect(peer.counters.OutOfWindowIcmps).toBe(2)
  })

  test('[RFC9293 §3.9.2.2] MUST-55: Source Quench is discarded without a sound', () => {
    const peer = connected()
    peer.writes(100)
    peer.takes()
    errs(peer, 4, 0, 1)
    expect(peer.c.softError).toBeUndefined()
  })
})

describe('path MTU', () => {
  test('[RFC1191 §6.4] what is out is sent again in the size that fits', () => {
    const peer = connected()
    peer.writes(2920)
    expect(peer.takes()).toHaveLength(2)
    errs(peer, 3, 4, 1, 1000)
    peer.expects('. 1:961(960)')
    peer.expects('. 961:1921(960)')
    peer.expects('. 1921:2881(960)')
    peer.expects('P. 2881:2921(40)')
    expect(peer.c.segmentSize).toBe(960)
    peer.sends('. 1:1(0) ack 2921')
    peer.writes(2000)
    peer.expects('. 2921:3881(960)')
  })

  test('[RFC6928 §2] the initial window after idling is one of the new size', () => {
    const peer = connected()
    peer.writes(29_200)
    peer.takes()
    for (let acked = 1460; acked <= 29_200; acked += 1460) peer.sends(`. 1:1(0) ack ${1 + acked}`)
    peer.writes(1460)
    errs(peer, 3, 4, 29_201, 1500)
    peer.takes()
    errs(peer, 3, 4, 29_201, 1000)
    peer.takes()
    peer.sends('. 1:1(0) ack 30661')
    peer.advance(10 * SECOND)
    peer.writes(50_000)
    expect(peer.takes()).toHaveLength(Math.floor(9600 / 960))
  })

  test('[RFC1191 §3] a larger MTU than known changes nothing', () => {
    const peer = connected()
    peer.writes(2920)
    peer.takes()
    errs(peer, 3, 4, 1, 9000)
    peer.expectsNothing()
    expect(peer.c.segmentSize).toBe(1460)
  })

  test('[RFC1191 §5] an old router names no MTU; and none below 552 is believed', () => {
    for (const mtu of [0, 68]) {
      const peer = connected()
      peer.writes(1460)
      peer.takes()
      errs(peer, 3, 4, 1, mtu)
      expect(peer.c.segmentSize).toBe(512)
      expect(peer.takes()).toHaveLength(3)
    }
  })

  test('[RFC5927 §7] one about what is not outstanding is ignored', () => {
    const peer = connected()
    errs(peer, 3, 4, 1, 1000)
    expect(peer.c.segmentSize).toBe(1460)
  })

  test('before the handshake is over the size is remembered', () => {
    const peer = synSent()
    errs(peer, 3, 4, 0, 1000)
    peer.sends('S. 0:0(0) ack 1 <mss 1460>')
    peer.writes(2000)
    peer.expects('. 1:961(960) ack 1')
    peer.advance(SECOND)
  })
})

test('[RFC9293 §3.9.2.2] an error about no connection is counted', () => {
  const peer = connected()
  peer.aborts()
  errs(peer, 3, 3, 1)
  expect(peer.counters.OutOfWindowIcmps).toBe(1)
})
