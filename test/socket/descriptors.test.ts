import { describe, expect, test } from 'vitest'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import {
  AF_INET,
  AF_UNSPEC,
  EpollControl,
  Fcntl,
  FD_CLOEXEC,
  Ioctl,
  Level,
  Msg,
  OpenFlag,
  Poll,
  Shutdown,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SocketOption,
  TcpOption,
} from '../../src/socket/constants.ts'
import type { EpollEvent } from '../../src/socket/epoll.ts'
import { SocketAddress } from '../../src/socket/socket.ts'
import { SystemCalls } from '../../src/socket/system-calls.ts'
import { A, B } from '../support/sim-world.ts'
import { hosts, ints, named, PORT } from './connections.ts'

const { ReadWrite, NonBlocking } = OpenFlag

/** Processes on two hosts. */
function processes() {
  const { world, a, b } = hosts({ delay: MILLISECOND })
  return { world, one: new SystemCalls(a.sockets), two: new SystemCalls(b.sockets), sockets: a.sockets }
}

/** A connection: its descriptor on each side. */
function connection() {
  const { world, one, two, sockets } = processes()
  const listening = two.socket(AF_INET, SOCK_STREAM, 0)
  two.bind(listening, 0, PORT)
  two.listen(listening, 1)
  const client = one.socket(AF_INET, SOCK_STREAM, 0)
  one.connect(client, B, PORT)
  world.runFor(SECOND)
  const from = new SocketAddress()
  const server = two.accept(listening, from)
  return {
    world,
    one,
    two,
    client,
    server,
    listening,
    from,
    sockets,
    settle: () => world.runFor(10 * MILLISECOND),
  }
}

describe('descriptors', () => {
  test('[socket(2)] are the lowest numbers that are free', () => {
    const { one } = processes()
    const open = () => one.socket(AF_INET, SOCK_STREAM, 0)
    expect([open(), open(), open()]).toEqual([0, 1, 2])
    expect(one.close(1)).toBe(0)
    expect([open(), open()]).toEqual([1, 3])
  })

  test('[socket(2)] can be given, once', () => {
    const { one } = processes()
    expect(one.socket(AF_INET, SOCK_STREAM, 0, 7)).toBe(7)
    expect(named(one.socket(AF_INET, SOCK_STREAM, 0, 7))).toBe('EBUSY')
    expect(one.socket(AF_INET, SOCK_STREAM, 0)).toBe(0)
  })

  test('[socket(2)] EAFNOSUPPORT, EINVAL, ESOCKTNOSUPPORT, EPROTONOSUPPORT', () => {
    const { one } = processes()
    expect(named(one.socket(10, SOCK_STREAM, 0))).toBe('EAFNOSUPPORT')
    expect(named(one.socket(AF_INET, 3, 0))).toBe('ESOCKTNOSUPPORT')
    expect([11, 99, -1, SOCK_STREAM | 0x10].map((type) => named(one.socket(AF_INET, type, 0)))).toEqual([
      'EINVAL',
      'EINVAL',
      'EINVAL',
      'EINVAL',
    ])
    expect(named(one.socket(AF_INET, SOCK_STREAM, 17))).toBe('EPROTONOSUPPORT')
    expect(one.socket(AF_INET, SOCK_DGRAM, 17)).toBe(0)
  })

  test('[socket(2)] EMFILE at 1024', () => {
    const { one, sockets } = processes()
    for (let i = 0; i < 1024; i++) expect(one.socket(AF_INET, SOCK_STREAM, 0)).toBe(i)
    expect(named(one.socket(AF_INET, SOCK_STREAM, 0))).toBe('EMFILE')
    expect(sockets.open.size).toBe(1024)
    for (let fd = 0; fd < 1024; fd++) one.descriptors.close(fd)
    expect(sockets.open.size).toBe(0)
  })

  test('[close(2)] EBADF for what is not open, ENOTSOCK and ENOTTY for an epoll', () => {
    const { one } = processes()
    const epoll = one.epollCreate()
    const out = new SocketAddress()
    const buffer = new Uint8Array(1)
    const message = { buffers: [buffer], name: undefined, flags: 0 }
    const calls: [string, (fd: number) => number, string][] = [
      ['bind', (fd) => one.bind(fd, 0, 0), 'ENOTSOCK'],
      ['listen', (fd) => one.listen(fd, 0), 'ENOTSOCK'],
      ['accept', (fd) => one.accept(fd), 'ENOTSOCK'],
      ['connect', (fd) => one.connect(fd, B, 1), 'ENOTSOCK'],
      ['recv', (fd) => one.recv(fd, buffer), 'ENOTSOCK'],
      ['send', (fd) => one.send(fd, buffer), 'ENOTSOCK'],
      ['sendTo', (fd) => one.sendTo(fd, buffer, 0, B, 1), 'ENOTSOCK'],
      ['recvmsg', (fd) => one.recvmsg(fd, message), 'ENOTSOCK'],
      ['sendmsg', (fd) => one.sendmsg(fd, message), 'ENOTSOCK'],
      ['shutdown', (fd) => one.shutdown(fd, Shutdown.Both), 'ENOTSOCK'],
      ['getsockname', (fd) => one.getsockname(fd, out), 'ENOTSOCK'],
      ['getpeername', (fd) => one.getpeername(fd, out), 'ENOTSOCK'],
      ['setsockopt', (fd) => one.setsockopt(fd, 1, 2, ints(1)), 'ENOTSOCK'],
      ['getsockopt', (fd) => one.getsockopt(fd, 1, 2, buffer), 'ENOTSOCK'],
      ['ioctl', (fd) => one.ioctl(fd, Ioctl.InQueue), 'ENOTTY'],
      ['read', (fd) => one.read(fd, buffer), 'EINVAL'],
      ['write', (fd) => one.write(fd, buffer), 'EINVAL'],
      ['readv', (fd) => one.readv(fd, [buffer]), 'EINVAL'],
      ['writev', (fd) => one.writev(fd, [buffer]), 'EINVAL'],
    ]
    for (const [name, call, onEpoll] of calls) {
      expect([name, named(call(99)), named(call(-1)), named(call(epoll))]).toEqual([
        name,
        'EBADF',
        'EBADF',
        onEpoll,
      ])
    }
    expect([
      named(one.close(99)),
      named(one.fcntl(99, Fcntl.GetFlags)),
      named(one.descriptors.duplicate(99)),
    ]).toEqual(['EBADF', 'EBADF', 'EBADF'])
  })

  test('[fcntl(2), ioctl(2)] O_NONBLOCK belongs to the file, FD_CLOEXEC to the descriptor', () => {
    const { one } = processes()
    const fd = one.socket(AF_INET, SOCK_STREAM, 0)
    expect(one.fcntl(fd, Fcntl.GetFlags)).toBe(ReadWrite)
    expect(one.fcntl(fd, Fcntl.SetFlags, ReadWrite | NonBlocking)).toBe(0)
    const copy = one.fcntl(fd, Fcntl.Duplicate, 10)
    expect([copy, one.fcntl(copy, Fcntl.GetFlags)]).toEqual([10, ReadWrite | NonBlocking])
    one.fcntl(copy, Fcntl.SetFlags, 0)
    expect(one.fcntl(fd, Fcntl.GetFlags)).toBe(ReadWrite)
    one.ioctl(fd, Ioctl.NonBlocking, 1)
    expect(one.fcntl(fd, Fcntl.GetFlags)).toBe(ReadWrite | NonBlocking)
    expect(one.fcntl(fd, Fcntl.SetDescriptorFlags, FD_CLOEXEC)).toBe(0)
    expect([fd, copy].map((each) => one.fcntl(each, Fcntl.GetDescriptorFlags))).toEqual([FD_CLOEXEC, 0])
    const third = one.fcntl(fd, Fcntl.DuplicateCloseOnExec, 0)
    expect(one.fcntl(third, Fcntl.GetDescriptorFlags)).toBe(FD_CLOEXEC)
    expect(named(one.fcntl(fd, 99))).toBe('EINVAL')
    expect(named(one.fcntl(fd, Fcntl.Duplicate, -1))).toBe('EINVAL')
  })

  test('[socket(2), accept4(2)] SOCK_NONBLOCK and SOCK_CLOEXEC; what is accepted does not inherit them', () => {
    const { one, world, two } = processes()
    const listening = two.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
    expect(two.fcntl(listening, Fcntl.GetFlags)).toBe(ReadWrite | NonBlocking)
    expect(two.fcntl(listening, Fcntl.GetDescriptorFlags)).toBe(FD_CLOEXEC)
    two.bind(listening, 0, PORT)
    two.listen(listening, 5)
    for (let i = 0; i < 2; i++) one.connect(one.socket(AF_INET, SOCK_STREAM, 0), B, PORT)
    world.runFor(SECOND)
    const [first, second] = [two.accept(listening), two.accept(listening, undefined, SOCK_NONBLOCK)]
    expect(two.fcntl(first, Fcntl.GetFlags)).toBe(ReadWrite)
    expect(two.fcntl(second, Fcntl.GetFlags)).toBe(ReadWrite | NonBlocking)
    expect(named(two.accept(listening))).toBe('EAGAIN')
    expect(named(two.accept(listening, undefined, 1))).toBe('EINVAL')
  })

  test('[dup(2)] the socket is closed with the last descriptor', () => {
    const { one, two, client, server, settle } = connection()
    const copy = one.descriptors.duplicate(client)
    one.close(client)
    settle()
    const buffer = new Uint8Array(1)
    expect(named(two.read(server, buffer))).toBe('EAGAIN')
    one.close(copy)
    settle()
    expect(two.read(server, buffer)).toBe(0)
  })
})

describe('system calls', () => {
  test('[bind(2), connect(2)] EAFNOSUPPORT; AF_UNSPEC is any address to bind, and no peer to connect', () => {
    const { one, client, two, server, settle } = connection()
    const fd = one.socket(AF_INET, SOCK_STREAM, 0)
    expect(named(one.bind(fd, A, 1, 10))).toBe('EAFNOSUPPORT')
    expect(named(one.bind(fd, A, 1, AF_UNSPEC))).toBe('EAFNOSUPPORT')
    expect(one.bind(fd, 0, 1, AF_UNSPEC)).toBe(0)
    expect(named(one.connect(fd, B, 1, 10))).toBe('EAFNOSUPPORT')
    expect(one.connect(client, 0, 0, AF_UNSPEC)).toBe(0)
    settle()
    expect(named(two.read(server, new Uint8Array(1)))).toBe('ECONNRESET')
  })

  test('[listen(2), accept(2)] EOPNOTSUPP of a datagram socket', () => {
    const { one } = processes()
    const fd = one.socket(AF_INET, SOCK_DGRAM, 0)
    expect([one.listen(fd, 1), one.accept(fd)].map(named)).toEqual(['EOPNOTSUPP', 'EOPNOTSUPP'])
  })

  test('[accept(2), getpeername(2)] names', () => {
    const { one, two, client, server, from } = connection()
    const [mine, theirs] = [new SocketAddress(), new SocketAddress()]
    one.getsockname(client, mine)
    two.getpeername(server, theirs)
    expect(theirs).toEqual(mine)
    expect(from).toEqual(mine)
    one.getpeername(client, theirs)
    expect([theirs.address, theirs.port]).toEqual([B, PORT])
  })

  test('[read(2), write(2)] nothing is read for no bytes, whatever there is', () => {
    const { one, two, client, server, settle } = connection()
    expect(two.read(server, new Uint8Array(0))).toBe(0)
    expect(named(two.recv(server, new Uint8Array(0)))).toBe('EAGAIN')
    expect(one.write(client, Buffer.from('abc'))).toBe(3)
    settle()
    const buffer = Buffer.alloc(5)
    expect(two.recv(server, buffer, Msg.Peek)).toBe(3)
    expect(two.read(server, buffer)).toBe(3)
    expect(buffer.toString()).toBe('abc\0\0')
  })

  test('[readv(2), sendmsg(2)] by descriptor', () => {
    const { one, two, client, server, settle } = connection()
    expect(one.writev(client, [Buffer.from('ab'), Buffer.from('c')])).toBe(3)
    expect(one.sendmsg(client, { buffers: [Buffer.from('d')], name: undefined, flags: 0 })).toBe(1)
    settle()
    const parts = [Buffer.alloc(1), Buffer.alloc(2)]
    expect(two.readv(server, parts)).toBe(3)
    expect(parts.map(String)).toEqual(['a', 'bc'])
    const message = { buffers: [Buffer.alloc(9)], name: undefined, flags: 0 }
    expect(two.recvmsg(server, message)).toBe(1)
  })

  test('[getsockopt(2)] values as bytes', () => {
    const { one, client } = connection()
    expect(one.setsockopt(client, Level.Tcp, TcpOption.NoDelay, ints(1))).toBe(0)
    const out = new Uint8Array(4)
    expect(one.getsockopt(client, Level.Tcp, TcpOption.NoDelay, out)).toBe(4)
    expect([...out]).toEqual([1, 0, 0, 0])
    expect(named(one.setsockopt(client, Level.Socket, SocketOption.KeepAlive, new Uint8Array(3)))).toBe(
      'EINVAL',
    )
  })

  test('[poll(2)] by descriptor: POLLNVAL, and a negative one is skipped', () => {
    const { one, client } = connection()
    const list = [client, 99, -1].map((fd) => ({ fd, events: Poll.Out, revents: 77 }))
    expect(one.poll(list)).toBe(2)
    expect(list.map(({ revents }) => revents)).toEqual([Poll.Out, Poll.Invalid, 0])
  })

  test('[epoll_ctl(2), epoll_wait(2)] by descriptor', () => {
    const { one, client } = connection()
    const epoll = one.epollCreate()
    const { Add, Modify, Delete } = EpollControl
    expect(named(one.epollCreate(1))).toBe('EINVAL')
    expect(named(one.epollControl(epoll, Add, 99, 0, 0n))).toBe('EBADF')
    expect(named(one.epollControl(99, Add, client, 0, 0n))).toBe('EBADF')
    expect(named(one.epollControl(client, Add, client, 0, 0n))).toBe('EINVAL')
    expect(named(one.epollControl(epoll, 9, client, 0, 0n))).toBe('EINVAL')
    expect(named(one.epollControl(epoll, Modify, client, 0, 0n))).toBe('ENOENT')
    expect(one.epollControl(epoll, Add, client, Poll.Out, 2n ** 63n)).toBe(0)
    expect(named(one.epollControl(epoll, Add, client, Poll.Out, 0n))).toBe('EEXIST')
    const out: EpollEvent[] = []
    expect(one.epollWait(epoll, out, 5)).toBe(1)
    expect(out).toEqual([{ events: Poll.Out, data: 2n ** 63n }])
    expect(one.epollControl(epoll, Modify, client, Poll.In, 1n)).toBe(0)
    expect(one.epollWait(epoll, out, 5)).toBe(0)
    expect(one.epollControl(epoll, Delete, client, 0, 0n)).toBe(0)
    expect(named(one.epollWait(client, out, 5))).toBe('EINVAL')
    expect(one.close(epoll)).toBe(0)
  })
})
