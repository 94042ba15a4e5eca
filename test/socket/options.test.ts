import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import { IpOption, Level, Shutdown, SocketOption, TcpOption } from '../../src/socket/constants.ts'
import type { Socket } from '../../src/socket/socket.ts'
import { B } from '../support/sim-world.ts'
import { accepted, bits, connected, hear, hosts, ints, listenAt, named, PORT, say } from './connections.ts'

const { Ip, Socket: Sol, Tcp } = Level

/** The value's bytes as numbers. */
function told(socket: Socket, level: number, option: number, length = 4): number[] | string | number {
  const out = new Uint8Array(length)
  const result = socket.getsockoptInto(level, option, out)
  return result < 0 ? named(result) : [...out.subarray(0, result)]
}

const set = (socket: Socket, level: number, option: number, value: number | Uint8Array) =>
  named(socket.setsockopt(level, option, typeof value === 'number' ? ints(value) : value))

const bytes = (...values: number[]) => Uint8Array.from(values)
const fresh = () => hosts().a.sockets.stream()

describe('values of options', () => {
  // As measured on Linux 6.18.
  const WRONG: readonly [string, number, number, number | Uint8Array, string | number][] = [
    ['TCP_NODELAY of two bytes', Tcp, TcpOption.NoDelay, bytes(1, 0), 'EINVAL'],
    ['TCP_NODELAY of none', Tcp, TcpOption.NoDelay, bytes(), 'EINVAL'],
    ['TCP_CONGESTION of none', Tcp, TcpOption.Congestion, bytes(), 'EINVAL'],
    ['TCP_CONGESTION nope', Tcp, TcpOption.Congestion, Buffer.from('nope'), 'ENOENT'],
    ['TCP_CONGESTION reno', Tcp, TcpOption.Congestion, Buffer.from('reno'), 0],
    ['TCP_CONGESTION reno and NUL', Tcp, TcpOption.Congestion, Buffer.from('reno\0rest'), 0],
    ['TCP_MAXSEG 87', Tcp, TcpOption.MaxSegment, 87, 'EINVAL'],
    ['TCP_MAXSEG 88', Tcp, TcpOption.MaxSegment, 88, 0],
    ['TCP_MAXSEG 32767', Tcp, TcpOption.MaxSegment, 32767, 0],
    ['TCP_MAXSEG 32768', Tcp, TcpOption.MaxSegment, 32768, 'EINVAL'],
    ['TCP_MAXSEG 0', Tcp, TcpOption.MaxSegment, 0, 0],
    ['TCP_KEEPIDLE 0', Tcp, TcpOption.KeepIdle, 0, 'EINVAL'],
    ['TCP_KEEPIDLE 32768', Tcp, TcpOption.KeepIdle, 32768, 'EINVAL'],
    ['TCP_KEEPINTVL 0', Tcp, TcpOption.KeepInterval, 0, 'EINVAL'],
    ['TCP_KEEPCNT 128', Tcp, TcpOption.KeepCount, 128, 'EINVAL'],
    ['TCP_SYNCNT 0', Tcp, TcpOption.SynCount, 0, 'EINVAL'],
    ['TCP_SYNCNT 128', Tcp, TcpOption.SynCount, 128, 'EINVAL'],
    ['TCP_USER_TIMEOUT -1', Tcp, TcpOption.UserTimeout, -1, 'EINVAL'],
    ['TCP_LINGER2 -5', Tcp, TcpOption.Linger2, -5, 0],
    ['TCP_DEFER_ACCEPT -1', Tcp, TcpOption.DeferAccept, -1, 0],
    ['TCP_WINDOW_CLAMP 0', Tcp, TcpOption.WindowClamp, 0, 0],
    ['TCP_NOTSENT_LOWAT -1', Tcp, TcpOption.NotSentLowWater, -1, 0],
    ['TCP_INFO', Tcp, TcpOption.Info, 1, 'ENOPROTOOPT'],
    ['TCP_CC_INFO', Tcp, TcpOption.CongestionInfo, 1, 'ENOPROTOOPT'],
    ['an option that there is not', Tcp, 999, 1, 'ENOPROTOOPT'],
    ['SO_ERROR', Sol, SocketOption.Error, 1, 'ENOPROTOOPT'],
    ['SO_TYPE', Sol, SocketOption.Type, 1, 'ENOPROTOOPT'],
    ['SO_ACCEPTCONN', Sol, SocketOption.AcceptConn, 1, 'ENOPROTOOPT'],
    ['SO_MEMINFO', Sol, SocketOption.MemInfo, 1, 'ENOPROTOOPT'],
    ['SO_ZEROCOPY 1', Sol, SocketOption.ZeroCopy, 1, 0],
    ['SO_ZEROCOPY 2', Sol, SocketOption.ZeroCopy, 2, 'EINVAL'],
    ['SO_LINGER of four bytes', Sol, SocketOption.Linger, 1, 'EINVAL'],
    ['SO_RCVTIMEO of four bytes', Sol, SocketOption.ReceiveTimeout, 1, 'EINVAL'],
    ['SO_RCVTIMEO of 1,000,000 µs', Sol, SocketOption.ReceiveTimeout, ints(1, 0, 1_000_000, 0), 'EDOM'],
    ['SO_SNDTIMEO of -1 s', Sol, SocketOption.SendTimeout, ints(-1, -1, 0, 0), 0],
    ['IP_TTL 0', Ip, IpOption.TimeToLive, 0, 'EINVAL'],
    ['IP_TTL 256', Ip, IpOption.TimeToLive, 256, 'EINVAL'],
    ['IP_TTL -1', Ip, IpOption.TimeToLive, -1, 0],
    ['IP_TTL of none', Ip, IpOption.TimeToLive, bytes(), 'EINVAL'],
    ['IP_TTL of a byte', Ip, IpOption.TimeToLive, bytes(5), 0],
    ['IP_TOS of none', Ip, IpOption.TypeOfService, bytes(), 0],
    ['IP_TOS of a byte', Ip, IpOption.TypeOfService, bytes(16), 0],
    ['IP_TOS 256', Ip, IpOption.TypeOfService, 256, 0],
    ['IP_MTU_DISCOVER 6', Ip, IpOption.MtuDiscover, 6, 'EINVAL'],
    ['IP_MTU_DISCOVER -1', Ip, IpOption.MtuDiscover, -1, 'EINVAL'],
    ['IP_MTU', Ip, IpOption.Mtu, 1, 'ENOPROTOOPT'],
    ['a level that there is not', 99, 1, 1, 'ENOPROTOOPT'],
    ['IPPROTO_UDP on a stream', 17, 1, 1, 'ENOPROTOOPT'],
  ]
  for (const [name, level, option, value, result] of WRONG) {
    test(`[setsockopt(2), tcp(7)] ${name}: ${result}`, () => {
      expect(set(fresh(), level, option, value)).toBe(result)
    })
  }

  // As measured on Linux 6.18, but for the buffers, which are those of tcp_rmem and tcp_wmem, and the congestion control.
  const DEFAULTS: readonly [string, number, number, number | string][] = [
    ['SO_RCVBUF', Sol, SocketOption.ReceiveBuffer, 131_072],
    ['SO_SNDBUF', Sol, SocketOption.SendBuffer, 262_144],
    ['SO_RCVLOWAT', Sol, SocketOption.ReceiveLowWater, 1],
    ['SO_SNDLOWAT', Sol, SocketOption.SendLowWater, 1],
    ['SO_MAX_PACING_RATE', Sol, SocketOption.MaxPacingRate, 0xffffffff],
    ['SO_TYPE', Sol, SocketOption.Type, 1],
    ['SO_DOMAIN', Sol, SocketOption.Domain, 2],
    ['SO_PROTOCOL', Sol, SocketOption.Protocol, 6],
    ['SO_ERROR', Sol, SocketOption.Error, 0],
    ['SO_ACCEPTCONN', Sol, SocketOption.AcceptConn, 0],
    ['SO_KEEPALIVE', Sol, SocketOption.KeepAlive, 0],
    ['TCP_MAXSEG', Tcp, TcpOption.MaxSegment, 536],
    ['TCP_KEEPIDLE', Tcp, TcpOption.KeepIdle, 7200],
    ['TCP_KEEPINTVL', Tcp, TcpOption.KeepInterval, 75],
    ['TCP_KEEPCNT', Tcp, TcpOption.KeepCount, 9],
    ['TCP_SYNCNT', Tcp, TcpOption.SynCount, 6],
    ['TCP_LINGER2', Tcp, TcpOption.Linger2, 60],
    ['TCP_DEFER_ACCEPT', Tcp, TcpOption.DeferAccept, 0],
    ['TCP_WINDOW_CLAMP', Tcp, TcpOption.WindowClamp, 0],
    ['TCP_QUICKACK', Tcp, TcpOption.QuickAck, 1],
    ['TCP_USER_TIMEOUT', Tcp, TcpOption.UserTimeout, 0],
    ['TCP_NOTSENT_LOWAT', Tcp, TcpOption.NotSentLowWater, 0],
    ['IP_TTL', Ip, IpOption.TimeToLive, 64],
    ['IP_TOS', Ip, IpOption.TypeOfService, 0],
    ['IP_MTU_DISCOVER', Ip, IpOption.MtuDiscover, 1],
    ['IP_MTU', Ip, IpOption.Mtu, 'ENOTCONN'],
    ['an option that there is not', Tcp, 999, 'ENOPROTOOPT'],
    ['SO_RCVBUFFORCE', Sol, SocketOption.ReceiveBufferForce, 'ENOPROTOOPT'],
  ]
  for (const [name, level, option, value] of DEFAULTS) {
    test(`[getsockopt(2), tcp(7)] ${name} is ${value}`, () => {
      expect(told(fresh(), level, option)).toEqual(typeof value === 'string' ? value : [...ints(value)])
      expect(named(fresh().getsockopt(level, option))).toBe(value)
    })
  }

  const DEFERRED = [
    [1, 1],
    [2, 3],
    [3, 3],
    [4, 7],
    [7, 7],
    [8, 15],
    [30, 31],
    [100, 127],
    [1000, 1087],
  ]
  test('[tcp(7)] TCP_DEFER_ACCEPT is kept in whole time-outs of the SYN-ACK', () => {
    const socket = fresh()
    for (const [seconds, kept] of DEFERRED) {
      set(socket, Tcp, TcpOption.DeferAccept, seconds!)
      expect(socket.getsockopt(Tcp, TcpOption.DeferAccept)).toBe(kept)
    }
  })

  test('[socket(7)] buffers are doubled, have a least size, and a most by net.core.rmem_max and wmem_max', () => {
    const { a } = hosts()
    const socket = a.sockets.stream()
    const sizes = (value: number) => {
      set(socket, Sol, SocketOption.ReceiveBuffer, value)
      set(socket, Sol, SocketOption.SendBuffer, value)
      return [
        socket.getsockopt(Sol, SocketOption.ReceiveBuffer),
        socket.getsockopt(Sol, SocketOption.SendBuffer),
      ]
    }
    expect(sizes(0)).toEqual([2304, 4608])
    expect(sizes(1000)).toEqual([2304, 4608])
    expect(sizes(100_000)).toEqual([200_000, 200_000])
    expect(sizes(1_000_000)).toEqual([425_984, 425_984])
    expect(sizes(-1)).toEqual([425_984, 425_984])
    a.stack.sysctls.set('net.core.rmem_max', '1000000')
    expect(sizes(600_000)).toEqual([1_200_000, 425_984])
    set(socket, Sol, SocketOption.ReceiveBufferForce, 5_000_000)
    set(socket, Sol, SocketOption.SendBufferForce, -1)
    expect(socket.getsockopt(Sol, SocketOption.ReceiveBuffer)).toBe(10_000_000)
    expect(socket.getsockopt(Sol, SocketOption.SendBuffer)).toBe(4608)
  })

  test('[tcp(7)] TCP_LINGER2: negative is off, at most two minutes, 0 the default', () => {
    const socket = fresh()
    const kept = [-5, 500, 30, 0].map((value) => {
      set(socket, Tcp, TcpOption.Linger2, value)
      return socket.getsockopt(Tcp, TcpOption.Linger2)
    })
    expect(kept).toEqual([-1, 120, 30, 60])
  })

  test('[socket(7)] SO_RCVLOWAT is at least 1 and at most half the buffer', () => {
    const socket = fresh()
    set(socket, Sol, SocketOption.ReceiveBuffer, 10_000)
    const kept = [0, 100, 50_000, -1].map((value) => {
      set(socket, Sol, SocketOption.ReceiveLowWater, value)
      return socket.getsockopt(Sol, SocketOption.ReceiveLowWater)
    })
    expect(kept).toEqual([1, 100, 10_000, 10_000])
  })

  test('[getsockopt(2)] a short buffer gets the value’s beginning; of IP options a byte', () => {
    const socket = fresh()
    expect(told(socket, Sol, SocketOption.ReceiveBuffer, 3)).toEqual([0, 0, 2])
    expect(told(socket, Sol, SocketOption.ReceiveBuffer, 8)).toEqual([0, 0, 2, 0])
    expect(told(socket, Sol, SocketOption.ReceiveBuffer, 0)).toEqual([])
    expect(told(socket, Ip, IpOption.TimeToLive, 1)).toEqual([64])
    expect(told(socket, Ip, IpOption.TimeToLive, 2)).toEqual([64])
    expect(told(socket, Ip, IpOption.TimeToLive, 0)).toEqual([])
  })

  test('[socket(7)] SO_LINGER and SO_RCVTIMEO are structs', () => {
    const socket = fresh()
    expect(told(socket, Sol, SocketOption.Linger, 8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
    expect(set(socket, Sol, SocketOption.Linger, ints(1, 300))).toBe(0)
    expect(told(socket, Sol, SocketOption.Linger, 100)).toEqual([...ints(1, 300)])
    expect(set(socket, Sol, SocketOption.Linger, ints(0, 300))).toBe(0)
    expect(socket.linger).toBeUndefined()
    expect(set(socket, Sol, SocketOption.ReceiveTimeout, ints(2, 0, 500_000, 0))).toBe(0)
    expect([socket.receiveTimeout, socket.sendTimeout]).toEqual([2.5 * SECOND, 0])
    expect(told(socket, Sol, SocketOption.ReceiveTimeout, 16)).toEqual([...ints(2, 0, 500_000, 0)])
    expect(set(socket, Sol, SocketOption.SendTimeout, ints(-1, -1, 5, 0))).toBe(0)
    expect(socket.sendTimeout).toBe(0)
  })

  test('[tcp(7)] TCP_CONGESTION tells a name of up to 16 bytes', () => {
    const socket = fresh()
    const name = told(socket, Tcp, TcpOption.Congestion, 100) as number[]
    expect([name.length, String.fromCharCode(...name.filter((c) => c !== 0))]).toEqual([16, 'cubic'])
    expect(told(socket, Tcp, TcpOption.Congestion, 3)).toEqual([...Buffer.from('cub')])
    expect(told(socket, Tcp, TcpOption.CongestionInfo, 100)).toEqual([])
  })

  test('[socket(7)] SO_MEMINFO has nine words', () => {
    const { client, server, settle } = connected()
    say(client, 'hello')
    settle()
    const words = (socket: Socket) => [
      ...new Int32Array(Uint8Array.from(told(socket, Sol, SocketOption.MemInfo, 100) as number[]).buffer),
    ]
    expect(words(server)).toEqual([5, 131_072, 0, 262_144, 0, 0, 0, 0, 0])
    say(client, 'on its way')
    expect(words(client)[5]).toBe(10)
  })
})

describe('what options do', () => {
  test('[ip(7), RFC9293 §3.9, RFC1122 §3.2.1.6] MUST-48, MUST-49, SHLD-21, SHLD-22: IP_TOS and IP_TTL take effect at once; the bits of ECN are not the user’s', () => {
    const { client, server, settle, b } = connected()
    const seen: number[][] = []
    const deliver = b.stack.deliver.bind(b.stack)
    b.stack.deliver = (packet, now) => {
      if (packet.header.protocol === 6) seen.push([packet.header.tos, packet.header.ttl])
      deliver(packet, now)
    }
    set(client, Ip, IpOption.TypeOfService, 0xff)
    set(client, Ip, IpOption.TimeToLive, 7)
    expect(client.getsockopt(Ip, IpOption.TypeOfService)).toBe(0xfc)
    say(client, 'x')
    settle()
    expect(seen[0]).toEqual([0xfc, 7])
    set(client, Ip, IpOption.TimeToLive, -1)
    say(client, 'x')
    settle()
    expect(seen.at(-1)).toEqual([0xfc, 64])
    expect(hear(server)).toBe('xx')
  })

  test('[ip(7)] IP_MTU_DISCOVER: without it segments may be fragmented', () => {
    const { client, settle, b } = connected()
    const seen: boolean[] = []
    const deliver = b.stack.deliver.bind(b.stack)
    b.stack.deliver = (packet, now) => {
      if (packet.header.protocol === 6) seen.push(packet.header.dontFragment)
      deliver(packet, now)
    }
    say(client, 'x')
    settle()
    set(client, Ip, IpOption.MtuDiscover, 0)
    say(client, 'x')
    settle()
    expect([seen[0], seen.at(-1)]).toEqual([true, false])
  })

  test('[ip(7)] IP_MTU of a connection is that of its path', () => {
    const { client } = connected()
    expect(client.getsockopt(Ip, IpOption.Mtu)).toBe(1500)
  })

  test('[tcp(7)] TCP_MAXSEG before the handshake bounds both directions', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    const listening = listenAt(b)
    const client = a.sockets.stream()
    set(client, Tcp, TcpOption.MaxSegment, 1000)
    expect(client.getsockopt(Tcp, TcpOption.MaxSegment)).toBe(1000)
    client.connect(B, PORT)
    world.runFor(SECOND)
    const server = accepted(listening)
    expect([client, server].map((s) => s.getsockopt(Tcp, TcpOption.MaxSegment))).toEqual([988, 988])
  })

  test('[tcp(7)] TCP_WINDOW_CLAMP bounds the window, and its scale; it cannot be lifted from a connection', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    const listening = listenAt(b)
    set(listening, Tcp, TcpOption.WindowClamp, 5)
    expect(listening.getsockopt(Tcp, TcpOption.WindowClamp)).toBe(1152)
    expect(set(listening, Tcp, TcpOption.WindowClamp, 0)).toBe('EINVAL')
    set(listening, Tcp, TcpOption.WindowClamp, 5000)
    const client = a.sockets.stream()
    client.connect(B, PORT)
    world.runFor(SECOND)
    const server = accepted(listening)
    expect(client.connection!.send.wnd).toBe(5000)
    expect(server.connection!.options.receiveShift).toBe(0)
    const much = Buffer.alloc(60_000)
    client.send(much, 0, much.length)
    world.runFor(SECOND)
    // The window stays as long as there is room: it is the buffer that is read from.
    expect(client.connection!.send.maxWindow).toBe(5000)
    expect(server.connection!.receive.queue.length).toBe(60_000)
    expect(set(server, Tcp, TcpOption.WindowClamp, 0)).toBe('EINVAL')
  })

  test('[socket(7)] SO_RCVBUF bounds what may wait: half of what is told, the rest is for overhead', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    const listening = listenAt(b)
    set(listening, Sol, SocketOption.ReceiveBuffer, 20_000)
    const client = a.sockets.stream()
    client.connect(B, PORT)
    world.runFor(SECOND)
    const server = accepted(listening)
    expect(server.getsockopt(Sol, SocketOption.ReceiveBuffer)).toBe(40_000)
    const much = Buffer.alloc(60_000)
    client.send(much, 0, much.length)
    world.runFor(SECOND)
    expect(server.connection!.receive.queue.length).toBeLessThanOrEqual(20_000)
    expect(server.connection!.receive.queue.length).toBeGreaterThan(18_500)
  })

  test('[socket(7)] SO_RCVLOWAT: not readable before so much has come, or the end', () => {
    const { client, server, settle } = connected()
    set(server, Sol, SocketOption.ReceiveLowWater, 5)
    say(client, 'abcd')
    settle()
    expect(bits(server.poll())).toBe('OUT')
    say(client, 'e')
    settle()
    expect(bits(server.poll())).toBe('IN OUT')
    expect(hear(server)).toBe('abcde')
    say(client, 'f')
    client.shutdown(Shutdown.Write)
    settle()
    expect(bits(server.poll())).toBe('IN OUT RDHUP')
  })

  test('[tcp(7)] TCP_NOTSENT_LOWAT: writable while less than half of it is unsent', () => {
    const { world, client, server } = connected()
    set(client, Tcp, TcpOption.NotSentLowWater, 4000)
    expect(client.getsockopt(Tcp, TcpOption.NotSentLowWater)).toBe(4000)
    set(server, Sol, SocketOption.ReceiveBuffer, 1)
    const much = Buffer.alloc(250_000)
    const taken = client.send(much, 0, much.length)
    expect(taken).toBeGreaterThanOrEqual(10 * 1448 + 4000)
    expect(taken).toBeLessThan(250_000)
    expect(named(client.send(much, 0, 1))).toBe('EAGAIN')
    expect(bits(client.poll())).toBe('')
    for (let reads = 0; reads < 1000 && client.connection!.send.unsent >= 2000; reads++) {
      world.runFor(SECOND)
      expect(bits(client.poll())).toBe(client.connection!.send.unsent < 2000 ? 'OUT' : '')
      server.recv(much, 0, much.length)
    }
    expect(bits(client.poll())).toBe('OUT')
  })

  test('[tcp(7)] tcp_notsent_lowat holds for who sets nothing', () => {
    const { client, a } = connected()
    a.stack.sysctls.set('net.ipv4.tcp_notsent_lowat', '1')
    const much = Buffer.alloc(200_000)
    expect(client.send(much, 0, much.length)).toBeLessThan(100_000)
    expect(bits(client.poll())).toBe('')
  })

  test('[tcp(7)] TCP_DEFER_ACCEPT: accept() waits for data', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    const listening = listenAt(b)
    set(listening, Tcp, TcpOption.DeferAccept, 3)
    const client = a.sockets.stream()
    client.connect(B, PORT)
    world.runFor(500 * MILLISECOND)
    expect(client.connect(B, PORT)).toBe(0)
    expect(named(listening.accept() as number)).toBe('EAGAIN')
    expect(b.stack.counters.tcp.TCPDeferAcceptDrop).toBe(1)
    say(client, 'hello')
    world.runFor(10 * MILLISECOND)
    expect(hear(accepted(listening))).toBe('hello')
  })

  test('[tcp(7)] or until its time is over: the SYN-ACK is sent once more, and its answer counts', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    const listening = listenAt(b)
    set(listening, Tcp, TcpOption.DeferAccept, 3)
    a.sockets.stream().connect(B, PORT)
    world.runFor(2.9 * SECOND)
    expect(b.stack.counters.tcp.TCPSynRetrans).toBe(0)
    expect(named(listening.accept() as number)).toBe('EAGAIN')
    world.runFor(200 * MILLISECOND)
    expect(b.stack.counters.tcp.TCPSynRetrans).toBe(1)
    expect(accepted(listening).isOpen).toBe(true)
  })

  test('[tcp(7)] TCP_CONGESTION: what the operator allows, and the default', () => {
    const { a } = hosts()
    const socket = a.sockets.stream()
    const choose = (name: string) => set(socket, Tcp, TcpOption.Congestion, Buffer.from(name))
    a.stack.sysctls.set('tcp_allowed_congestion_control', 'reno')
    expect(['bbr', 'reno', 'cubic'].map(choose)).toEqual(['EPERM', 0, 0])
    a.stack.sysctls.set('tcp_congestion_control', 'bbr')
    expect(['bbr', 'cubic', 'warp'].map(choose)).toEqual([0, 'EPERM', 'ENOENT'])
  })

  test('[tcp(7)] TCP_CONGESTION on a connection takes effect at once', () => {
    const { client } = connected()
    const { window } = client.connection!.congestion
    expect(set(client, Tcp, TcpOption.Congestion, Buffer.from('bbr'))).toBe(0)
    expect(client.connection!.congestion.name).toBe('bbr')
    expect(client.connection!.congestion.window).toBe(window)
  })

  test('[tcp(7)] TCP_QUICKACK: acknowledgements at once, or delayed', () => {
    const { world, client, server, b } = connected()
    const acknowledged = () => {
      const before = b.stack.counters.tcp.OutSegs
      say(client, 'x')
      world.runFor(10 * MILLISECOND)
      hear(server)
      return b.stack.counters.tcp.OutSegs - before
    }
    set(server, Tcp, TcpOption.QuickAck, 0)
    expect([acknowledged(), server.getsockopt(Tcp, TcpOption.QuickAck)]).toEqual([0, 0])
    set(server, Tcp, TcpOption.QuickAck, 1) // what is owed goes out, too
    world.runFor(MILLISECOND)
    expect([acknowledged(), server.getsockopt(Tcp, TcpOption.QuickAck)]).toEqual([1, 1])
  })

  test('[tcp(7)] what is accepted inherits its listener’s options, and keeps them', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    const listening = listenAt(b)
    set(listening, Tcp, TcpOption.NoDelay, 1)
    set(listening, Sol, SocketOption.Linger, ints(1, 9))
    set(listening, Sol, SocketOption.OobInline, 1)
    a.sockets.stream().connect(B, PORT)
    world.runFor(SECOND)
    const server = accepted(listening)
    set(listening, Tcp, TcpOption.NoDelay, 0)
    expect(server.getsockopt(Tcp, TcpOption.NoDelay)).toBe(1)
    expect(server.getsockopt(Sol, SocketOption.OobInline)).toBe(1)
    expect(server.linger).toBe(9)
    set(server, Tcp, TcpOption.KeepIdle, 5)
    expect(listening.getsockopt(Tcp, TcpOption.KeepIdle)).toBe(7200)
    a.sockets.stream().connect(B, PORT)
    world.runFor(SECOND)
    expect(accepted(listening).getsockopt(Tcp, TcpOption.NoDelay)).toBe(0)
  })

  test('[socket(7)] SO_ACCEPTCONN', () => {
    const { listening, server } = connected()
    expect([listening, server].map((s) => s.getsockopt(Sol, SocketOption.AcceptConn))).toEqual([1, 0])
  })
})
