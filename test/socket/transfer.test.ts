import { describe, expect, test } from 'vitest'
import { MILLISECOND, MINUTE, SECOND } from '../../src/base/time.ts'
import { Ioctl, Level, Msg, Shutdown, SocketOption, TcpOption } from '../../src/socket/constants.ts'
import { readv, recvmsg, sendmsg, writev } from '../../src/socket/message.ts'
import { bits, connected, hear, named, say } from './connections.ts'

describe('recv()', () => {
  test('[recv(2)] EAGAIN when there is nothing, of length 0 too; 0 bytes of what there is', () => {
    const { client, server, settle } = connected()
    expect([hear(server), hear(server, 0), hear(server, 1, Msg.DontWait)]).toEqual([
      'EAGAIN',
      'EAGAIN',
      'EAGAIN',
    ])
    say(client, 'x')
    settle()
    expect([hear(server, 0), hear(server, 5)]).toEqual(['', 'x'])
  })

  test('[recv(2)] MSG_PEEK leaves what it shows', () => {
    const { client, server, settle } = connected()
    say(client, 'hello')
    settle()
    expect([hear(server, 3, Msg.Peek), hear(server, 9, Msg.Peek), hear(server), hear(server)]).toEqual([
      'hel',
      'hello',
      'hello',
      'EAGAIN',
    ])
  })

  test('[tcp(7)] MSG_TRUNC throws bytes away; with MSG_PEEK it only counts', () => {
    const { client, server, settle } = connected()
    say(client, 'hello')
    settle()
    const untouched = Buffer.from('----')
    expect(server.recv(untouched, 0, 3, Msg.Trunc | Msg.Peek)).toBe(3)
    expect(server.recv(untouched, 0, 3, Msg.Trunc)).toBe(3)
    expect(untouched.toString()).toBe('----')
    expect(hear(server)).toBe('lo')
  })

  test('[recv(2)] MSG_WAITALL on a socket that does not block gives what there is', () => {
    const { client, server, settle } = connected()
    say(client, 'abc')
    settle()
    expect(hear(server, 10, Msg.WaitAll)).toBe('abc')
  })

  test('[recvmsg(2)] MSG_ERRQUEUE is empty', () => {
    const { server } = connected()
    expect(hear(server, 1, Msg.ErrorQueue)).toBe('EAGAIN')
  })
})

describe('send()', () => {
  test('[send(2)] takes what the buffer holds; then EAGAIN, until a third of it is free', () => {
    const { world, client, server, settle } = connected()
    client.setsockopt(Level.Socket, SocketOption.SendBuffer, 10_000)
    server.setsockopt(Level.Socket, SocketOption.ReceiveBuffer, 1)
    const bytes = Buffer.alloc(500_000)
    for (let count = 1; count > 0; settle()) count = client.send(bytes, 0, bytes.length)
    expect(named(client.send(bytes, 0, 1))).toBe('EAGAIN')
    expect(bits(client.poll())).toBe('')
    // A piece of half the peer's window that was begun has been filled.
    expect(client.ioctl(Ioctl.OutQueue)).toBeGreaterThanOrEqual(20_000)
    expect(client.ioctl(Ioctl.OutQueue)).toBeLessThan(20_000 + 32_768)
    for (let read = 1; read > 0; world.runFor(SECOND)) read = server.recv(bytes, 0, bytes.length)
    expect(bits(client.poll())).toBe('OUT')
  })

  test('[tcp(7)] MSG_MORE holds a short segment back until the next send, or 200 ms', () => {
    const { world, client, server } = connected()
    say(client, 'a', Msg.More)
    say(client, 'b', Msg.More)
    world.runFor(100 * MILLISECOND)
    expect(hear(server)).toBe('EAGAIN')
    say(client, 'c')
    world.runFor(10 * MILLISECOND)
    expect(hear(server)).toBe('abc')
    say(client, 'd', Msg.More)
    world.runFor(SECOND)
    expect(hear(server)).toBe('d')
  })

  test('[tcp(7)] TCP_CORK likewise, and TCP_NODELAY does not wait', () => {
    const { world, client, server } = connected()
    client.setsockopt(Level.Tcp, TcpOption.Cork, 1)
    say(client, 'a')
    world.runFor(100 * MILLISECOND)
    expect(hear(server)).toBe('EAGAIN')
    client.setsockopt(Level.Tcp, TcpOption.Cork, 0)
    world.runFor(10 * MILLISECOND)
    expect(hear(server)).toBe('a')
    client.setsockopt(Level.Tcp, TcpOption.NoDelay, 1)
    for (const letter of 'bcd') {
      say(client, letter)
      world.runFor(2 * MILLISECOND)
    }
    expect(hear(server)).toBe('bcd')
  })

  test('[tcp(7)] MSG_FASTOPEN is EOPNOTSUPP: it is not enabled', () => {
    const { a } = connected()
    expect(named(say(a.sockets.stream(), 'x', Msg.FastOpen))).toBe('EOPNOTSUPP')
  })
})

describe('messages', () => {
  const text = (buffer: Uint8Array) => Buffer.from(buffer).toString('latin1')
  const bytes = (string: string) => Buffer.from(string, 'latin1')
  const message = (buffers: Uint8Array[]) => ({ buffers, name: undefined, flags: -1 })

  test('[sendmsg(2), writev(2)] buffers go out as one, empty ones too', () => {
    const { client, server, settle } = connected()
    expect(sendmsg(client, message([bytes(''), bytes('ab'), bytes(''), bytes('c')]))).toBe(3)
    expect(writev(client, [bytes('d'), bytes('ef')])).toBe(3)
    expect(sendmsg(client, message([bytes(''), bytes('')]))).toBe(0)
    expect(sendmsg(client, message([]))).toBe(0)
    settle()
    expect(hear(server)).toBe('abcdef')
  })

  test('[recvmsg(2), readv(2)] fill the buffers in order; a stream tells no name', () => {
    const { client, server, settle } = connected()
    say(client, 'abcdefgh')
    settle()
    const three = [Buffer.from('..'), Buffer.from(''), Buffer.from('...')]
    const received = message(three)
    expect(recvmsg(server, received, Msg.Peek)).toBe(5)
    expect(three.map(text)).toEqual(['ab', '', 'cde'])
    expect([received.flags, received.name]).toEqual([0, undefined])
    const more = [Buffer.from('......'), Buffer.from('......')]
    expect(readv(server, more)).toBe(8)
    expect(more.map(text)).toEqual(['abcdef', 'gh....'])
    expect(readv(server, [])).toBe(0)
    expect(named(readv(server, more))).toBe('EAGAIN')
  })

  test('[readv(2), sendmsg(2)] more than 1024 buffers: EINVAL and EMSGSIZE', () => {
    const { client } = connected()
    const many = Array.from({ length: 1025 }, () => Buffer.from('x'))
    expect([writev(client, many), readv(client, many)].map(named)).toEqual(['EINVAL', 'EINVAL'])
    expect([sendmsg(client, message(many)), recvmsg(client, message(many))].map(named)).toEqual([
      'EMSGSIZE',
      'EMSGSIZE',
    ])
    expect(writev(client, many.slice(1))).toBe(1024)
  })
})

describe('urgent data', () => {
  /** The mark, what SIOCINQ says, and poll. */
  const look = (socket: Parameters<typeof hear>[0]) => [
    socket.ioctl(Ioctl.AtMark),
    socket.ioctl(Ioctl.InQueue),
    bits(socket.poll()),
  ]

  // The values of this table are Linux 6.18's over its loopback.
  test('[tcp(7), sockatmark(3)] reading stops before the urgent octet, which is read with MSG_OOB, once', () => {
    const { client, server, settle } = connected()
    say(client, 'ab')
    expect(say(client, 'c', Msg.Oob)).toBe(1)
    say(client, 'd')
    settle()
    expect(look(server)).toEqual([0, 2, 'IN PRI OUT'])
    expect(hear(server)).toBe('ab')
    expect(look(server)).toEqual([1, 0, 'IN PRI OUT'])
    expect(hear(server, 1, Msg.Oob | Msg.Peek)).toBe('c')
    expect(hear(server, 1, Msg.Oob)).toBe('c')
    expect(hear(server, 1, Msg.Oob)).toBe('EINVAL')
    expect(bits(server.poll())).toBe('IN OUT')
    expect([hear(server), hear(server), hear(server, 1, Msg.Oob)]).toEqual(['d', 'EAGAIN', 'EINVAL'])
  })

  test('[tcp(7)] reading on loses it', () => {
    const { client, server, settle } = connected()
    say(client, 'e', Msg.Oob)
    settle()
    expect(look(server)).toEqual([1, 0, 'PRI OUT'])
    expect([hear(server), hear(server, 1, Msg.Oob)]).toEqual(['EAGAIN', 'EINVAL'])
    expect(bits(server.poll())).toBe('OUT')
  })

  test('[tcp(7)] one that was taken stays the mark until it is passed, or another comes', () => {
    const { client, server, settle } = connected()
    say(client, 'f', Msg.Oob)
    settle()
    expect(hear(server, 1, Msg.Oob)).toBe('f')
    expect(look(server)).toEqual([1, 0, 'OUT'])
    say(client, 'g', Msg.Oob)
    settle()
    expect(look(server)).toEqual([1, 0, 'PRI OUT'])
    expect([hear(server, 1, Msg.Oob), hear(server)]).toEqual(['g', 'EAGAIN'])
  })

  test('[tcp(7)] an earlier one that is not the next is data like any other', () => {
    const { client, server, settle } = connected()
    say(client, 'a')
    say(client, 'b', Msg.Oob)
    settle()
    say(client, 'c', Msg.Oob)
    settle()
    expect([hear(server), hear(server, 1, Msg.Oob)]).toEqual(['ab', 'c'])
  })

  test('[socket(7)] SO_OOBINLINE: reading stops once at the mark, and MSG_OOB is EINVAL', () => {
    const { client, server, settle } = connected()
    server.setsockopt(Level.Socket, SocketOption.OobInline, 1)
    say(client, 'hi', Msg.Oob)
    settle()
    expect(look(server)).toEqual([0, 2, 'IN PRI OUT'])
    expect([hear(server, 1, Msg.Oob), hear(server)]).toEqual(['EINVAL', 'h'])
    expect(look(server)).toEqual([1, 1, 'IN PRI OUT'])
    expect(hear(server)).toBe('i')
    expect(look(server)).toEqual([0, 0, 'OUT'])
  })

  test('[recv(2)] MSG_OOB of length 0 takes it all the same, and recvmsg says MSG_TRUNC', () => {
    const { client, server, settle } = connected()
    say(client, 'j', Msg.Oob)
    settle()
    const message = { buffers: [Buffer.alloc(0)], name: undefined, flags: 0 }
    expect(recvmsg(server, message, Msg.Oob)).toBe(0)
    expect(message.flags).toBe(Msg.Oob | Msg.Trunc)
    expect(hear(server, 1, Msg.Oob)).toBe('EINVAL')
    say(client, 'k', Msg.Oob)
    settle()
    const full = { buffers: [Buffer.alloc(4)], name: undefined, flags: 0 }
    expect(recvmsg(server, full, Msg.Oob)).toBe(1)
    expect([full.flags, full.buffers[0]![0]]).toEqual([Msg.Oob, 'k'.charCodeAt(0)])
  })

  test('[RFC6093 §3.1] a mark whose octet has not come: MSG_OOB is EAGAIN', () => {
    const { world, client, server } = connected()
    world.links[0]!.forth.impairments.loss = 1
    say(client, 'x'.repeat(5000), Msg.Oob)
    world.runFor(MILLISECOND)
    world.links[0]!.forth.impairments.loss = 0
    // All of it is lost but what the retransmission brings first: the beginning, with the pointer to the end.
    world.runUntil(() => server.ioctl(Ioctl.InQueue) > 0, MINUTE)
    expect(hear(server, 1, Msg.Oob)).toBe('EAGAIN')
    world.runFor(MINUTE)
    expect(hear(server, 1, Msg.Oob)).toBe('x')
    expect(hear(server, 10_000).length).toBe(4999)
  })

  test('[tcp(7)] after the end of the connection it can still be read', () => {
    const { client, server, settle } = connected()
    say(client, 'z', Msg.Oob)
    client.close()
    settle()
    server.shutdown(Shutdown.Write)
    settle()
    expect(hear(server, 1, Msg.Oob)).toBe('z')
  })
})

describe('ioctl()', () => {
  test('[tcp(7)] SIOCINQ, SIOCOUTQ and SIOCOUTQNSD; a FIN counts as one to send', () => {
    const { world, client, server, settle } = connected()
    say(client, 'abc')
    expect([client.ioctl(Ioctl.OutQueue), client.ioctl(Ioctl.OutQueueUnsent)]).toEqual([3, 3])
    world.runFor(MILLISECOND)
    expect([client.ioctl(Ioctl.OutQueue), client.ioctl(Ioctl.OutQueueUnsent)]).toEqual([3, 0])
    settle()
    expect([client.ioctl(Ioctl.OutQueue), server.ioctl(Ioctl.InQueue)]).toEqual([0, 3])
    client.shutdown(Shutdown.Write)
    expect([client.ioctl(Ioctl.OutQueue), client.ioctl(Ioctl.OutQueueUnsent)]).toEqual([1, 1])
    world.runFor(100 * MILLISECOND)
    expect([client.ioctl(Ioctl.OutQueue), server.ioctl(Ioctl.InQueue)]).toEqual([0, 3])
    expect(named(client.ioctl(0x1234))).toBe('ENOTTY')
  })
})
