import { describe, expect, test } from 'vitest'
import { NEVER, SECOND } from '../../src/base/time.ts'
import { PathMtus } from '../../src/ip/path-mtus.ts'
import { RouteSysctls } from '../../src/ip/sysctls.ts'

const A = 0x0a090001
const B = 0xc0a80001 | 0

const paths = (sysctl: Partial<RouteSysctls> = {}): PathMtus =>
  new PathMtus(1500, Object.assign(new RouteSysctls(), sysctl))

describe('what routers have said of paths', () => {
  test('[RFC1191 §3] counts for that destination only', () => {
    const known = paths()
    known.learn(B, 1400, 0)
    expect([known.mtuTo(A, 0), known.mtuTo(B, 0)]).toEqual([1500, 1400])
    expect([known.validUntil(A, 0), known.validUntil(B, 0)]).toEqual([NEVER, 600 * SECOND])
    expect(known.revision).toBe(1)
  })

  test('[RFC1191 §3] only makes a path narrower', () => {
    const known = paths()
    known.learn(A, 1400, 0)
    known.learn(A, 1450, 0)
    known.learn(A, 9000, 0)
    expect(known.mtuTo(A, 0)).toBe(1400)
    expect(known.revision).toBe(1)
    known.learn(A, 1300, SECOND)
    expect([known.mtuTo(A, SECOND), known.validUntil(A, SECOND)]).toEqual([1300, 601 * SECOND])
  })

  test('[RFC1191 §6.3] is forgotten after mtu_expires', () => {
    const known = paths({ mtu_expires: 10 })
    known.learn(A, 1400, 0)
    expect(known.mtuTo(A, 10 * SECOND - 1)).toBe(1400)
    expect(known.mtuTo(A, 10 * SECOND)).toBe(1500)
    expect(known.size).toBe(0)
  })

  test('nothing is remembered with mtu_expires 0', () => {
    const known = paths({ mtu_expires: 0 })
    known.learn(A, 1400, 0)
    expect(known.mtuTo(A, 0)).toBe(1500)
  })

  test('[RFC5927 §7.1] is not believed below min_pmtu: such packets go without DF', () => {
    const known = paths()
    known.learn(A, 68, 0)
    known.learn(B, 552, 0)
    expect([known.mtuTo(A, 0), known.mayFragmentTo(A, 0)]).toEqual([552, true])
    expect([known.mtuTo(B, 0), known.mayFragmentTo(B, 0)]).toEqual([552, false])
  })

  test('an interface narrower than min_pmtu stays what it is', () => {
    const known = new PathMtus(296, new RouteSysctls())
    known.learn(A, 100, 0)
    expect([known.mtuTo(A, 0), known.mayFragmentTo(A, 0)]).toEqual([296, true])
  })

  test('is bounded: the path learnt of first makes room', () => {
    const known = paths()
    for (let remote = 0; remote < 5000; remote++) known.learn(remote, 1400, 0)
    expect(known.size).toBe(4096)
    expect([known.mtuTo(0, 0), known.mtuTo(903, 0), known.mtuTo(904, 0)]).toEqual([1500, 1500, 1400])
  })
})
