import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { EpollFlag, Level, Poll, Shutdown, SocketOption } from '../../src/socket/constants.ts'
import { Epoll, type EpollEvent } from '../../src/socket/epoll.ts'
import { type PollEntry, PollWait, poll } from '../../src/socket/poll.ts'
import type { Pollable } from '../../src/socket/pollable.ts'
import { B } from '../support/sim-world.ts'
import { accepted, bits, connected, hear, hosts, listenAt, named, PORT, say } from './connections.ts'

const entry = (source: Pollable | undefined, events: number): PollEntry => ({ source, events, revents: 0 })

/** What epoll_wait tells: data and events of each. */
function waited(epoll: Epoll, most = 10): string[] {
  const out: EpollEvent[] = []
  const count = epoll.wait(out, most)
  expect(count).toBe(out.length)
  return out.map(({ events, data }) => `${data} ${bits(pairedUp(events))}`)
}

/** Events as asked for, with the ..NORM bits that were not. */
const pairedUp = (events: number): number =>
  events |
  ((events & Poll.In) !== 0 ? Poll.ReadNormal : 0) |
  ((events & Poll.Out) !== 0 ? Poll.WriteNormal : 0)

describe('poll()', () => {
  test('[poll(2)] tells what was asked for, and errors and hang-ups always', () => {
    const { client, server, settle, a } = connected()
    say(server, 'x')
    settle()
    const list = [
      entry(client, Poll.In),
      entry(client, Poll.Pri),
      entry(server, Poll.In | Poll.Out),
      entry(undefined, Poll.In),
      entry(a.sockets.stream(), 0),
    ]
    expect(poll(list)).toBe(4)
    expect(list.map(({ revents }) => revents)).toEqual([Poll.In, 0, Poll.Out, Poll.Invalid, Poll.Hup])
  })

  test('[poll(2)] a wait ends with the first that is ready, within the turn', () => {
    const { client, server, settle } = connected()
    const list = [entry(client, Poll.In), entry(server, Poll.In)]
    const ended: number[] = []
    new PollWait(list, (count) => ended.push(count))
    settle()
    expect(ended).toEqual([])
    say(client, 'x')
    settle()
    say(client, 'y')
    settle()
    expect(ended).toEqual([1])
    expect(list.map(({ revents }) => revents)).toEqual([0, Poll.In])
  })

  test('[poll(2)] a wait can be given up', () => {
    const { client, server, settle } = connected()
    let ended = false
    new PollWait([entry(server, Poll.In)], () => {
      ended = true
    }).cancel()
    say(client, 'x')
    settle()
    expect(ended).toBe(false)
  })

  test('[poll(2)] for a connection, for a handshake to end, for a reset', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    const listening = listenAt(b)
    const client = a.sockets.stream()
    client.connect(B, PORT)
    const log: string[] = []
    new PollWait([entry(listening, Poll.In)], () => log.push('accept'))
    new PollWait([entry(client, Poll.Out)], () => log.push('connected'))
    world.runFor(SECOND)
    new PollWait([entry(client, 0)], () => log.push(`client ${bits(client.poll())}`))
    const server = accepted(listening)
    server.linger = 0
    server.close()
    world.runFor(SECOND)
    expect(log).toEqual(['connected', 'accept', 'client IN OUT ERR HUP RDHUP'])
  })
})

describe('epoll', () => {
  const IN_OUT = Poll.In | Poll.Out
  const EDGE = EpollFlag.EdgeTriggered

  test('[epoll_ctl(2)] EEXIST, ENOENT, EINVAL', () => {
    const { client } = connected()
    const epoll = new Epoll()
    expect(epoll.add(4, client, Poll.In, 4n)).toBe(0)
    expect(named(epoll.add(4, client, Poll.In, 4n))).toBe('EEXIST')
    expect(named(epoll.modify(5, Poll.In, 5n))).toBe('ENOENT')
    expect(named(epoll.modify(4, Poll.In | EpollFlag.Exclusive, 5n))).toBe('EINVAL')
    expect(named(epoll.add(6, epoll, Poll.In, 6n))).toBe('EINVAL')
    expect(epoll.remove(4)).toBe(0)
    expect(named(epoll.remove(4))).toBe('ENOENT')
    expect(named(epoll.wait([], 0))).toBe('EINVAL')
  })

  test('[epoll(7)] level-triggered: told as long as it holds', () => {
    const { client, server, settle } = connected()
    const epoll = new Epoll()
    epoll.add(4, server, Poll.In, 4n)
    expect(waited(epoll)).toEqual([])
    say(client, 'abc')
    settle()
    expect([waited(epoll), waited(epoll)]).toEqual([['4 IN'], ['4 IN']])
    hear(server, 1)
    expect(waited(epoll)).toEqual(['4 IN'])
    hear(server)
    expect(waited(epoll)).toEqual([])
  })

  test('[epoll(7)] edge-triggered: told when added, and for all that comes, drained before or not', () => {
    const { client, server, settle } = connected()
    const epoll = new Epoll()
    epoll.add(4, server, IN_OUT | EDGE, 4n)
    expect([waited(epoll), waited(epoll)]).toEqual([['4 OUT'], []])
    for (const text of ['a', 'b']) {
      say(client, text)
      settle()
      expect([waited(epoll), waited(epoll)]).toEqual([['4 IN OUT'], []])
    }
    hear(server, 1)
    settle()
    expect(waited(epoll)).toEqual([])
    say(client, 'c')
    settle()
    expect(waited(epoll)).toEqual(['4 IN OUT'])
  })

  test('[epoll(7)] edge-triggered: an acknowledgement is no news to who reads', () => {
    const { client, server, settle } = connected()
    const epoll = new Epoll()
    say(client, 'unread')
    settle()
    epoll.add(4, server, Poll.In | EDGE, 4n)
    expect(waited(epoll)).toEqual(['4 IN'])
    say(server, 'x')
    settle()
    expect(waited(epoll)).toEqual([])
  })

  test('[epoll(7)] edge-triggered: room is told once, after a send that found too little', () => {
    const { world, client, server, settle } = connected()
    client.setsockopt(Level.Socket, SocketOption.SendBuffer, 10_000)
    server.setsockopt(Level.Socket, SocketOption.ReceiveBuffer, 20_000)
    const epoll = new Epoll()
    epoll.add(4, client, Poll.Out | EDGE, 4n)
    expect([waited(epoll), waited(epoll)]).toEqual([['4 OUT'], []])
    const bytes = Buffer.alloc(30_000)
    say(client, 'little')
    settle()
    expect(waited(epoll)).toEqual([])
    let taken = 0
    for (let count = 1; count > 0; world.runFor(SECOND)) {
      count = client.send(bytes, 0, bytes.length)
      if (count > 0) taken += count
    }
    waited(epoll)
    expect(waited(epoll)).toEqual([])
    expect(taken).toBeGreaterThan(30_000)
    for (let count = 1; count > 0; world.runFor(SECOND)) count = server.recv(bytes, 0, bytes.length)
    expect([waited(epoll), waited(epoll)]).toEqual([['4 OUT'], []])
    say(client, 'little')
    settle()
    expect(waited(epoll)).toEqual([])
  })

  test('[epoll(7)] edge-triggered: room is told to who only asked, too, and not to who reads', () => {
    const { world, client, server, settle } = connected()
    client.setsockopt(Level.Socket, SocketOption.SendBuffer, 10_000)
    say(server, 'unread')
    settle()
    // Takes all of it, and leaves less than a third free.
    expect(say(client, 'x'.repeat(19_000))).toBe(19_000)
    const [writer, reader] = [new Epoll(), new Epoll()]
    writer.add(4, client, Poll.Out | EDGE, 4n)
    reader.add(5, client, Poll.In | EDGE, 5n)
    expect([waited(writer), waited(reader)]).toEqual([[], ['5 IN']])
    world.runFor(SECOND)
    expect([waited(writer), waited(reader)]).toEqual([['4 OUT'], []])
  })

  test('[epoll_ctl(2)] EPOLL_CTL_MOD tells again what holds', () => {
    const { client } = connected()
    const epoll = new Epoll()
    epoll.add(4, client, Poll.Out | EDGE, 4n)
    waited(epoll)
    epoll.modify(4, Poll.Out | EDGE, 5n)
    expect([waited(epoll), waited(epoll)]).toEqual([['5 OUT'], []])
  })

  test('[epoll_ctl(2)] EPOLLONESHOT: once, until it is modified', () => {
    const { client, server, settle } = connected()
    const epoll = new Epoll()
    epoll.add(4, server, Poll.In | EpollFlag.OneShot, 4n)
    say(client, 'x')
    settle()
    expect([waited(epoll), waited(epoll)]).toEqual([['4 IN'], []])
    say(client, 'y')
    settle()
    expect(waited(epoll)).toEqual([])
    epoll.modify(4, Poll.In | EpollFlag.OneShot, 4n)
    expect(waited(epoll)).toEqual(['4 IN'])
  })

  test('[epoll_wait(2)] at most so many; who was left out comes first', () => {
    const { client, server, a } = connected()
    const epoll = new Epoll()
    for (const [i, socket] of [client, server, a.sockets.stream()].entries())
      epoll.add(i, socket, Poll.Out, BigInt(i))
    expect(waited(epoll, 2)).toEqual(['0 OUT', '1 OUT'])
    expect(waited(epoll, 2)).toEqual(['2 OUT HUP', '0 OUT'])
    expect(waited(epoll, 3)).toEqual(['1 OUT', '2 OUT HUP', '0 OUT'])
  })

  test('[epoll(7)] EPOLLRDHUP, EPOLLHUP and EPOLLERR', () => {
    const { client, server, settle } = connected()
    const epoll = new Epoll()
    epoll.add(4, client, Poll.ReadHup | EDGE, 4n)
    server.shutdown(Shutdown.Write)
    settle()
    expect(waited(epoll)).toEqual(['4 RDHUP'])
    server.linger = 0
    server.close()
    settle()
    expect([waited(epoll), waited(epoll)]).toEqual([['4 ERR HUP RDHUP'], []])
  })

  test('[epoll(7)] a closed socket is no longer in the set', () => {
    const { client } = connected()
    const epoll = new Epoll()
    epoll.add(4, client, Poll.Out, 4n)
    client.close()
    expect(waited(epoll)).toEqual([])
    expect(named(epoll.remove(4))).toBe('ENOENT')
  })

  test('[epoll(7)] runs its owner within the turn, and can itself be waited for', () => {
    const { client, server, settle } = connected()
    const [inner, outer] = [new Epoll(), new Epoll()]
    const log: string[] = []
    inner.onReady = () => log.push('inner')
    outer.onReady = () => log.push('outer')
    inner.add(4, server, Poll.In, 4n)
    outer.add(5, inner, Poll.In, 5n)
    say(client, 'x')
    settle()
    expect(log.sort()).toEqual(['inner', 'outer'])
    expect([waited(outer), waited(inner)]).toEqual([['5 IN'], ['4 IN']])
    inner.close()
    expect(waited(outer)).toEqual([])
  })

  test('[epoll(7)] an owner that reads in the turn answers with the acknowledgement', () => {
    const { client, server, settle, b } = connected()
    const epoll = new Epoll()
    epoll.add(4, server, Poll.In, 4n)
    epoll.onReady = () => {
      say(server, hear(server).toUpperCase())
    }
    const before = b.stack.counters.tcp.OutSegs
    say(client, 'ping')
    settle()
    expect(hear(client)).toBe('PING')
    expect(b.stack.counters.tcp.OutSegs - before).toBe(1)
  })
})
