import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { snapshot } from '../../src/observe/snapshot.ts'
import type { LinkOptions } from '../../src/sim/link.ts'
import { Level, Msg, Shutdown, SocketOption, TcpOption } from '../../src/socket/constants.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'
import { Bbr } from '../../src/tcp/bbr.ts'
import { mayRest, Resting } from '../../src/tcp/rest.ts'
import { accepted, type Connected, connected, hear, named, PORT, say } from '../socket/connections.ts'
import { fieldsOf } from '../support/private-fields.ts'
import { B } from '../support/sim-world.ts'

/** Filled anew before it is looked at, or without meaning while nothing is under way. */
const PASSING = [
  'restTicket',
  'period',
  'send.up',
  'send.small',
  'send.queue.#most',
  'send.queue.#usual',
  'receive.queue.#most',
  'receive.queue.#usual',
  'recovery.#now',
  'recovery.#minimumRtt',
  'recovery.#hasOriginal',
  'recovery.#isForward',
  'recovery.rate.sample',
  '#congestion.rate', // the same as recovery.rate
  'recovery.rate.#sending',
  'recovery.reduction',
  'recovery.losses.board',
  'recovery.board.highestSacked',
  'recovery.board.known',
  'recovery.board.arrivedSentAt',
  'recovery.board.#',
  'receive.reassembly',
]
/** Not the connection's own. */
const OTHERS =
  /^(tcp|settings|user|listener)$|^congestion\.random$|memory$|#memory$|#profile$|#arena$|#table$|lossWatcher$/

const skips = (path: string): boolean => OTHERS.test(path) || PASSING.some((name) => path.startsWith(name))

const SIZE = 200_000
const chunk = new Uint8Array(8192).fill(120)

/** Moves `SIZE` bytes each way, and lets everything be acknowledged. */
function exchange({ world, client, server }: Connected): void {
  const ends: [StreamSocket, number, number][] = [
    [client, 0, 0],
    [server, 0, 0],
  ]
  const step = (): boolean => {
    for (const end of ends) {
      const [socket] = end
      const sent = socket.send(chunk, 0, Math.min(chunk.length, SIZE - end[1]))
      if (sent > 0) end[1] += sent
      const read = socket.recv(new Uint8Array(65536), 0, 65536)
      if (read > 0) end[2] += read
    }
    return ends.every(([, sent, read]) => sent === SIZE && read === SIZE)
  }
  for (let i = 0; !step(); i++) {
    if (i > 100_000) throw new Error('the exchange does not end')
    world.runFor(2 * MILLISECOND)
  }
}

/** Until delayed acknowledgements are through, and before anybody rests. */
const calm = (c: Connected): void => c.world.runFor(900 * MILLISECOND)
const silence = (c: Connected): void => c.world.runFor(2 * SECOND)

const restsOf = ({ a, b }: Connected): number[] => [a, b].map(({ stack }) => stack.tcp.rests.count)

describe('what a rest keeps', () => {
  const links: [string, LinkOptions][] = [
    ['a link that is perfect', { delay: 5 * MILLISECOND }],
    ['one that loses and reorders', { delay: 5 * MILLISECOND, impairments: { loss: 0.03, reorder: 0.05 } }],
    ['one that is slow and full', { delay: 5 * MILLISECOND, rate: 20e6, queue: { packets: 20 } }],
  ]
  for (const [name, link] of links) {
    for (const controller of ['reno', 'cubic', 'bbr']) {
      test(`everything that the connection knew, over ${name}, with ${controller}`, () => {
        const c = connected(link, ({ stack }) => {
          stack.sysctls.tcp.tcp_congestion_control = controller
        })
        exchange(c)
        calm(c)
        for (const socket of [c.client, c.server]) {
          const before = socket.connection!
          expect(before.congestion.name).toBe(controller)
          expect(mayRest(before)).toBe(true)
          const after = new Resting(before).wake(before.tcp)
          const wanted = fieldsOf(before, skips)
          expect(wanted.size).toBeGreaterThan(150)
          expect(Object.fromEntries(fieldsOf(after, skips))).toEqual(Object.fromEntries(wanted))
          if (after.congestion instanceof Bbr) expect(after.congestion.rate).toBe(after.recovery.rate)
        }
      })
    }
  }

  test('a FIN that has been acknowledged, and one that has been taken in', () => {
    const c = connected()
    exchange(c)
    c.client.shutdown(Shutdown.Write)
    calm(c)
    const [client, server] = [c.client, c.server].map(({ connection }) => {
      const before = connection!
      expect(mayRest(before)).toBe(true)
      const after = new Resting(before).wake(before.tcp)
      expect(Object.fromEntries(fieldsOf(after, skips))).toEqual(Object.fromEntries(fieldsOf(before, skips)))
      return after
    })
    expect(client).toMatchObject({ state: 'FIN-WAIT-2', send: { isFinAcknowledged: true, flight: 0 } })
    expect(server).toMatchObject({ state: 'CLOSE-WAIT', receive: { isFinTaken: true } })
  })
})

/** Two ends of a connection at rest. */
function rested(prepare?: (c: Connected) => void): Connected {
  const c = connected()
  prepare?.(c)
  silence(c)
  expect(restsOf(c)).toEqual([1, 1])
  return c
}

describe('when a connection rests', () => {
  test('after a second of silence, and neither end has anything more to do', () => {
    const c = rested()
    expect(c.world.isIdle).toBe(true)
    expect(c.a.stack.tcp.establishedCount).toBe(1)
  })

  test('and one whole connection stays in memory, else V8 would forget what connections look like', () => {
    const both = connected()
    const { table } = both.a.stack.tcp
    silence(both)
    expect([...table.awake()]).toEqual([])
    expect(table.kept?.state).toBe('ESTABLISHED')
    both.client.close()
    both.server.close()
    both.world.runFor(100 * SECOND)
    expect(table.size).toBe(0)
    expect(table.kept?.state).toBe('CLOSED')
  })

  test('not before', () => {
    const c = connected()
    c.world.runFor(800 * MILLISECOND)
    say(c.client, 'a')
    c.world.runFor(900 * MILLISECOND)
    expect(restsOf(c)).toEqual([0, 0])
  })

  test('not with data that nobody has read, but when it has been', () => {
    const c = connected()
    say(c.client, 'hello')
    silence(c)
    expect(restsOf(c)).toEqual([1, 0])
    expect(hear(c.server)).toBe('hello')
    silence(c)
    expect(restsOf(c)).toEqual([1, 1])
  })

  test('not with data that the peer has not acknowledged', () => {
    const c = connected()
    calm(c)
    const connection = c.client.connection!
    expect(mayRest(connection)).toBe(true)
    say(c.client, 'hello')
    c.world.runFor(0)
    expect(connection.send.flight).toBe(5)
    expect(mayRest(connection)).toBe(false)
  })

  test('also in FIN-WAIT-2 and CLOSE-WAIT, from where both ends go on', () => {
    const c = connected()
    c.client.shutdown(Shutdown.Write)
    silence(c)
    expect(restsOf(c)).toEqual([1, 1])
    expect([c.a, c.b].map(({ sockets }) => snapshot(sockets).at(-1)!.state)).toEqual([
      'FIN-WAIT-2',
      'CLOSE-WAIT',
    ])
    expect(c.world.isIdle).toBe(true)
    say(c.server, 'hello')
    c.settle()
    expect(hear(c.client)).toBe('hello')
    silence(c)
    expect(restsOf(c)).toEqual([1, 1])
    expect(c.server.isAtEnd).toBe(true)
    silence(c)
    c.server.close()
    c.settle()
    expect(c.a.stack.tcp.timeWait.size).toBe(1)
    expect([c.a, c.b].map(({ stack }) => stack.tcp.establishedCount)).toEqual([0, 0])
  })

  test('[RFC9293 §3.6] in FIN-WAIT-2 until its user lets go of it, and then not longer than any', () => {
    const c = connected()
    c.client.shutdown(Shutdown.Write)
    silence(c)
    c.client.close()
    c.settle()
    expect(restsOf(c)).toEqual([0, 1])
    expect(c.a.stack.tcp.timeWait.awaitingFin).toBe(1)
    c.world.runFor(61 * SECOND)
    expect(c.a.stack.tcp.timeWait.size).toBe(0)
  })

  test('after a Fast Open, of which it remembers what became', () => {
    const c = connected(undefined, ({ stack }) => {
      stack.sysctls.tcp.tcp_fastopen = 0x607 // both sides, without a cookie
    })
    const socket = c.a.sockets.stream()
    expect(socket.sendTo(chunk, 0, 5, B, PORT, Msg.FastOpen)).toBe(5)
    silence(c)
    const server = accepted(c.listening)
    expect(hear(server)).toBe('xxxxx')
    silence(c)
    expect(restsOf(c)).toEqual([2, 2])
    expect(socket.connection!.fastOpen!.isDataAcknowledged).toBe(true)
  })

  test('many that fall silent at once, some in each turn; and whoever owns the memory is told, once', () => {
    const c = connected()
    const sockets = Array.from({ length: 600 }, () => c.a.sockets.stream())
    c.listening.listen(1000)
    for (const socket of sockets) socket.connect(B, PORT)
    c.settle()
    const { tcp } = c.a.stack
    const seen = new Set<number>()
    const turn = c.a.turn.bind(c.a)
    c.a.turn = (now) => {
      turn(now)
      seen.add(tcp.rests.count)
    }
    let crowds = 0
    tcp.rests.onCrowd = () => crowds++
    c.world.runFor(3 * SECOND)
    expect([...seen].slice(0, 4)).toEqual([0, 1, 65, 129])
    expect(tcp.rests.count).toBe(601)
    expect(crowds).toBe(1)
  })
})

describe('what wakes it', () => {
  test('data, which arrives, and is answered', () => {
    const c = rested()
    expect(say(c.client, 'hello')).toBe(5)
    expect(restsOf(c)).toEqual([0, 1])
    c.settle()
    expect(restsOf(c)).toEqual([0, 0])
    expect(hear(c.server)).toBe('hello')
    say(c.server, 'you too')
    c.settle()
    expect(hear(c.client)).toBe('you too')
    silence(c)
    expect(restsOf(c)).toEqual([1, 1])
  })

  test('[RFC9293 §3.8.4] its keep-alive timer, at the right time', () => {
    const c = rested(({ client }) => {
      client.setsockopt(Level.Socket, SocketOption.KeepAlive, 1)
      client.setsockopt(Level.Tcp, TcpOption.KeepIdle, 30)
      client.setsockopt(Level.Tcp, TcpOption.KeepInterval, 10)
    })
    const { counters } = c.a.stack
    c.world.runFor(25 * SECOND)
    expect(counters.tcp.TCPKeepAlive).toBe(0)
    c.world.runFor(5 * SECOND)
    expect(counters.tcp.TCPKeepAlive).toBe(1)
    silence(c)
    expect(restsOf(c)).toEqual([1, 1])
    c.world.runFor(30 * SECOND)
    expect(counters.tcp.TCPKeepAlive).toBe(2)
  })

  test('a reset, of which its user learns', () => {
    const c = rested()
    c.server.setsockopt(Level.Socket, SocketOption.Linger, 0)
    c.server.close()
    c.settle()
    expect(named(c.client.recv(new Uint8Array(1), 0, 1))).toBe('ECONNRESET')
    expect(restsOf(c)).toEqual([0, 0])
  })

  test('a close, and both ends go through all states', () => {
    const c = rested()
    c.client.close()
    c.settle()
    expect(c.server.isAtEnd).toBe(true)
    c.server.close()
    c.settle()
    for (const { stack } of [c.a, c.b]) {
      expect(stack.tcp.establishedCount).toBe(0)
      expect(stack.tcp.rests.count).toBe(0)
    }
  })

  test('whoever looks closely; but not a table of all of them', () => {
    const c = rested()
    expect(snapshot(c.a.sockets).map(({ state }) => state)).toEqual(['ESTABLISHED'])
    expect(restsOf(c)).toEqual([1, 1])
    expect([...c.a.stack.tcp.connections()][0]).toBe(c.client.connection)
    expect(restsOf(c)).toEqual([0, 1])
  })

  test('nobody twice: what has been woken stays the same', () => {
    const c = rested()
    const woken = c.client.connection
    expect(c.client.connection).toBe(woken)
    say(c.server, 'hello')
    c.settle()
    expect(c.client.connection).toBe(woken)
    expect(hear(c.client)).toBe('hello')
  })
})
