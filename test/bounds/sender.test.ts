import { describe, expect, test } from 'vitest'
import type { Peer } from '../support/peer.ts'
import { connected } from '../support/peers.ts'

const MSS = 1460

/** A connection with `length` bytes outstanding, in super-segments. */
function sending(length: number): Peer {
  const peer = connected({
    options: `mss ${MSS},sackOK,nop,wscale 10`,
    offload: true,
    settings: { sendBuffer: 1 << 20 },
  })
  peer.c.congestion.window = 1 << 20
  peer.sends('. 1:1(0) ack 1 win 2000')
  peer.leavesUnsaid = true // a turn's share is less than all of it
  peer.writes(length)
  while (peer.takes().length > 0);
  peer.leavesUnsaid = false
  expect(peer.c.send.flight).toBe(length)
  return peer
}

/** How many rows of the scoreboard `act` looks at. */
function looks(peer: Peer, act: () => void): number {
  const { board } = peer.c.recovery
  const original = board.marksOf
  let count = 0
  board.marksOf = (row) => {
    count++
    return original.call(board, row)
  }
  act()
  board.marksOf = original
  return count
}

describe('what a peer’s SACK blocks can make us hold and do', () => {
  test('[RFC2018 §5] blocks of crumbs make no rows: only whole segments are cut (CVE-2019-11477)', () => {
    const peer = sending(100 * MSS)
    const { board } = peer.c.recovery
    const before = board.count
    for (let at = 3; at < 20_000; at += 40) {
      const blocks = [0, 10, 20, 30].map((more) => `${at + more}:${at + more + 5}`).join(' ')
      peer.sends(`. 1:1(0) ack 1 win 2000 <nop,nop,sack ${blocks}>`)
    }
    expect(board.count).toBe(before)
    expect(board.sacked).toBe(0)
  })

  test('[RFC2018 §5] there are never more rows than segments', () => {
    const peer = sending(200 * MSS)
    const { board } = peer.c.recovery
    for (let segment = 1; segment < 200; segment += 2) {
      const left = 1 + segment * MSS
      peer.sends(`. 1:1(0) ack 1 win 2000 <nop,nop,sack ${left}:${left + MSS}>`)
      peer.takes()
    }
    expect(board.count).toBeLessThanOrEqual(200)
    expect(board.sacked).toBe(100 * MSS)
  })

  test('[RFC2018 §5] a block that does not fit our segments is rounded inwards', () => {
    const peer = sending(10 * MSS)
    const { board } = peer.c.recovery
    peer.sends(`. 1:1(0) ack 1 win 2000 <nop,nop,sack ${1 + MSS - 10}:${1 + 4 * MSS + 10}>`)
    expect(board.sacked).toBe(3 * MSS)
    expect(board.find(peer.c.send.una)).toBe(0)
    expect(board.lengthOf(0)).toBe(MSS)
  })

  test('[RFC2018 §5] what is repeated is not looked at again: the work does not grow with the window', () => {
    const peer = sending(600 * MSS)
    for (let segment = 2; segment < 500; segment++) {
      const right = 1 + segment * MSS
      peer.sends(`. 1:1(0) ack 1 win 2000 <nop,nop,sack ${1 + MSS}:${right}>`)
      peer.takes()
    }
    const right = 1 + 500 * MSS
    const line = `. 1:1(0) ack 1 win 2000 <nop,nop,sack ${1 + MSS}:${right}>`
    expect(looks(peer, () => peer.sends(line))).toBeLessThan(40)
  })

  test('[RFC5681 §3.1] ACK division: octet by octet the window grows no faster, and no rows remain', () => {
    const peer = sending(20 * MSS)
    const { board } = peer.c.recovery
    const { window } = peer.c.congestion
    const before = board.count
    for (let ack = 2; ack <= 1 + MSS; ack++) peer.sends(`. 1:1(0) ack ${ack} win 2000`)
    expect(peer.c.congestion.window - window).toBeLessThanOrEqual(MSS)
    expect(board.count).toBe(before)
  })
})

test('segments that may be out are bounded however small the peer wants them (CVE-2019-11479)', () => {
  const peer = connected({ options: 'mss 48,sackOK,nop,wscale 10', settings: { sendBuffer: 1 << 18 } })
  peer.c.congestion.window = 1 << 20
  peer.sends('. 1:1(0) ack 1 win 2000')
  peer.writes(1 << 18)
  expect(peer.takes()).toHaveLength(1024)
  expect(peer.c.recovery.board.count).toBe(1024)
  peer.sends('. 1:1(0) ack 481 win 2000')
  expect(peer.takes()).toHaveLength(10)
})
