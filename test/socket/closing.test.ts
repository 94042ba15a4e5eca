import { describe, expect, test } from 'vitest'
import { MILLISECOND, MINUTE, SECOND } from '../../src/base/time.ts'
import { Level, Shutdown, SocketOption } from '../../src/socket/constants.ts'
import { B } from '../support/sim-world.ts'
import {
  bits,
  type Connected,
  connected,
  hear,
  hosts,
  ints,
  listenAt,
  named,
  PORT,
  say,
} from './connections.ts'

describe('shutdown()', () => {
  test('[shutdown(2)] SHUT_WR: the peer reads to the end, and may still write', () => {
    const { client, server, settle } = connected()
    say(client, 'bye')
    expect(client.shutdown(Shutdown.Write)).toBe(0)
    expect(client.shutdown(Shutdown.Write)).toBe(0)
    expect(named(say(client, 'x'))).toBe('EPIPE')
    settle()
    expect([hear(server), hear(server)]).toEqual(['bye', ''])
    say(server, 'answer')
    settle()
    expect(hear(client)).toBe('answer')
    expect([bits(client.poll()), bits(server.poll())]).toEqual(['OUT', 'IN OUT RDHUP'])
  })

  // As Linux 6.18 does it: what comes is not thrown away.
  test('[shutdown(2)] SHUT_RD: recv() is at the end, but reads what comes all the same', () => {
    const { client, server, settle } = connected()
    expect(server.shutdown(Shutdown.Read)).toBe(0)
    expect(bits(server.poll())).toBe('IN OUT RDHUP')
    expect(hear(server)).toBe('')
    say(client, 'abc')
    settle()
    expect([hear(server), hear(server)]).toEqual(['abc', ''])
    expect(say(server, 'still writing')).toBe(13)
    settle()
    expect(hear(client)).toBe('still writing')
  })

  test('[shutdown(2), RFC9293 §3.6.1] SHUT_RDWR: data that still comes is answered with a reset', () => {
    const { client, server, settle } = connected()
    expect(server.shutdown(Shutdown.Both)).toBe(0)
    expect(bits(server.poll())).toBe('IN OUT HUP RDHUP')
    expect([hear(server), named(say(server, 'x'))]).toEqual(['', 'EPIPE'])
    settle()
    expect(hear(client)).toBe('')
    say(client, 'too late')
    settle()
    expect(server.isOpen).toBe(false)
    expect([hear(server), hear(server)]).toEqual(['ECONNRESET', ''])
    expect(named(say(client, 'x'))).toBe('EPIPE')
  })

  test('[shutdown(2)] both halves one after the other are the same as both', () => {
    const { client, server, settle } = connected()
    server.shutdown(Shutdown.Write)
    server.shutdown(Shutdown.Read)
    settle()
    say(client, 'too late')
    settle()
    expect(server.isOpen).toBe(false)
  })

  test('[shutdown(2)] ENOTCONN once the connection is over', () => {
    const { world, client, server } = connected()
    server.close()
    client.shutdown(Shutdown.Write)
    world.runFor(SECOND)
    expect(named(client.shutdown(Shutdown.Read))).toBe('ENOTCONN')
  })
})

describe('memory', () => {
  const lengths = (name: string, end: (made: Connected) => void) =>
    test(`[RFC9293 §3.10.4] no byte of a stream is held after ${name}`, () => {
      const made = connected()
      const { world, client, server, listening, a } = made
      const extra = a.sockets.stream()
      extra.connect(B, PORT)
      const idle = a.arena.used
      const bytes = Buffer.alloc(5000)
      for (const socket of [client, server]) socket.send(bytes, 0, bytes.length)
      world.runFor(SECOND)
      extra.send(bytes, 0, bytes.length) // to a connection that nobody has accepted
      world.runFor(SECOND)
      expect(a.arena.used).toBeGreaterThan(idle)
      end(made)
      extra.close()
      listening.close()
      world.runFor(3 * MINUTE)
      expect(a.arena.used).toBe(idle)
    })

  lengths('close()', ({ client, server }) => {
    client.close()
    server.close()
  })
  lengths('connect() to AF_UNSPEC', ({ client, server }) => {
    client.disconnect()
    server.disconnect()
  })
  lengths('connect() to AF_UNSPEC once the connection was over', ({ world, client, server }) => {
    server.linger = 0
    hear(server, 5000)
    server.close()
    world.runFor(SECOND)
    client.disconnect()
  })
  lengths('a reset that left data unread', ({ world, client, server }) => {
    server.linger = 0
    hear(server, 5000)
    server.close()
    world.runFor(SECOND)
    client.close()
  })
})

describe('close()', () => {
  test('[close(2), RFC9293 §3.6] all that was written arrives, then the end', () => {
    const { world, client, server } = connected()
    const bytes = Buffer.alloc(100_000, 'x')
    expect(client.send(bytes, 0, bytes.length)).toBe(bytes.length)
    expect(client.close()).toBe(0)
    let read = 0
    world.runFor(SECOND)
    for (let count = 1; count > 0; world.runFor(SECOND)) {
      count = server.recv(bytes, 0, bytes.length)
      if (count > 0) read += count
    }
    expect(read).toBe(bytes.length)
    expect(hear(server)).toBe('')
  })

  test('[RFC9293 §3.6.1] SHLD-3, RFC 2525 §2.17: with data unread the peer is reset', () => {
    const { client, server, settle, b } = connected()
    say(client, 'nobody reads this')
    settle()
    server.close()
    settle()
    expect(hear(client)).toBe('ECONNRESET')
    expect(b.stack.counters.tcp.TCPAbortOnClose).toBe(1)
  })

  test('[socket(7)] SO_LINGER off: close() goes on by itself', () => {
    const { client, server, settle } = connected()
    say(client, 'x')
    client.close()
    expect(client.isLingering).toBe(false)
    settle()
    expect([hear(server), hear(server)]).toEqual(['x', ''])
  })

  test('[socket(7)] SO_LINGER of no time: a reset, and what was not sent is lost', () => {
    const { client, server, settle, a } = connected()
    client.setsockopt(Level.Socket, SocketOption.Linger, ints(1, 0))
    say(client, 'lost')
    client.close()
    settle()
    expect([hear(server), hear(server)]).toEqual(['ECONNRESET', ''])
    expect(a.stack.counters.tcp.TCPAbortOnData).toBe(1)
    expect(a.stack.tcp.flows.size).toBe(0)
  })

  test('[socket(7)] SO_LINGER of some time: who blocks waits until all is acknowledged', () => {
    const { world, client, server, settle } = connected()
    client.setsockopt(Level.Socket, SocketOption.Linger, ints(1, 5))
    say(client, 'x')
    client.close()
    expect(client.isLingering).toBe(true)
    settle()
    expect(client.isLingering).toBe(false)
    expect([hear(server), hear(server)]).toEqual(['x', ''])
    world.runFor(MINUTE)
  })

  test('[socket(7)] or the time is over; the connection is then not reset', () => {
    const { world, client } = connected()
    client.setsockopt(Level.Socket, SocketOption.Linger, ints(1, 5))
    world.links[0]!.forth.impairments.loss = 1
    say(client, 'x')
    client.close()
    expect(client.lingersUntil - world.now).toBe(5 * SECOND)
    world.runFor(4 * SECOND)
    expect(client.isLingering).toBe(true)
    world.runFor(SECOND)
    expect(client.isLingering).toBe(false)
    expect(client.isOpen).toBe(true)
  })

  test('[socket(7)] unread data goes before SO_LINGER', () => {
    const { client, server, settle, b } = connected()
    server.linger = 0
    say(client, 'x')
    settle()
    server.close()
    expect(b.stack.counters.tcp.TCPAbortOnClose).toBe(1)
    expect(b.stack.counters.tcp.TCPAbortOnData).toBe(0)
  })

  test('[RFC9293 §3.10.4] of a socket in SYN-SENT: nothing more is sent', () => {
    const { world, a } = hosts({ impairments: { loss: 1 } })
    const socket = a.sockets.stream()
    socket.connect(B, PORT)
    world.runFor(10 * MILLISECOND)
    socket.close()
    expect(a.stack.tcp.flows.size).toBe(0)
    const sent = a.stack.counters.ip.OutRequests
    world.runFor(MINUTE)
    expect(a.stack.counters.ip.OutRequests).toBe(sent)
  })

  test('[listen(2)] of a listening socket: who has not been accepted is reset', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    const listening = listenAt(b)
    const client = a.sockets.stream()
    client.connect(B, PORT)
    world.runFor(SECOND)
    listening.close()
    world.runFor(SECOND)
    expect(hear(client)).toBe('ECONNRESET')
  })

  test('[accept(2)] a connection that was reset while it waited is accepted, and says so', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    const listening = listenAt(b)
    const client = a.sockets.stream()
    client.connect(B, PORT)
    world.runFor(SECOND)
    client.linger = 0
    client.close()
    world.runFor(SECOND)
    const server = listening.accept()
    expect(typeof server).toBe('object')
    if (typeof server === 'number') return
    expect([hear(server), hear(server)]).toEqual(['ECONNRESET', ''])
  })
})
