import { describe, expect, test } from 'vitest'
import { MILLISECOND, MINUTE, SECOND } from '../../src/base/time.ts'
import { Level, Shutdown, SocketOption } from '../../src/socket/constants.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'
import { A, B, type SocketHost } from '../support/sim-world.ts'
import { accepted, connected, hosts, named, PORT } from './connections.ts'

type Flags = '' | 'A' | 'P' | 'AP'

/** A socket with SO_REUSEADDR (A) and SO_REUSEPORT (P). */
function open(host: SocketHost, flags: Flags): StreamSocket {
  const socket = host.sockets.stream()
  if (flags.includes('A')) socket.setsockopt(Level.Socket, SocketOption.ReuseAddress, 1)
  if (flags.includes('P')) socket.setsockopt(Level.Socket, SocketOption.ReusePort, 1)
  return socket
}

const ALL: readonly Flags[] = ['', 'A', 'P', 'AP']

describe('bind()', () => {
  test('[bind(2)] EINVAL when bound, EADDRNOTAVAIL for an address that is not ours', () => {
    const { a } = hosts()
    const socket = a.sockets.stream()
    expect(named(socket.bind(0x01020304, 80))).toBe('EADDRNOTAVAIL')
    expect(socket.bind(A, 80)).toBe(0)
    expect(named(socket.bind(A, 80))).toBe('EINVAL')
    expect(named(socket.bind(0, 0))).toBe('EINVAL')
  })

  test('[ip(7)] port 0 is an ephemeral one that nobody has', () => {
    const { a } = hosts()
    a.stack.sysctls.set('net.ipv4.ip_local_port_range', '50000 50003')
    const ports = [1, 2, 3, 4].map(() => {
      const socket = a.sockets.stream()
      expect(socket.bind(0, 0)).toBe(0)
      return socket.localPort
    })
    expect(ports.sort()).toEqual([50000, 50001, 50002, 50003])
    expect(named(a.sockets.stream().bind(0, 0))).toBe('EADDRINUSE')
  })

  // As measured on Linux 6.18, for every pair of flags: the first binds (or listens), the second binds and listens.
  const MATRIX: Record<Flags, Record<Flags, [string | number, string | number]>> = {
    '': {
      '': ['EADDRINUSE', 'EADDRINUSE'],
      A: ['EADDRINUSE', 'EADDRINUSE'],
      P: ['EADDRINUSE', 'EADDRINUSE'],
      AP: ['EADDRINUSE', 'EADDRINUSE'],
    },
    A: {
      '': ['EADDRINUSE', 'EADDRINUSE'],
      A: [0, 'EADDRINUSE'],
      P: ['EADDRINUSE', 'EADDRINUSE'],
      AP: [0, 'EADDRINUSE'],
    },
    P: {
      '': ['EADDRINUSE', 'EADDRINUSE'],
      A: ['EADDRINUSE', 'EADDRINUSE'],
      P: [0, 0],
      AP: [0, 0],
    },
    AP: { '': ['EADDRINUSE', 'EADDRINUSE'], A: [0, 'EADDRINUSE'], P: [0, 0], AP: [0, 0] },
  }

  for (const first of ALL) {
    for (const second of ALL) {
      test(`[socket(7)] EADDRINUSE: first ${first || 'none'}, second ${second || 'none'} of SO_REUSEADDR (A), SO_REUSEPORT (P)`, () => {
        const attempt = (isListening: boolean) => {
          const { a } = hosts()
          const one = open(a, first)
          one.bind(A, 80)
          if (isListening) one.listen(1)
          const two = open(a, second)
          return named(two.bind(0, 80) || two.listen(1))
        }
        expect([attempt(false), attempt(true)]).toEqual(MATRIX[first][second])
      })
    }
  }

  test('[listen(2)] of two that share a port by SO_REUSEADDR, only one may listen', () => {
    const { a } = hosts()
    const [one, two] = [open(a, 'A'), open(a, 'A')]
    one.bind(0, 80)
    two.bind(0, 80)
    expect(two.listen(1)).toBe(0)
    expect(named(one.listen(1))).toBe('EADDRINUSE')
    two.close()
    expect(one.listen(1)).toBe(0)
  })

  test('[bind(2)] different addresses do not meet', () => {
    const { a } = hosts()
    expect(a.sockets.stream().bind(A, 80)).toBe(0)
    expect(named(a.sockets.stream().bind(A, 80))).toBe('EADDRINUSE')
    expect(a.sockets.stream().bind(A, 81)).toBe(0)
  })
})

describe('the connections of a server that has gone', () => {
  /** What a second server meets at the port: a connection in the state that `end` brings about. */
  function secondServer(
    first: Flags,
    second: Flags,
    end: (server: StreamSocket, client: StreamSocket) => void,
  ) {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    const listening = open(b, first)
    listening.bind(0, PORT)
    listening.listen(1)
    const client = a.sockets.stream()
    client.connect(B, PORT)
    world.runFor(SECOND)
    const server = accepted(listening)
    listening.close()
    end(server, client)
    world.runFor(SECOND)
    const again = open(b, second)
    return named(again.bind(0, PORT) || again.listen(1))
  }

  const ENDS: Record<string, (server: StreamSocket, client: StreamSocket) => void> = {
    'still open': () => {},
    orphaned: (server) => server.close(),
    'in TIME-WAIT': (server, client) => {
      server.close()
      client.close()
    },
  }
  for (const [name, end] of Object.entries(ENDS)) {
    test(`[socket(7)] SO_REUSEADDR: both servers must have had it for a connection ${name}`, () => {
      const results = (['', 'A', 'P'] as const).map((first) =>
        ALL.map((second) => secondServer(first, second, end)),
      )
      expect(results).toEqual([
        ['EADDRINUSE', 'EADDRINUSE', 'EADDRINUSE', 'EADDRINUSE'],
        ['EADDRINUSE', 0, 'EADDRINUSE', 0],
        ['EADDRINUSE', 'EADDRINUSE', 0, 0],
      ])
    })
  }

  test('[RFC9293 §3.6.1] the port is free again when TIME-WAIT is over', () => {
    const { world, server, client, listening, b } = connected()
    listening.close()
    server.close()
    client.close()
    world.runFor(2 * MINUTE)
    expect(b.sockets.stream().bind(0, PORT)).toBe(0)
  })
})

describe('the ports of connections', () => {
  test('[connect(2)] EADDRNOTAVAIL when the bound port already goes there', () => {
    const { a } = hosts({ impairments: { loss: 1 } })
    const [one, two] = [open(a, 'A'), open(a, 'A')]
    one.bind(A, 4000)
    two.bind(A, 4000)
    one.connect(B, PORT)
    expect(named(two.connect(B, PORT))).toBe('EADDRNOTAVAIL')
    expect(named(two.connect(B, PORT + 1))).toBe('EINPROGRESS')
  })

  test('[RFC6056 §3.3, connect(2)] one port serves connections to different places, and EADDRNOTAVAIL when all are used up', () => {
    const { a } = hosts({ impairments: { loss: 1 } })
    a.stack.sysctls.set('net.ipv4.ip_local_port_range', '50000 50001')
    const dial = (port: number) => named(a.sockets.stream().connect(B, port))
    expect([dial(1), dial(1), dial(1)]).toEqual(['EINPROGRESS', 'EINPROGRESS', 'EADDRNOTAVAIL'])
    expect([dial(2), dial(2), dial(2)]).toEqual(['EINPROGRESS', 'EINPROGRESS', 'EADDRNOTAVAIL'])
  })

  test('[connect(2)] a port that somebody has bound is not taken', () => {
    const { a } = hosts({ impairments: { loss: 1 } })
    a.stack.sysctls.set('net.ipv4.ip_local_port_range', '50000 50000')
    const bound = a.sockets.stream()
    bound.bind(0, 50000)
    expect(named(a.sockets.stream().connect(B, 1))).toBe('EADDRNOTAVAIL')
    bound.close()
    expect(named(a.sockets.stream().connect(B, 1))).toBe('EINPROGRESS')
  })

  test('[bind(2)] the port of an outgoing connection is in use, unless both reuse addresses', () => {
    const { client, a } = connected()
    const port = client.localPort
    expect(named(open(a, '').bind(0, port))).toBe('EADDRINUSE')
    expect(named(open(a, 'A').bind(0, port))).toBe('EADDRINUSE')
    client.setsockopt(Level.Socket, SocketOption.ReuseAddress, 1)
    expect(open(a, 'A').bind(0, port)).toBe(0)
  })

  test('[tcp(7)] a connection that ends gives its port back, though its socket is still open', () => {
    const { client, server, a, settle } = connected()
    const port = client.localPort
    server.linger = 0
    server.close()
    settle()
    expect(a.sockets.stream().bind(0, port)).toBe(0)
    expect(client.localPort).toBe(port)
  })

  test('[socket(7)] SO_REUSEPORT: peers are spread over the listeners', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    const servers = [1, 2, 3].map(() => {
      const socket = open(b, 'P')
      socket.bind(0, PORT)
      socket.listen(100)
      return socket
    })
    for (let i = 0; i < 60; i++) a.sockets.stream().connect(B, PORT)
    world.runFor(SECOND)
    const queued = servers.map((server) => server.listener!.queued)
    expect(queued.reduce((sum, n) => sum + n)).toBe(60)
    expect(Math.min(...queued)).toBeGreaterThan(5)
  })

  test('[shutdown(2)] a half-closed connection keeps its port', () => {
    const { client, a } = connected()
    client.shutdown(Shutdown.Write)
    expect(named(a.sockets.stream().bind(0, client.localPort))).toBe('EADDRINUSE')
  })
})
