import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import { PathMtus } from '../../src/ip/path-mtus.ts'
import { RouteSysctls } from '../../src/ip/sysctls.ts'
import { closed, established } from '../support/peers.ts'

describe('answers', () => {
  test('[RFC5681 §4.2] duplicates of one turn get 64 acknowledgements and no more', () => {
    const peer = established()
    peer.sends('P. 1:101(100) ack 1')
    peer.takes()
    peer.sends(...Array.from({ length: 200 }, () => 'P. 1:101(100) ack 1'))
    expect(peer.takes()).toHaveLength(64)
  })

  test('[RFC9293 §3.10.7.1] a segment to nobody draws one reset, a reset none', () => {
    const peer = closed()
    peer.sends(...Array.from({ length: 100 }, () => '. 1:1(0) ack 1'))
    expect(peer.takes()).toHaveLength(100)
    peer.sends(...Array.from({ length: 100 }, () => 'R. 1:1(0) ack 1'))
    peer.expectsNothing()
  })

  test('[RFC5961 §7] one connection takes one challenge of everybody’s, however many it provokes (CVE-2016-5696)', () => {
    const peer = established({ sysctl: { tcp_challenge_ack_limit: 100 } })
    const { challenges } = peer.tcp
    const take = challenges.take.bind(challenges)
    let taken = 0
    challenges.take = (now) => {
      taken++
      return take(now)
    }
    for (let i = 0; i < 40; i++) {
      peer.sends('S 5000:5000(0)')
      peer.advance(0.01 * SECOND)
    }
    expect(taken).toBe(1)
    expect(peer.takes()).toHaveLength(1)
    expect(peer.counters.TCPACKSkippedChallenge).toBe(39)
  })

  test('[RFC5961 §7] everybody’s challenges are so many as chance decides each second (CVE-2016-5696)', () => {
    const peer = established({ sysctl: { tcp_challenge_ack_limit: 100 } })
    const left = (): number => {
      let count = 0
      while (peer.tcp.challenges.take(peer.now)) count++
      peer.advance(SECOND)
      return count
    }
    const counts = Array.from({ length: 50 }, left)
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(50)
    expect(Math.max(...counts)).toBeLessThan(150)
    expect(new Set(counts).size).toBeGreaterThan(10)
  })
})

test('[RFC1191 §6.3] path MTUs of 4,096 destinations are remembered; the one learnt of first makes room', () => {
  const paths = new PathMtus(1500, new RouteSysctls())
  for (let remote = 1; remote <= 5000; remote++) paths.learn(remote, 1400, 0)
  expect(paths.size).toBe(4096)
  expect(paths.mtuTo(1, 0)).toBe(1500)
  expect(paths.mtuTo(5000, 0)).toBe(1400)
})
