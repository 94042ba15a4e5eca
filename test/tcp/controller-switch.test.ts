import { describe, expect, test } from 'vitest'
import { MILLISECOND } from '../../src/base/time.ts'
import { configure } from '../../src/tcp/calls.ts'
import { INFINITE_THRESHOLD } from '../../src/tcp/congestion.ts'
import { controllerNames } from '../../src/tcp/controllers.ts'
import type { Peer } from '../support/peer.ts'
import { connected, listening, synSent } from '../support/peers.ts'

const MSS = 1000
const PAIRS = controllerNames().flatMap((from) =>
  controllerNames().flatMap((to) => (from === to ? [] : [[from, to]])),
)

function change(peer: Peer, name: string): void {
  const settings = peer.c.settings.copy()
  settings.congestionControl = name
  configure(peer.c, settings, peer.now)
}

/** Open over 20 ms, with SACK; a window was sent and acknowledged, and so many segments are out. */
function sending(controller: string, segments: number): Peer {
  const peer = connected({
    options: 'mss 1000,sackOK,nop,nop',
    sysctl: { tcp_congestion_control: controller },
  })
  peer.writes(10 * MSS)
  peer.advance(20 * MILLISECOND)
  peer.sends(`. 1:1(0) ack ${1 + 10 * MSS}`)
  peer.takes()
  peer.writes(segments * MSS)
  peer.advance(5 * MILLISECOND)
  peer.takes()
  return peer
}

describe.each(PAIRS)('TCP_CONGESTION from %s to %s', (from, to) => {
  test('[tcp(7)] the window stays; so does the threshold, but for a model', () => {
    const peer = sending(from, 4)
    peer.c.congestion.threshold = 12 * MSS
    const { window } = peer.c.congestion
    change(peer, to)
    const { congestion } = peer.c
    expect(congestion.name).toBe(to)
    expect(congestion.window).toBe(window)
    expect(congestion.threshold).toBe(to === 'bbr' ? INFINITE_THRESHOLD : 12 * MSS)
    expect(congestion.pacingRate > 0).toBe(to === 'bbr')
  })

  test('in the midst of a recovery: it ends with a smaller window, and all arrives', () => {
    const peer = sending(from, 8)
    const at = 1 + 10 * MSS
    peer.sends(`. 1:1(0) ack ${at} <nop,nop,sack ${at + MSS}:${at + 5 * MSS}>`)
    expect(peer.c.recovery.phase).toBe('recovery')
    change(peer, to)
    expect(peer.c.recovery.phase).toBe('recovery')
    peer.advance(20 * MILLISECOND)
    peer.takes()
    peer.sends(`. 1:1(0) ack ${at + 8 * MSS}`)
    expect(peer.c.recovery.phase).toBe('open')
    expect(peer.c.congestion.window).toBeGreaterThanOrEqual(2 * MSS)
    expect(peer.c.congestion.window).toBeLessThanOrEqual(20 * MSS)
    peer.writes(2 * MSS)
    peer.advance(5 * MILLISECOND)
    expect(peer.takes()[1]).toMatch(/^P. 19001:20001/)
  })
})

test('before the handshake is over: it begins with the initial window', () => {
  const peer = synSent()
  change(peer, 'reno')
  peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1460>')
  expect(peer.c.congestion.name).toBe('reno')
  expect(peer.c.congestion.window).toBe(10 * 1460)
})

test('[RFC7413 §4.2.2] a Fast Open by the peer sends before its handshake is over: the window stays', () => {
  const peer = listening({ sysctl: { tcp_fastopen: 0x602 } })
  peer.listener!.fastOpen.limit = 1
  peer.sends('S 0:10(10) <mss 1460>')
  peer.expects('S. 0:0(0) ack 11 <mss 1460>')
  peer.accepts()
  change(peer, 'reno')
  expect(peer.c.congestion.window).toBe(10 * 1460)
  peer.writes(1000)
  peer.expects('P. 1:1001(1000) ack 11')
})

test('the same again changes nothing', () => {
  const peer = sending('cubic', 4)
  const { congestion } = peer.c
  change(peer, 'cubic')
  expect(peer.c.congestion).toBe(congestion)
})
