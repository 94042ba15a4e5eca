import { describe, expect, test } from 'vitest'
import { MILLISECOND } from '../../src/base/time.ts'
import { Ioctl, IpOption, Level, Msg, Poll, Shutdown, SocketOption } from '../../src/socket/constants.ts'
import type { DatagramSocket } from '../../src/socket/datagram-socket.ts'
import { Epoll } from '../../src/socket/epoll.ts'
import { recvmsg, sendmsg } from '../../src/socket/message.ts'
import { SocketAddress } from '../../src/socket/socket.ts'
import { A, B } from '../support/sim-world.ts'
import { errorOf, hosts, ints, named } from './connections.ts'

function open() {
  const { world, a, b } = hosts({ delay: MILLISECOND })
  const [one, two] = [a.sockets.datagram(), b.sockets.datagram()]
  two.bind(0, 53)
  return { world, a, b, one, two, settle: () => world.runFor(10 * MILLISECOND) }
}

const bytes = (text: string) => Buffer.from(text, 'latin1')
const sendTo = (socket: DatagramSocket, text: string, address = B, port = 53, flags = 0) =>
  named(socket.sendTo(bytes(text), 0, text.length, address, port, flags))

function hear(socket: DatagramSocket, length = 100, flags = 0): string {
  const buffer = Buffer.alloc(length)
  const count = socket.recv(buffer, 0, length, flags)
  return count < 0 ? String(named(count)) : buffer.toString('latin1', 0, Math.min(count, length))
}

describe('a datagram socket', () => {
  test('[udp(7)] is writable; readable with a datagram; in error after a refusal', () => {
    const { one, two, settle } = open()
    expect(one.poll()).toBe(Poll.Out | Poll.WriteNormal | Poll.WriteBand)
    one.connect(B, 54)
    one.send(bytes('x'), 0, 1)
    sendTo(one, 'hello', B, 53)
    settle()
    expect(two.poll() & (Poll.In | Poll.ReadNormal)).toBe(Poll.In | Poll.ReadNormal)
    expect(one.poll() & Poll.Err).toBe(Poll.Err)
    expect([hear(one), hear(one)]).toEqual(['ECONNREFUSED', 'EAGAIN'])
    one.send(bytes('x'), 0, 1)
    settle()
    expect([errorOf(one), errorOf(one)]).toEqual(['ECONNREFUSED', 0])
  })

  test('[recv(2)] one datagram a call; the rest is cut off, and told with MSG_TRUNC', () => {
    const { one, two, settle } = open()
    for (const text of ['hello', '', 'world']) expect(sendTo(one, text)).toBe(text.length)
    settle()
    expect(two.ioctl(Ioctl.InQueue)).toBe(5)
    expect(two.recv(Buffer.alloc(2), 0, 2, Msg.Peek | Msg.Trunc)).toBe(5)
    expect([hear(two, 2), hear(two), hear(two), hear(two)]).toEqual(['he', '', 'world', 'EAGAIN'])
  })

  test('[recvmsg(2), sendmsg(2)] buffers, names, and MSG_TRUNC in the flags', () => {
    const { one, two, settle } = open()
    one.bind(A, 1000)
    const name = Object.assign(new SocketAddress(), { address: B, port: 53 })
    expect(sendmsg(one, { buffers: [bytes('ab'), bytes('cde')], name, flags: 0 })).toBe(5)
    settle()
    const short = {
      buffers: [Buffer.alloc(1), Buffer.alloc(2)],
      name: undefined as SocketAddress | undefined,
      flags: 0,
    }
    expect(recvmsg(two, short, Msg.Peek | Msg.Trunc)).toBe(5)
    expect(recvmsg(two, short)).toBe(3)
    expect([short.flags, short.name?.address, short.name?.port]).toEqual([Msg.Trunc, A, 1000])
    expect(short.buffers.map(String)).toEqual(['a', 'bc'])
    const empty = { buffers: [bytes('x')], name: undefined, flags: 0 }
    expect(named(sendmsg(one, empty))).toBe('EDESTADDRREQ')
  })

  test('[send(2)] EDESTADDRREQ, EINVAL, EMSGSIZE, EOPNOTSUPP, EPIPE', () => {
    const { one } = open()
    expect(named(one.send(bytes('x'), 0, 1))).toBe('EDESTADDRREQ')
    expect(sendTo(one, 'x', B, 0)).toBe('EINVAL')
    expect(sendTo(one, 'x', B, 53, Msg.Oob)).toBe('EOPNOTSUPP')
    expect(hear(one, 1, Msg.Oob)).toBe('EOPNOTSUPP')
    expect(hear(one, 1, Msg.ErrorQueue)).toBe('EAGAIN')
    expect(sendTo(one, 'x'.repeat(65_508))).toBe('EMSGSIZE')
    one.connect(B, 53)
    expect(one.shutdown(Shutdown.Write)).toBe(0)
    expect(named(one.send(bytes('x'), 0, 1))).toBe('EPIPE')
  })

  test('[udp(7)] MSG_MORE: one datagram of several calls', () => {
    const { one, two, settle } = open()
    one.connect(B, 53)
    for (const [text, flags] of [
      ['a', Msg.More],
      ['bc', Msg.More],
      ['d', 0],
      ['e', 0],
    ] as const)
      expect(one.send(bytes(text), 0, text.length, flags)).toBe(text.length)
    settle()
    expect([hear(two), hear(two), hear(two)]).toEqual(['abcd', 'e', 'EAGAIN'])
  })

  test('[socket(7)] EACCES for broadcast without SO_BROADCAST', () => {
    const { one } = open()
    const everybody = 0x0a0900ff
    expect(sendTo(one, 'x', everybody)).toBe('EACCES')
    expect(named(one.connect(everybody, 53))).toBe('EACCES')
    one.setsockopt(Level.Socket, SocketOption.Broadcast, ints(1))
    expect(sendTo(one, 'x', everybody)).toBe(1)
  })

  test('[connect(2)] a peer, and none again', () => {
    const { one, two, settle } = open()
    const name = new SocketAddress()
    expect(named(one.getpeername(name))).toBe('ENOTCONN')
    one.connect(B, 53)
    one.getpeername(name)
    expect([name.address, name.port]).toEqual([B, 53])
    one.getsockname(name)
    expect(name.address).toBe(A)
    const port = name.port
    expect(one.disconnect()).toBe(0)
    expect(named(one.send(bytes('x'), 0, 1))).toBe('EDESTADDRREQ')
    sendTo(two, 'hi', A, port)
    settle()
    expect(hear(one)).toBe('hi')
  })

  test('[shutdown(2)] ENOTCONN without a peer, and has an effect nevertheless', () => {
    const { one } = open()
    expect(named(one.shutdown(Shutdown.Read))).toBe('ENOTCONN')
    expect(one.poll() & (Poll.In | Poll.ReadHup | Poll.Hup)).toBe(Poll.In | Poll.ReadHup)
    expect(hear(one)).toBe('EAGAIN')
    one.shutdown(Shutdown.Write)
    expect(one.poll() & Poll.Hup).toBe(Poll.Hup)
    expect(named(one.shutdown(3))).toBe('EINVAL')
  })

  test('[bind(2)] EADDRINUSE, EADDRNOTAVAIL, EINVAL; SO_REUSEADDR shares', () => {
    const { b, two } = open()
    const other = b.sockets.datagram()
    expect(named(other.bind(0, 53))).toBe('EADDRINUSE')
    expect(named(other.bind(0x01020304, 53))).toBe('EADDRNOTAVAIL')
    expect(named(two.bind(0, 54))).toBe('EINVAL')
    for (const socket of [two, other]) socket.setsockopt(Level.Socket, SocketOption.ReuseAddress, 1)
    expect(other.bind(0, 53)).toBe(0)
  })

  test('[setsockopt(2), ip(7)] options', () => {
    const { one } = open()
    const told = (level: number, option: number) => {
      const out = new Uint8Array(4)
      const length = one.getsockoptInto(level, option, out)
      return length < 0 ? named(length) : new Int32Array(out.buffer)[0]
    }
    expect(told(Level.Socket, SocketOption.Type)).toBe(2)
    expect(told(Level.Socket, SocketOption.Protocol)).toBe(17)
    expect(told(Level.Ip, IpOption.TimeToLive)).toBe(64)
    expect(told(Level.Ip, IpOption.Mtu)).toBe('ENOTCONN')
    expect(told(Level.Tcp, 1)).toBe('ENOPROTOOPT')
    expect(named(one.setsockopt(Level.Tcp, 1, ints(1)))).toBe('ENOPROTOOPT')
    expect(named(one.setsockopt(Level.Socket, SocketOption.Broadcast, new Uint8Array(2)))).toBe('EINVAL')
    expect(named(one.setsockopt(Level.Socket, SocketOption.ReceiveTimeout, ints(0, 0, -1, -1)))).toBe('EDOM')
    one.setsockopt(Level.Socket, SocketOption.ReceiveTimeout, ints(1, 0, 5, 0))
    expect(one.receiveTimeout).toBe(1_000_005)
    one.setsockopt(Level.Socket, SocketOption.ReceiveBuffer, 10_000_000)
    one.setsockopt(Level.Socket, SocketOption.SendBuffer, 1)
    expect([
      told(Level.Socket, SocketOption.ReceiveBuffer),
      told(Level.Socket, SocketOption.SendBuffer),
    ]).toEqual([425_984, 4608])
    one.setsockopt(Level.Ip, IpOption.TypeOfService, 0xff)
    expect(told(Level.Ip, IpOption.TypeOfService)).toBe(0xff)
    one.connect(B, 53)
    expect(told(Level.Ip, IpOption.Mtu)).toBe(1500)
  })

  test('[ip(7)] IP_MTU_DISCOVER: EMSGSIZE with DF always, fragments without', () => {
    const { one, two, b, settle } = open()
    one.connect(B, 53)
    const seen: boolean[] = []
    const deliver = b.stack.deliver.bind(b.stack)
    b.stack.deliver = (packet, now) => {
      seen.push(packet.header.dontFragment)
      deliver(packet, now)
    }
    const large = 'x'.repeat(2000)
    const send = (text: string) => named(one.send(bytes(text), 0, text.length))
    one.setsockopt(Level.Ip, IpOption.MtuDiscover, 2)
    expect([send('x'), send(large)]).toEqual([1, 'EMSGSIZE'])
    one.setsockopt(Level.Ip, IpOption.MtuDiscover, 0)
    expect([send('x'), send(large)]).toEqual([1, 2000])
    settle()
    expect(seen).toEqual([true, false, false])
    expect([hear(two), hear(two), hear(two, 3000)].map((text) => text.length)).toEqual([1, 1, 2000])
    expect(named(one.setsockopt(Level.Ip, IpOption.MtuDiscover, 7))).toBe('EINVAL')
  })

  test('[epoll(7)] edge-triggered: every datagram is news', () => {
    const { one, two, settle } = open()
    const epoll = new Epoll()
    epoll.add(1, two, Poll.In | -0x80000000, 1n)
    const counts = ['a', 'b'].map((text) => {
      sendTo(one, text)
      settle()
      return [epoll.wait([], 9), epoll.wait([], 9)]
    })
    expect(counts).toEqual([
      [1, 0],
      [1, 0],
    ])
  })

  test('[close(2)] EBADF the second time', () => {
    const { one } = open()
    expect([one.close(), one.close()].map(named)).toEqual([0, 'EBADF'])
  })
})
