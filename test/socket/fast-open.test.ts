import { describe, expect, test } from 'vitest'
import { Arena } from '../../src/base/arena.ts'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { Level, Msg, TcpOption } from '../../src/socket/constants.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'
import { tcpInfo } from '../../src/socket/tcp-info.ts'
import { Sysctls } from '../../src/stack/sysctls.ts'
import { B, pair, type SocketHost } from '../support/sim-world.ts'
import { accepted, bits, hear, listenAt, named, PORT, say } from './connections.ts'

const DELAY = 10 * MILLISECOND

/** Two hosts that open fast, the second one listening. */
function site(bits = 3) {
  const sysctls = new Sysctls()
  sysctls.tcp.tcp_fastopen = bits
  const { world, a, b } = pair({ delay: DELAY }, { arena: new Arena(16 << 20), sysctls })
  const listening = listenAt(b)
  const settle = () => world.runFor(3 * DELAY)
  return { world, a, b, listening, settle }
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** sendto() with MSG_FASTOPEN. */
function sendFirst(socket: StreamSocket, text: string): number | string {
  return named(socket.sendTo(encode(text), 0, text.length, B, PORT, Msg.FastOpen))
}

/** Connects once, so that the cookie is known. */
function learn({ a, listening, settle }: ReturnType<typeof site>): void {
  listening.setsockopt(Level.Tcp, TcpOption.FastOpen, 5)
  const socket = a.sockets.stream()
  expect(sendFirst(socket, 'hello')).toBe('EINPROGRESS')
  settle()
  const server = accepted(listening)
  expect(hear(server)).toBe('EAGAIN')
  socket.close()
  server.close()
  settle()
}

function infoOf(socket: StreamSocket): { options: number; failure: number } {
  const info = tcpInfo(socket)
  return { options: info.tcpi_options & 32, failure: info.tcpi_fastopen_client_fail }
}

describe('MSG_FASTOPEN', () => {
  test('[RFC7413 §4.2] the first one asks for a cookie, the next is heard a round trip earlier', () => {
    const s = site()
    learn(s)
    const socket = s.a.sockets.stream()
    expect(sendFirst(socket, 'hello')).toBe(5)
    s.world.runFor(DELAY + MILLISECOND)
    const server = accepted(s.listening)
    expect(hear(server, 10)).toBe('hello')
    expect(named(say(server, 'world'))).toBe(5)
    s.world.runFor(DELAY + MILLISECOND)
    expect(hear(socket, 10)).toBe('world')
    expect(infoOf(socket)).toEqual({ options: 32, failure: 0 })
    expect(infoOf(server).options).toBe(32)
    expect(s.a.stack.counters.tcp.TCPFastOpenActive).toBe(1)
    expect(s.b.stack.counters.tcp.TCPFastOpenPassive).toBe(1)
    socket.close()
    server.close()
    s.world.runUntilIdle(200 * SECOND)
  })

  test('[RFC7413 §4.2.2] data of which the server takes none with the SYN arrives all the same', () => {
    const s = site()
    learn(s)
    s.listening.setsockopt(Level.Tcp, TcpOption.FastOpen, 0)
    const socket = s.a.sockets.stream()
    expect(sendFirst(socket, 'hello')).toBe(5)
    s.settle()
    expect(hear(accepted(s.listening), 10)).toBe('hello')
    expect(infoOf(socket)).toEqual({ options: 0, failure: 2 })
  })

  test('[tcp(7)] EISCONN, EALREADY, EOPNOTSUPP', () => {
    const s = site()
    learn(s)
    const socket = s.a.sockets.stream()
    sendFirst(socket, 'hello')
    expect(sendFirst(socket, 'again')).toBe('EALREADY')
    s.settle()
    expect(sendFirst(socket, 'again')).toBe(5)
    expect(sendFirst(socket, 'again')).toBe('EISCONN')
    expect(named(say(socket, 'again', Msg.FastOpen))).toBe('EISCONN')
    expect(sendFirst(site(2).a.sockets.stream(), 'hello')).toBe('EOPNOTSUPP')
  })

  test('more than goes with the SYN is the caller’s to send', () => {
    const s = site()
    learn(s)
    const socket = s.a.sockets.stream()
    expect(sendFirst(socket, 'x'.repeat(5000))).toBe(1420)
    expect(named(say(socket, 'y'))).toBe('EAGAIN')
    s.settle()
    expect(hear(accepted(s.listening), 5000)).toBe('x'.repeat(1420))
  })
})

describe('TCP_FASTOPEN_CONNECT', () => {
  function deferring(a: SocketHost): StreamSocket {
    const socket = a.sockets.stream()
    expect(socket.setsockopt(Level.Tcp, TcpOption.FastOpenConnect, 1)).toBe(0)
    expect(socket.getsockopt(Level.Tcp, TcpOption.FastOpenConnect)).toBe(1)
    return socket
  }

  test('[RFC7413 §4.2] with a cookie connect() is over at once, and the first data goes with the SYN', () => {
    const s = site()
    learn(s)
    const socket = deferring(s.a)
    const before = s.a.stack.counters.tcp.OutSegs
    expect(socket.connect(B, PORT)).toBe(0)
    expect(named(socket.connect(B, PORT))).toBe('EISCONN')
    s.settle()
    expect(s.a.stack.counters.tcp.OutSegs).toBe(before)
    expect(bits(socket.poll())).toBe('OUT')
    expect(named(say(socket, 'hello'))).toBe(5)
    s.world.runFor(DELAY + MILLISECOND)
    expect(hear(accepted(s.listening), 10)).toBe('hello')
  })

  test('[RFC7413 §4.2.1] without one it is an ordinary connect() that asks for one', () => {
    const s = site()
    s.listening.setsockopt(Level.Tcp, TcpOption.FastOpen, 5)
    const socket = deferring(s.a)
    expect(named(socket.connect(B, PORT))).toBe('EINPROGRESS')
    s.settle()
    expect(say(socket, 'hello')).toBe(5)
    expect(s.a.stack.tcp.fastOpen.size).toBe(1)
  })

  test('close() before the first data says nothing', () => {
    const s = site()
    learn(s)
    const socket = deferring(s.a)
    socket.connect(B, PORT)
    const before = s.a.stack.counters.tcp.OutSegs
    socket.close()
    s.settle()
    expect(s.a.stack.counters.tcp.OutSegs).toBe(before)
    expect(s.a.stack.tcp.flows.size).toBe(0)
  })

  test('[tcp(7)] EINVAL, EOPNOTSUPP', () => {
    const s = site()
    const set = (socket: StreamSocket, option: number, value: number) =>
      named(socket.setsockopt(Level.Tcp, option, value))
    const socket = s.a.sockets.stream()
    expect(set(socket, TcpOption.FastOpenConnect, 2)).toBe('EINVAL')
    expect(set(s.listening, TcpOption.FastOpenConnect, 1)).toBe('EINVAL')
    expect(set(socket, TcpOption.FastOpen, -1)).toBe('EINVAL')
    expect(set(socket, TcpOption.FastOpenNoCookie, 2)).toBe('EINVAL')
    expect(set(socket, TcpOption.FastOpenNoCookie, 1)).toBe(0)
    expect(socket.getsockopt(Level.Tcp, TcpOption.FastOpenNoCookie)).toBe(1)
    expect(set(site(2).a.sockets.stream(), TcpOption.FastOpenConnect, 1)).toBe('EOPNOTSUPP')
    socket.connect(B, PORT)
    expect(set(socket, TcpOption.FastOpen, 1)).toBe('EINVAL')
    expect(set(socket, TcpOption.FastOpenConnect, 1)).toBe('EINVAL')
  })
})

describe('TCP_FASTOPEN', () => {
  test('[RFC7413 §4.2] before listen() and after it, held to somaxconn', () => {
    const s = site()
    const before = s.b.sockets.stream()
    before.setsockopt(Level.Tcp, TcpOption.FastOpen, 3)
    before.bind(0, 80)
    before.listen(5)
    expect(before.listener!.fastOpen.limit).toBe(3)
    expect(before.getsockopt(Level.Tcp, TcpOption.FastOpen)).toBe(3)
    before.setsockopt(Level.Tcp, TcpOption.FastOpen, 100_000)
    expect(before.getsockopt(Level.Tcp, TcpOption.FastOpen)).toBe(4096)
  })
})
