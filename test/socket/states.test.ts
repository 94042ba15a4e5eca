import { describe, expect, test } from 'vitest'
import { Arena } from '../../src/base/arena.ts'
import { MILLISECOND, MINUTE, SECOND } from '../../src/base/time.ts'
import { World } from '../../src/sim/world.ts'
import { Level, Msg, Shutdown } from '../../src/socket/constants.ts'
import { SocketAddress } from '../../src/socket/socket.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'
import type { IcmpError } from '../../src/tcp/host.ts'
import { A, addHost, B } from '../support/sim-world.ts'
import { bits, connected, errorOf, hear, hosts, listenAt, named, PORT, say } from './connections.ts'

/** An ICMP error that quotes the oldest segment outstanding. */
function aboutLast(socket: StreamSocket, type: number, code: number): IcmpError {
  const { local, localPort, remote, remotePort, send } = socket.connection!
  const ends = { source: local, sourcePort: localPort, destination: remote, destinationPort: remotePort }
  return { type, code, mtu: 0, ...ends, seq: send.una }
}

describe('a socket that is not connected', () => {
  test('[tcp(7), poll(2)] is writable and hung up, and says ENOTCONN, EPIPE', () => {
    const { a } = hosts()
    const socket = a.sockets.stream()
    expect(bits(socket.poll())).toBe('OUT HUP')
    expect(hear(socket)).toBe('ENOTCONN')
    expect(named(say(socket, 'x'))).toBe('EPIPE')
    expect(named(say(socket, ''))).toBe('EPIPE')
    expect(named(socket.getpeername(new SocketAddress()))).toBe('ENOTCONN')
    expect(hear(socket, 1, Msg.Oob)).toBe('EINVAL')
    expect(named(socket.accept() as number)).toBe('EINVAL')
  })

  test('[shutdown(2)] shutdown() is ENOTCONN, and has an effect nevertheless', () => {
    const { a } = hosts()
    const socket = a.sockets.stream()
    expect(named(socket.shutdown(Shutdown.Write))).toBe('ENOTCONN')
    expect(bits(socket.poll())).toBe('OUT HUP')
    expect(named(socket.shutdown(Shutdown.Read))).toBe('ENOTCONN')
    expect(bits(socket.poll())).toBe('IN OUT HUP RDHUP')
    expect(named(socket.shutdown(7))).toBe('EINVAL')
  })

  test('[getsockname(2)] has no name before bind()', () => {
    const { a } = hosts()
    const socket = a.sockets.stream()
    const name = new SocketAddress()
    expect(socket.getsockname(name)).toBe(0)
    expect([name.address, name.port]).toEqual([0, 0])
    expect(socket.bind(A, 1234)).toBe(0)
    socket.getsockname(name)
    expect([name.address, name.port]).toEqual([A, 1234])
  })

  test('[close(2)] EBADF the second time', () => {
    const { a } = hosts()
    const socket = a.sockets.stream()
    expect(socket.close()).toBe(0)
    expect(named(socket.close())).toBe('EBADF')
  })
})

describe('a listening socket', () => {
  test('[listen(2), poll(2)] is readable when a connection waits, and can do nothing else', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    const listening = listenAt(b)
    expect(bits(listening.poll())).toBe('')
    expect(hear(listening)).toBe('ENOTCONN')
    expect(hear(listening, 1, Msg.Oob)).toBe('ENOTCONN')
    expect(named(say(listening, 'x'))).toBe('EPIPE')
    expect(named(listening.connect(A, 9))).toBe('EISCONN')
    expect(named(listening.getpeername(new SocketAddress()))).toBe('ENOTCONN')
    expect(named(listening.accept() as number)).toBe('EAGAIN')
    expect(named(listening.ioctl(0x541b))).toBe('EINVAL')
    a.sockets.stream().connect(B, PORT)
    world.runFor(SECOND)
    expect(bits(listening.poll())).toBe('IN')
  })

  test('[listen(2)] again sets the backlog; a negative one is the longest', () => {
    const { b } = hosts()
    const listening = listenAt(b)
    expect(listening.listen(3)).toBe(0)
    expect(listening.listener?.backlog).toBe(3)
    expect(listening.listen(-1)).toBe(0)
    expect(listening.listener?.backlog).toBe(4096)
    b.stack.sysctls.set('net.core.somaxconn', '128')
    expect(listening.listen(1000)).toBe(0)
    expect(listening.listener?.backlog).toBe(128)
  })

  test('[shutdown(2)] SHUT_WR leaves it listening, SHUT_RD ends that', () => {
    const { b } = hosts()
    const listening = listenAt(b)
    expect(listening.shutdown(Shutdown.Write)).toBe(0)
    expect(listening.isListening).toBe(true)
    expect(listening.shutdown(Shutdown.Read)).toBe(0)
    expect(bits(listening.poll())).toBe('OUT HUP')
    expect(named(listening.accept() as number)).toBe('EINVAL')
    expect(listening.listen(1)).toBe(0)
  })

  test('[connect(2)] AF_UNSPEC ends LISTEN; the port that bind() chose stays', () => {
    const { b } = hosts()
    const listening = listenAt(b)
    expect(listening.disconnect()).toBe(0)
    expect(bits(listening.poll())).toBe('OUT HUP')
    expect(listening.localPort).toBe(PORT)
    expect(named(b.sockets.stream().bind(0, PORT))).toBe('EADDRINUSE')
    expect(listening.listen(1)).toBe(0)
  })
})

describe('connect()', () => {
  test('[connect(2)] EINPROGRESS, EALREADY, 0 once, EISCONN from then on', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    listenAt(b)
    const socket = a.sockets.stream()
    expect(named(socket.connect(B, PORT))).toBe('EINPROGRESS')
    expect(named(socket.connect(B, PORT))).toBe('EALREADY')
    expect(bits(socket.poll())).toBe('')
    expect(named(say(socket, 'x'))).toBe('EAGAIN')
    expect(hear(socket)).toBe('EAGAIN')
    expect(named(socket.getpeername(new SocketAddress()))).toBe('ENOTCONN')
    world.runFor(SECOND)
    expect(bits(socket.poll())).toBe('OUT')
    expect(socket.connect(B, PORT)).toBe(0)
    expect(named(socket.connect(B, PORT))).toBe('EISCONN')
    expect(named(socket.listen(1))).toBe('EINVAL')
    expect(named(socket.bind(0, 99))).toBe('EINVAL')
    expect(named(socket.accept() as number)).toBe('EINVAL')
  })

  test('[connect(2)] a refusal is told by SO_ERROR once, and the next connect() says ECONNABORTED', () => {
    const { world, a } = hosts({ delay: MILLISECOND })
    const socket = a.sockets.stream()
    socket.connect(B, PORT)
    world.runFor(SECOND)
    expect(bits(socket.poll())).toBe('IN OUT ERR HUP RDHUP')
    expect(errorOf(socket)).toBe('ECONNREFUSED')
    expect(errorOf(socket)).toBe(0)
    expect(bits(socket.poll())).toBe('IN OUT HUP RDHUP')
    expect(named(socket.connect(B, PORT))).toBe('ECONNABORTED')
    expect(named(socket.connect(B, PORT))).toBe('EINPROGRESS')
    world.runFor(SECOND)
    expect(named(socket.connect(B, PORT))).toBe('ECONNREFUSED')
    expect(bits(socket.poll())).toBe('OUT HUP')
  })

  test('[recv(2)] a refusal is told by recv() once, then comes the end; send() is EPIPE', () => {
    const { world, a } = hosts({ delay: MILLISECOND })
    const socket = a.sockets.stream()
    socket.connect(B, PORT)
    world.runFor(SECOND)
    expect([hear(socket), hear(socket), named(say(socket, 'x'))]).toEqual(['ECONNREFUSED', '', 'EPIPE'])
  })

  test('[connect(2), RFC9293 §3.8.3] ETIMEDOUT when nobody answers', () => {
    const { world, a } = hosts({ impairments: { loss: 1 } })
    const socket = a.sockets.stream()
    socket.connect(B, PORT)
    world.runFor(5 * MINUTE)
    expect(named(socket.connect(B, PORT))).toBe('ETIMEDOUT')
  })

  test('[connect(2), RFC9293 §3.9.1.1] MUST-46: ENETUNREACH to broadcast and multicast', () => {
    const { a } = hosts()
    for (const address of [-1, 0x0a0900ff, 0xe0000001 | 0]) {
      expect(named(a.sockets.stream().connect(address, PORT))).toBe('ENETUNREACH')
    }
  })

  test('[connect(2)] ENETUNREACH without a route', () => {
    const world = new World()
    const host = addHost(world, { address: A, routes: [], arena: new Arena(1 << 20) })
    const socket = host.sockets.stream()
    expect(named(socket.connect(0x01020304, PORT))).toBe('ENETUNREACH')
    expect(socket.localPort).toBe(0)
  })

  // RFC 1122 §4.2.3.9 lists the codes; the errors are those of icmp(7) on Linux.
  const UNREACHABLE: readonly [number, string][] = [
    [0, 'ENETUNREACH'],
    [1, 'EHOSTUNREACH'],
    [2, 'ENOPROTOOPT'],
    [3, 'ECONNREFUSED'],
    [7, 'EHOSTDOWN'],
    [13, 'EHOSTUNREACH'],
  ]
  for (const [code, error] of UNREACHABLE) {
    test(`[tcp(7), RFC1122 §4.2.3.9] ${error} when ICMP says that the destination is unreachable, code ${code}`, () => {
      const { world, a } = hosts({ impairments: { loss: 1 } })
      const socket = a.sockets.stream()
      socket.connect(B, PORT)
      world.runFor(MILLISECOND)
      a.stack.tcp.icmpError(aboutLast(socket, 3, code), world.now)
      expect(bits(socket.poll())).toBe('IN OUT ERR HUP RDHUP')
      expect(named(socket.connect(B, PORT))).toBe(error)
    })
  }

  test('[tcp(7)] of a connection that is open SO_ERROR tells it, once, and nothing else does', () => {
    const { world, a, client } = connected()
    world.links[0]!.forth.impairments.loss = 1
    say(client, 'x')
    world.runFor(MILLISECOND)
    a.stack.tcp.icmpError(aboutLast(client, 3, 1), world.now)
    expect([bits(client.poll()), hear(client), say(client, 'y')]).toEqual(['OUT', 'EAGAIN', 1])
    expect([errorOf(client), errorOf(client)]).toEqual(['EHOSTUNREACH', 0])
  })

  test('[tcp(7)] and what it dies of in the end', () => {
    const { world, a, client } = connected()
    world.links[0]!.forth.impairments.loss = 1
    client.setsockopt(Level.Tcp, 18, 5000) // TCP_USER_TIMEOUT
    say(client, 'x')
    world.runFor(MILLISECOND)
    a.stack.tcp.icmpError(aboutLast(client, 3, 1), world.now)
    world.runFor(MINUTE)
    expect(hear(client)).toBe('EHOSTUNREACH')
  })

  test('[ip(7)] 0.0.0.0 is this host', () => {
    const { world, a } = hosts()
    listenAt(a)
    const socket = a.sockets.stream()
    socket.connect(0, PORT)
    world.runFor(SECOND)
    expect(socket.connect(0, PORT)).toBe(0)
    const peer = new SocketAddress()
    socket.getpeername(peer)
    expect(peer.address).toBe(A)
  })

  test('[connect(2)] shutdown() of a connection in progress ends it', () => {
    const { world, a } = hosts({ impairments: { loss: 1 } })
    const socket = a.sockets.stream()
    socket.connect(B, PORT)
    world.runFor(SECOND)
    expect(socket.shutdown(Shutdown.Write)).toBe(0)
    expect(bits(socket.poll())).toBe('OUT ERR HUP')
    expect(errorOf(socket)).toBe('ECONNRESET')
    expect(named(socket.connect(B, PORT))).toBe('EINPROGRESS')
  })
})

describe('connect() to AF_UNSPEC', () => {
  test('[connect(2)] resets the connection; the socket may connect anew', () => {
    const { client, server, settle } = connected()
    const before = client.localPort
    expect(client.disconnect()).toBe(0)
    expect(bits(client.poll())).toBe('OUT ERR HUP')
    expect([hear(client), hear(client)]).toEqual(['ECONNRESET', 'ENOTCONN'])
    expect(named(client.getpeername(new SocketAddress()))).toBe('ENOTCONN')
    settle()
    expect([hear(server), hear(server)]).toEqual(['ECONNRESET', ''])
    expect(named(client.connect(B, PORT))).toBe('EINPROGRESS')
    expect(errorOf(client)).toBe(0)
    expect(client.localPort).not.toBe(before)
    settle()
    expect(client.connect(B, PORT)).toBe(0)
  })

  test('[connect(2)] of a socket without a connection undoes a shutdown()', () => {
    const { a } = hosts()
    const socket = a.sockets.stream()
    socket.shutdown(Shutdown.Both)
    expect(bits(socket.poll())).toBe('IN OUT HUP RDHUP')
    expect(socket.disconnect()).toBe(0)
    expect(bits(socket.poll())).toBe('OUT HUP')
  })

  test('[connect(2)] keeps the address and port that bind() was given', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    listenAt(b)
    const socket = a.sockets.stream()
    socket.bind(A, 5000)
    socket.connect(B, PORT)
    world.runFor(SECOND)
    socket.disconnect()
    expect([socket.localAddress, socket.localPort]).toEqual([A, 5000])
    expect(named(a.sockets.stream().bind(0, 5000))).toBe('EADDRINUSE')
  })
})

describe('the end of a connection', () => {
  test('[tcp(7)] a reset: ECONNRESET once, then the end and EPIPE', () => {
    const { client, server, settle } = connected()
    say(client, 'unread')
    settle()
    server.linger = 0
    server.close() // unread data: reset
    settle()
    expect(bits(client.poll())).toBe('IN OUT ERR HUP RDHUP')
    expect([hear(client), hear(client), named(say(client, 'x'))]).toEqual(['ECONNRESET', '', 'EPIPE'])
    expect(bits(client.poll())).toBe('IN OUT HUP RDHUP')
    expect(named(client.shutdown(Shutdown.Write))).toBe('ENOTCONN')
    expect(named(client.getpeername(new SocketAddress()))).toBe('ENOTCONN')
    expect(named(client.connect(B, PORT))).toBe('EISCONN')
  })

  test('[tcp(7)] data that came before the reset can be read first', () => {
    const { client, server, settle } = connected()
    say(server, 'last words')
    settle()
    server.linger = 0
    server.close()
    settle()
    expect([hear(client), hear(client), hear(client)]).toEqual(['last words', 'ECONNRESET', ''])
  })

  test('[tcp(7)] a reset after the peer’s FIN: recv() tells the end, SO_ERROR and send() a broken pipe', () => {
    const { client, server, settle } = connected()
    server.close()
    settle()
    expect(bits(client.poll())).toBe('IN OUT RDHUP')
    expect(hear(client)).toBe('')
    expect(say(client, 'x')).toBe(1) // answered with a reset
    settle()
    expect(bits(client.poll())).toBe('IN OUT ERR HUP RDHUP')
    expect([hear(client), hear(client)]).toEqual(['', ''])
    expect(errorOf(client)).toBe('EPIPE')
    expect(named(say(client, 'x'))).toBe('EPIPE')
  })

  test('[tcp(7)] a reset after both FINs is a reset', () => {
    const { world, client, server, settle } = connected()
    server.shutdown(Shutdown.Write)
    settle()
    world.links[0]!.forth.impairments.loss = 1
    client.shutdown(Shutdown.Write)
    settle()
    server.linger = 0
    server.close()
    settle()
    expect([hear(client), errorOf(client)]).toEqual(['', 'ECONNRESET'])
  })

  test('[tcp(7)] both sides have closed: the end, and no error', () => {
    const { client, server, settle } = connected()
    client.shutdown(Shutdown.Write)
    settle()
    expect(bits(client.poll())).toBe('OUT')
    expect(bits(server.poll())).toBe('IN OUT RDHUP')
    server.close()
    settle()
    expect(bits(client.poll())).toBe('IN OUT HUP RDHUP')
    expect([hear(client), named(say(client, 'x')), errorOf(client)]).toEqual(['', 'EPIPE', 0])
  })

  test('[RFC9293 §3.8.3] MUST-20: ETIMEDOUT when the peer has gone', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    listenAt(b)
    const client = a.sockets.stream()
    client.connect(B, PORT)
    world.runFor(SECOND)
    client.setsockopt(Level.Tcp, 18, 10_000) // TCP_USER_TIMEOUT
    world.links[0]!.forth.impairments.loss = 1
    say(client, 'hello?')
    world.runFor(MINUTE)
    expect([hear(client), hear(client), named(say(client, 'x'))]).toEqual(['ETIMEDOUT', '', 'EPIPE'])
  })
})
