import { beforeEach, describe, expect, test } from 'vitest'
import { Op } from '../../src/conformance/bridge/frame.ts'
import { Errno } from '../../src/socket/errno.ts'
import { Flag } from '../../src/wire/tcp.ts'
import { type Client, sockaddr } from './client.ts'
import { listens, opens, PEER, PORT, receives, sends, site } from './site.ts'

const [AF_INET, AF_INET6, SOCK_STREAM, SOCK_DGRAM] = [2, 10, 1, 2]
const [SOL_SOCKET, IPPROTO_TCP] = [1, 6]

let client: Client

const int = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

/** A connection at descriptor 4; its initial sequence number. */
async function connected(): Promise<number> {
  client = await (await site()).hello()
  await listens(client)
  const iss = await opens(client)
  await client.ask(Op.Accept, [3, 4])
  return iss
}

describe('sockets', () => {
  beforeEach(async () => {
    client = await (await site()).hello()
  })

  test('have the number that the client chose', async () => {
    expect((await client.ask(Op.Socket, [AF_INET, SOCK_STREAM, 0, 17])).ret).toBe(17)
    expect((await client.ask(Op.Socket, [AF_INET6, SOCK_STREAM, 0, 18])).errno).toBe(Errno.EAFNOSUPPORT)
    expect((await client.ask(Op.Close, [17])).ret).toBe(0)
    expect((await client.ask(Op.Close, [17])).errno).toBe(Errno.EBADF)
  })

  test('an address that is too short, or of another family', async () => {
    await client.ask(Op.Socket, [AF_INET, SOCK_STREAM, 0, 3])
    for (const bytes of [Buffer.alloc(0), Buffer.from([2]), sockaddr(PEER, 1).subarray(0, 8)]) {
      expect((await client.ask(Op.Bind, [3], [bytes])).errno).toBe(Errno.EINVAL)
    }
    expect((await client.ask(Op.Connect, [3], [Buffer.alloc(28, 10)])).errno).toBe(Errno.EAFNOSUPPORT)
    expect((await client.ask(Op.Connect, [3], [Buffer.from([0, 0])])).ret).toBe(0)
  })

  test('datagrams tell where they came from', async () => {
    await client.ask(Op.Socket, [AF_INET, SOCK_DGRAM, 0, 3])
    await client.ask(Op.Bind, [3], [sockaddr('0.0.0.0', 53)])
    const sent = await client.ask(Op.Send, [3, 0], [Buffer.from('ask'), sockaddr('192.168.0.1', 53)])
    expect(sent.ret).toBe(3)
    const heard = await client.ask(Op.Recv, [3, 2, 0, 1])
    expect([heard.ret, String(heard.blobs[0])]).toEqual([2, 'as'])
    expect(heard.blobs[1]).toEqual(sockaddr('192.168.0.1', 53))
  })

  test('what is not here answers ENOSYS', async () => {
    for (const op of [Op.Pipe, Op.Splice, 33, 99]) {
      expect(await client.ask(op, [5, 6, 7, 8, 9, 10])).toMatchObject({ ret: -1, errno: Errno.ENOSYS })
    }
  })
})

describe('a connection', () => {
  test('sendmsg and recvmsg', async () => {
    const iss = await connected()
    const sent = await client.ask(
      Op.SendMessage,
      [4, 0],
      [Buffer.from('abc'), Buffer.alloc(0), Buffer.alloc(0)],
    )
    expect(sent.ret).toBe(3)
    expect((await receives(client))?.data).toBe('abc')
    await sends(client, { flags: Flag.Psh | Flag.Ack, seq: 1, ack: iss + 4, data: 'xyz' })
    const heard = await client.ask(Op.RecvMessage, [4, 10, 0, 0])
    expect([heard.ret, heard.ints, heard.blobs.map(String)]).toEqual([3, [0n], ['xyz', '', '']])
  })

  test('poll, for several descriptors', async () => {
    await connected()
    const { ret, ints } = await client.ask(Op.Poll, [0, 3, 3, 1, 4, 5, 9, 1])
    expect([ret, ints]).toEqual([2, [0n, 4n, 32n]])
  })

  test('epoll, with all 64 bits of what it is told', async () => {
    await connected()
    expect((await client.ask(Op.EpollCreate, [0, 5])).errno).toBe(Errno.EINVAL)
    expect((await client.ask(Op.EpollCreate, [1, 5])).ret).toBe(5)
    const data = 0xfedc_ba98_7654_3210n
    expect((await client.ask(Op.EpollControl, [5, 1, 4, 0x8000_0005, data])).ret).toBe(0)
    const { ret, ints } = await client.ask(Op.EpollWait, [5, 8, 0])
    expect([ret, ints]).toEqual([1, [4n, BigInt.asIntN(64, data)]])
    expect(await client.ask(Op.EpollWait, [5, 8, 10])).toMatchObject({ ret: 0, ints: [] })
  })

  test('epoll tells no more at once than an answer holds; the rest comes next', async () => {
    client = await (await site()).hello()
    await client.ask(Op.EpollCreate, [1, 3])
    for (let fd = 4; fd < 4 + 150; fd++) {
      await client.ask(Op.Socket, [AF_INET, SOCK_DGRAM, 0, fd])
      await client.ask(Op.EpollControl, [3, 1, fd, 4, fd])
    }
    const first = await client.ask(Op.EpollWait, [3, 200, 0])
    expect([first.ret, first.ints.length]).toEqual([126, 252])
    const next = await client.ask(Op.EpollWait, [3, 24, 0])
    const told = [...first.ints, ...next.ints].filter((_, i) => i % 2 === 1)
    expect(new Set(told).size).toBe(150)
    expect((await client.ask(Op.EpollWait, [3, 0, 0])).errno).toBe(Errno.EINVAL)
  })

  test('ioctl tells a value', async () => {
    const iss = await connected()
    await sends(client, { flags: Flag.Psh | Flag.Ack, seq: 1, ack: iss + 1, data: 'xyz' })
    expect(await client.ask(Op.Ioctl, [4, 0x541b, 1])).toMatchObject({ ret: 0, ints: [3n] })
    expect(await client.ask(Op.Ioctl, [4, 0x1234, 1])).toMatchObject({ ret: -1, errno: Errno.ENOTTY })
  })

  test('shutdown', async () => {
    await connected()
    expect((await client.ask(Op.Shutdown, [4, 1])).ret).toBe(0)
    expect((await receives(client))?.segment.flags).toBe(Flag.Fin | Flag.Ack)
  })

  test('options, as bytes', async () => {
    await connected()
    expect((await client.ask(Op.SetOption, [4, IPPROTO_TCP, 1], [int(1)])).ret).toBe(0)
    const { ret, blobs } = await client.ask(Op.GetOption, [4, IPPROTO_TCP, 1, 4])
    expect([ret, blobs]).toEqual([0, [int(1)]])
    expect((await client.ask(Op.SetOption, [4, IPPROTO_TCP, 1], [Buffer.alloc(1)])).errno).toBe(Errno.EINVAL)
    expect((await client.ask(Op.GetOption, [4, IPPROTO_TCP, 999, 4])).errno).toBe(Errno.ENOPROTOOPT)
    expect((await client.ask(Op.GetOption, [4, IPPROTO_TCP, 1, -1])).errno).toBe(Errno.EINVAL)
  })

  test('TCP_INFO has as many bytes as were asked for, SO_MEMINFO nine words', async () => {
    await connected()
    const info = (await client.ask(Op.GetOption, [4, IPPROTO_TCP, 11, 500])).blobs[0]!
    expect(info).toHaveLength(500)
    expect(info[0]).toBe(1) // ESTABLISHED
    expect(info.subarray(400).every((byte) => byte === 0)).toBe(true)
    expect((await client.ask(Op.GetOption, [4, SOL_SOCKET, 55, 100])).blobs[0]).toHaveLength(36)
    expect((await client.ask(Op.GetOption, [4, IPPROTO_TCP, 26, 100])).ret).toBe(0)
  })

  test('close with SO_LINGER returns when all is acknowledged', async () => {
    const iss = await connected()
    await client.ask(Op.SetOption, [4, SOL_SOCKET, 13], [Buffer.concat([int(1), int(60)])])
    const closing = client.askBeside(Op.Close, [4])
    await sends(client, { flags: Flag.Ack, seq: 1, ack: iss + 1 })
    expect(client.answers.some(({ op }) => op === Op.Close)).toBe(false)
    await sends(client, { flags: Flag.Ack, seq: 1, ack: iss + 2 })
    expect((await closing).ret).toBe(0)
  })

  test('a packet longer than any is refused', async () => {
    await connected()
    expect((await client.ask(Op.NetdevSend, [], [Buffer.alloc(70_000, 0x45)])).errno).toBe(Errno.EMSGSIZE)
    expect((await client.ask(Op.NetdevSend, [], [Buffer.alloc(0)])).ret).toBe(0)
    expect((await client.ask(Op.Shutdown, [4, PORT])).errno).toBe(Errno.EINVAL)
  })
})
