import { expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import { Turn } from '../../src/tcp/turn.ts'

/** What each of so many may send. */
function share(speakers: number, hasOffload: boolean): number {
  const turn = new Turn()
  for (let i = 0; i < speakers; i++) turn.speakers.add({} as Connection)
  turn.begin(hasOffload, 0)
  return turn.share
}

test('what may be sent in a turn is divided among those that speak in it', () => {
  expect(share(1, false)).toBe(512 * 1024)
  expect(share(8, false)).toBe(64 * 1024)
  expect(share(8, true)).toBe(64 * 1024)
})

test('each may send what is worth a turn', () => {
  expect(share(1000, false)).toBe(16 * 1024)
  expect(share(1000, true)).toBe(64 * 1024)
})

test('who speaks alone for once has no more than before; a crowd that is gone is forgotten', () => {
  const turn = new Turn()
  const crowd = Array.from({ length: 8 }, () => ({ period: -1 }) as Connection)
  /** Those take their turns; returns the share of each. */
  const passes = (speakers: Connection[], now: number): number => {
    for (const c of speakers) turn.speakers.add(c)
    turn.begin(false, now)
    for (let c = turn.speakers.take(); c !== undefined; c = turn.speakers.take()) turn.takes(c)
    return turn.share
  }
  for (const c of crowd) passes([c], MILLISECOND)
  const [alone] = crowd as [Connection]
  expect(passes([alone], 2 * MILLISECOND)).toBe(64 * 1024)
  expect(passes([alone], 12 * MILLISECOND)).toBe(64 * 1024)
  expect(passes([alone], 22 * MILLISECOND)).toBe(512 * 1024)
  passes(crowd, 23 * MILLISECOND)
  expect(passes([alone], SECOND)).toBe(512 * 1024)
})

test('queues of all who speak together fit a cache', () => {
  const cached = (crowd: number): number => Object.assign(new Turn(), { crowd }).cached
  expect(cached(1)).toBe(1 << 20)
  expect(cached(4)).toBe(1 << 19)
  expect(cached(8)).toBe(1 << 18)
  expect(cached(1000)).toBe(1 << 18)
})

test('nobody has something to say', () => expect(share(0, false)).toBe(512 * 1024))
