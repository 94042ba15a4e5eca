import { setImmediate as afterOthers } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import { Cursors, readFrom } from '../../src/daemon/cursors.ts'
import { inTurns } from '../../src/daemon/running-stack.ts'
import { collectView, type Pieces, viewVerbs } from '../../src/daemon/views.ts'
import type { Tun } from '../../src/device/tun.ts'
import { formatQueues, type QueueRow } from '../../src/observe/queues.ts'
import type { Sockets } from '../../src/socket/sockets.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'
import { type Connected, connected, PORT } from '../socket/connections.ts'
import { B } from '../support/sim-world.ts'

/** More than fit into two pieces. */
const MANY = 1200
/** Rows of a piece at most. */
const PIECE = 512

/** A connection, and `MANY` more from `a` to `b`. */
function crowd(): Connected & { sockets: StreamSocket[] } {
  const c = connected()
  c.listening.listen(2 * MANY)
  const sockets = Array.from({ length: MANY }, () => c.a.sockets.stream())
  for (const socket of sockets) socket.connect(B, PORT)
  c.settle()
  expect(c.b.stack.tcp.table.size).toBe(MANY + 1)
  return { ...c, sockets }
}

type Collect = (view: string, args: unknown) => Promise<Pieces[]>

const viewed = (sockets: Sockets) => ({ sockets, tun: undefined as unknown as Tun })

/** One stack in this thread. */
const alone =
  (sockets: Sockets): Collect =>
  async (view, args) => [inTurns(collectView(view, viewed(sockets), args))]

/** Several stacks, each in a thread. */
function threads(all: readonly Sockets[]): { collect: Collect; cursors: Cursors[]; asked: string[] } {
  const cursors = all.map(() => new Cursors())
  const asked: string[] = []
  const collect: Collect = async (view, args) =>
    all.map((sockets, i) => {
      const ask = async (call: 'more' | 'leave', cursor: number): Promise<unknown> => {
        asked.push(`${call} ${i}`)
        return cursors[i]![call](cursor)
      }
      return readFrom({ isOver: false, ask }, cursors[i]!.begin(collectView(view, viewed(sockets), args)))
    })
  return { collect, cursors, asked }
}

const ask = async (collect: Collect, verb: string, args: unknown = {}): Promise<unknown> =>
  new Map(viewVerbs(collect)).get(verb)!(args)

const netstat = async (collect: Collect): Promise<AsyncGenerator<string>> =>
  (await ask(collect, 'netstat', { all: true })) as AsyncGenerator<string>

const linesOf = (text: string): string[] => text.split('\n').slice(0, -1)

async function readAll(text: AsyncIterable<string>): Promise<string[]> {
  let whole = ''
  for await (const piece of text) whole += piece
  return linesOf(whole)
}

describe('a table of many connections', () => {
  test('is made in pieces, and others are served between any two', async () => {
    const { b } = crowd()
    let turns = 0
    let isOver = false
    const other = (): void => {
      turns++
      if (!isOver) setImmediate(other)
    }
    setImmediate(other)
    const seen: number[] = []
    let rows = 0
    for await (const piece of await netstat(alone(b.sockets))) {
      seen.push(turns)
      const lines = linesOf(piece).filter((line) => line.includes('ESTABLISHED'))
      expect(lines.length).toBeLessThanOrEqual(PIECE)
      rows += lines.length
    }
    isOver = true
    expect(rows).toBe(MANY + 1)
    // Heading and servers; the handshakes; three of connections; TIME-WAIT; UDP, which ends the piece before.
    expect(new Set(seen).size).toBeGreaterThanOrEqual(6)
    await afterOthers()
  })

  test('wakes nobody who rests', async () => {
    const { a, world } = crowd()
    world.runFor(5 * SECOND)
    expect(a.stack.tcp.rests.count).toBe(MANY + 1)
    await readAll(await netstat(alone(a.sockets)))
    expect(await ask(alone(a.sockets), 'queues')).toMatchObject([{ queue: 0, connections: MANY + 1 }])
    expect(a.stack.tcp.rests.count).toBe(MANY + 1)
  })

  test('has everyone once who was there all the time, whoever comes and goes meanwhile', async () => {
    const { a, sockets, settle } = crowd()
    const stays = sockets.filter((_, i) => i % 3 !== 0).map(({ localPort }) => localPort)
    let text = ''
    for await (const piece of await netstat(alone(a.sockets))) {
      text += piece
      const leaves = sockets.filter((_, i) => i % 3 === 0).splice(0, 50)
      for (const socket of leaves) sockets.splice(sockets.indexOf(socket), 1)
      for (const socket of leaves) {
        socket.close()
        a.sockets.stream().connect(B, PORT)
      }
      settle()
    }
    const ports = linesOf(text).map((line) => Number(/:(\d+) +10\.9\.0\.2:7 +ESTABLISHED/.exec(line)?.[1]))
    const seen = new Map<number, number>()
    for (const port of ports) seen.set(port, (seen.get(port) ?? 0) + 1)
    const remaining = new Set(sockets.map(({ localPort }) => localPort))
    const all = stays.filter((port) => remaining.has(port))
    expect(all.length).toBeGreaterThan(400)
    expect(all.filter((port) => seen.get(port) !== 1)).toEqual([])
  })
})

describe('of several stacks', () => {
  test('servers are one, and the connections of all follow', async () => {
    const { a, b } = crowd()
    const { collect, cursors } = threads([b.sockets, a.sockets, b.sockets])
    const lines = await readAll(await netstat(collect))
    expect(lines.filter((line) => line.includes('LISTEN'))).toHaveLength(1)
    expect(lines.filter((line) => line.includes('ESTABLISHED'))).toHaveLength(3 * (MANY + 1))
    expect(cursors.map(({ size }) => size)).toEqual([0, 0, 0])
  })

  test('a reader who has seen enough leaves nothing behind', async () => {
    const { a, b } = crowd()
    const { collect, cursors, asked } = threads([a.sockets, b.sockets])
    let pieces = 0
    for await (const _ of await netstat(collect)) if (++pieces === 3) break
    await afterOthers()
    expect(cursors.map(({ size }) => size)).toEqual([0, 0])
    expect(asked.filter((call) => call.startsWith('leave'))).toEqual(['leave 0', 'leave 1'])
  })

  test('one that ends in the middle has said what it had to say', async () => {
    const { a, b } = crowd()
    const cursors = new Cursors()
    const dying = {
      isOver: false,
      ask: async () => {
        dying.isOver = true
        throw new Error('the thread of queue 0 has ended')
      },
    }
    const collect: Collect = async (view, args) => [
      readFrom(dying, cursors.begin(collectView(view, viewed(a.sockets), args))),
      ...(await alone(b.sockets)(view, args)),
    ]
    const lines = await readAll(await netstat(collect))
    expect(lines.filter((line) => line.includes('ESTABLISHED'))).toHaveLength(MANY + 1)
  })

  test('statistics are of all, with the connections that there are now', async () => {
    const { a, b, server, settle } = connected()
    const told = async (): Promise<string> =>
      String(await ask(threads([a.sockets, b.sockets]).collect, 'statistics'))
    expect(await told()).toMatch(
      /^Tcp:\n {4}1 active connection openings\n {4}1 passive connection openings\n.*\n.*\n {4}2 connections established$/m,
    )
    server.close()
    settle()
    expect(await told()).toContain('    1 connections established\n') // CLOSE-WAIT at one end, FIN-WAIT-2 at the other
  })

  test('how the load is shared has a line for each', async () => {
    const { a, b } = connected()
    const rows = (await ask(threads([a.sockets, b.sockets]).collect, 'queues')) as QueueRow[]
    expect(formatQueues(rows)).toBe(
      [
        'Queue  Connections    Accepted      Opened   Segments-In  Segments-Out       Given       Taken    Lost',
        '    0            1           0           1             1             2           0           0       0',
        '    0            1           1           0             2             1           0           0       0',
        '',
      ].join('\n'),
    )
  })

  test('counters are summed', async () => {
    const { a, b } = connected()
    const counters = async (...all: Sockets[]): Promise<Record<string, Record<string, number>>> =>
      (await ask(threads(all).collect, 'counters')) as Record<string, Record<string, number>>
    expect((await counters(a.sockets, b.sockets)).tcp).toMatchObject({ ActiveOpens: 1, PassiveOpens: 1 })
  })

  test('what one refuses is the error of the answer', async () => {
    const { a, b } = connected()
    const setting = { key: 'tcp_sack', value: 'x' }
    await expect(ask(alone(a.sockets), 'sysctl', setting)).rejects.toThrow('is not an integer')
    await expect(ask(threads([a.sockets, b.sockets]).collect, 'sysctl', setting)).rejects.toThrow('integer')
  })
})
