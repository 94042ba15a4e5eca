import { describe, expect, test } from 'vitest'
import { Op } from '../../src/conformance/bridge/frame.ts'
import { Errno } from '../../src/socket/errno.ts'
import { Flag } from '../../src/wire/tcp.ts'
import { sockaddr } from './client.ts'
import { listens, opens, PEER, PORT, receives, STACK, sends, site } from './site.ts'

const { Syn, Ack, Psh, Fin } = Flag
const SECOND = 1e6

describe('a script’s life', () => {
  test('a passive open, data both ways, and the end', async () => {
    const client = await (await site()).hello()
    await listens(client)
    const iss = await opens(client)
    const accepted = await client.ask(Op.Accept, [3, 4])
    expect(accepted.ret).toBe(4)
    expect(accepted.blobs).toEqual([sockaddr(PEER, 5000)])
    expect((await client.ask(Op.Write, [4], [Buffer.from('hello')])).ret).toBe(5)
    expect((await receives(client))?.data).toBe('hello')
    await sends(client, { flags: Psh | Ack, seq: 1, ack: iss + 6, data: 'world' })
    const read = await client.ask(Op.Read, [4, 100])
    expect([read.ret, String(read.blobs[0])]).toEqual([5, 'world'])
    expect((await receives(client))?.segment.flags).toBe(Ack)
    expect((await client.ask(Op.Close, [4])).ret).toBe(0)
    expect((await receives(client))?.segment.flags).toBe(Fin | Ack)
    expect((await client.ask(Op.Bye)).ret).toBe(0)
  })

  test('an active open, from the address that HELLO named', async () => {
    const client = await (await site()).hello()
    await client.ask(Op.Socket, [2, 1, 6, 3])
    const connecting = client.ask(Op.Connect, [3], [sockaddr(PEER, PORT)])
    expect(await connecting).toMatchObject({ ret: -1, errno: Errno.EAGAIN }) // nobody answers for a second
    const syn = await client.ask(Op.NetdevReceive, [2048, SECOND])
    expect(syn.blobs[0]!.subarray(12, 20)).toEqual(Buffer.from([192, 168, 0, 1, 192, 0, 2, 1]))
  })

  test('a fresh stack for every HELLO', async () => {
    const client = await (await site()).hello()
    await listens(client)
    await sends(client, { flags: Syn })
    expect((await receives(client))?.segment.flags).toBe(Syn | Ack)
    await client.hello()
    await sends(client, { flags: Syn })
    expect((await receives(client))?.segment.flags).toBe(Flag.Rst | Ack)
    expect((await client.ask(Op.Listen, [3, 1])).errno).toBe(Errno.EBADF)
  })

  test('clients do not share anything', async () => {
    const { hello } = await site()
    const [one, other] = [await hello(), await hello()]
    await listens(one)
    await listens(other)
    await one.ask(Op.Advance, [5 * SECOND])
    const [a, b] = [await one.ask(Op.Advance, [0]), await other.ask(Op.Advance, [0])]
    expect(a.now - b.now).toBe(5 * SECOND)
  })
})

describe('the clock', () => {
  test('moves only when the client waits', async () => {
    const client = await (await site()).hello()
    const { now } = await client.ask(Op.Advance, [0])
    expect(now).toBeGreaterThan(0)
    await listens(client)
    expect((await sends(client, { flags: Syn })).now).toBe(now)
    expect((await client.ask(Op.Advance, [123])).now).toBe(now + 123)
  })

  test('a packet tells when it was sent, however late it is fetched', async () => {
    const client = await (await site()).hello()
    await listens(client)
    const { now } = await sends(client, { flags: Syn })
    await client.ask(Op.Advance, [4 * SECOND])
    const times: number[] = []
    for (let i = 0; i < 3; i++) times.push((await receives(client))!.time - now)
    expect(times).toEqual([0, SECOND, 3 * SECOND])
  })

  test('waiting for a packet runs it to the packet, or to the end of patience', async () => {
    const client = await (await site()).hello()
    await listens(client)
    await sends(client, { flags: Syn })
    const first = await receives(client)
    expect((await receives(client, 10 * SECOND))!.time - first!.time).toBe(SECOND)
    expect(await receives(client, SECOND)).toBeUndefined()
    expect((await client.ask(Op.Advance, [0])).now - first!.time).toBe(2 * SECOND)
  })
})

describe('calls that block', () => {
  test('of another thread: answered when they end, before the request that let them', async () => {
    const client = await (await site()).hello()
    await listens(client)
    const accepting = client.askBeside(Op.Accept, [3, 4])
    await sends(client, { flags: Syn })
    const syn = await receives(client)
    const { id } = await sends(client, { flags: Ack, seq: 1, ack: (syn!.segment.seq + 1) | 0 })
    const { ret, id: acceptId } = await accepting
    expect(ret).toBe(4)
    const ids = client.answers.map((answer) => answer.id)
    expect(ids.indexOf(acceptId)).toBe(ids.indexOf(id) - 1)
  })

  test('of another thread: with the time at which they ended, and the clock stands still for them', async () => {
    const client = await (await site()).hello()
    await listens(client)
    await opens(client)
    const { now } = await client.ask(Op.Accept, [3, 4])
    const polling = client.askBeside(Op.Poll, [1500, 1, 4, 1])
    const reading = client.askBeside(Op.Recv, [4, 10, 0, 0])
    expect((await client.ask(Op.Fcntl, [4, 3, 0])).now).toBe(now)
    await client.ask(Op.Advance, [2 * SECOND])
    expect(await polling).toMatchObject({ ret: 0, ints: [0n], now: now + 1.5 * SECOND })
    await sends(client, { flags: Psh | Ack, seq: 1, ack: 1, data: 'x' }) // unacceptable
    expect(client.answers.some(({ op }) => op === Op.Recv)).toBe(false)
    await client.ask(Op.Close, [4])
    expect(await reading).toMatchObject({ ret: -1, errno: Errno.EBADF })
  })

  test('of the main thread: the clock runs until they end', async () => {
    const client = await (await site()).hello()
    await listens(client)
    await opens(client)
    const { now } = await client.ask(Op.Accept, [3, 4])
    expect(await client.ask(Op.Poll, [250, 1, 4, 1])).toMatchObject({ ret: 0, now: now + 250_000 })
  })

  test('of the main thread: or for as long as HELLO allows, and fail with EAGAIN', async () => {
    const client = await (await site()).hello(undefined, 3 * SECOND)
    await listens(client)
    const { now } = await client.ask(Op.Advance, [0])
    expect(await client.ask(Op.Accept, [3, 4])).toMatchObject({
      ret: -1,
      errno: Errno.EAGAIN,
      now: now + 3 * SECOND,
    })
  })

  test('not with O_NONBLOCK, nor with MSG_DONTWAIT', async () => {
    const client = await (await site()).hello()
    await listens(client)
    await opens(client)
    const { now } = await client.ask(Op.Accept, [3, 4])
    const again = { ret: -1, errno: Errno.EAGAIN, now }
    expect(await client.ask(Op.Recv, [4, 10, 0x40, 0])).toMatchObject(again)
    expect((await client.ask(Op.Fcntl, [3, 4, 0x800])).ret).toBe(0)
    expect((await client.ask(Op.Fcntl, [3, 3, 0])).ret).toBe(0x802)
    expect(await client.ask(Op.Accept, [3, 5])).toMatchObject(again)
  })
})

describe('commands', () => {
  const command = (...words: string[]): [number, number[], Buffer[]] => [
    Op.Command,
    [],
    words.map((word) => Buffer.from(word)),
  ]

  test('are done to the newest stack, by whoever asks', async () => {
    const { hello, connect } = await site()
    await hello()
    const client = await hello()
    const helper = await connect()
    const { ret, blobs } = await helper.ask(
      ...command('/usr/sbin/sysctl', '-q', 'net.ipv4.tcp_syn_retries=3'),
    )
    expect([ret, ...blobs.map(String)]).toEqual([0, '', ''])
    expect(String((await helper.ask(...command('sysctl', 'net.ipv4.tcp_syn_retries'))).blobs[0])).toContain(
      '3',
    )
    await listens(client)
    await sends(client, { flags: Syn })
    expect(String((await helper.ask(...command('nstat'))).blobs[0])).toMatch(/InSegs +1 /)
  })

  test('that fail, or that nobody knows, say why', async () => {
    const { hello, connect } = await site()
    const helper = await connect()
    expect(await helper.ask(...command('nstat'))).toMatchObject({ ret: 1 })
    await hello()
    const wrong = await helper.ask(...command('sysctl', 'net.ipv4.tcp_fin_timeout=soon'))
    expect([wrong.ret, String(wrong.blobs[0])]).toEqual([1, ''])
    expect(String(wrong.blobs[1])).toContain('tcp_fin_timeout')
    const unknown = await helper.ask(...command('rm', '-rf', '/'))
    expect([unknown.ret, ...unknown.blobs.map(String)]).toEqual([127, '', 'rm: command not found\n'])
  })
})

describe('HELLO', () => {
  test('says which profile, and how large packets may be; the first of equal keys counts', async () => {
    const { hello } = await site()
    const client = await hello(`local=${STACK},remote=${PEER},mtu=576,profile=freebsd,mtu=1500`)
    await listens(client)
    await sends(client, { flags: Syn })
    const { segment } = (await receives(client))!
    expect(segment.mss).toBe(536)
    expect(segment.window).toBe(65_535)
  })

  test('flags without a value are the client’s own, whatever their names', async () => {
    const { connect, logged } = await site()
    const client = await connect()
    expect(await client.hello(`profiles,mtus,local=${STACK},remote=${PEER}`)).toMatchObject({ ret: 0 })
    expect(logged).toEqual([])
  })

  test('has the bridge’s profile when it names none', async () => {
    const { hello } = await site('freebsd')
    const client = await hello()
    await client.ask(Op.Socket, [2, 1, 6, 3])
    const { blobs } = await client.ask(Op.GetOption, [3, 1, 8, 4])
    expect(blobs[0]!.readInt32LE()).toBe(65_536)
  })

  test.each([
    ['another version', [2, 0, 1], ''],
    ['the real clock', [1, 1, 1], ''],
    ['an address that is none', [1, 0, 1], 'local=fe80::1'],
    ['a profile that is none', [1, 0, 1], 'profile=plan9'],
    ['an MTU out of range', [1, 0, 1], 'mtu=12'],
  ])('with %s is refused', async (_what, ints, flags) => {
    const { connect, logged } = await site()
    const client = await connect()
    expect(await client.ask(Op.Hello, ints, [Buffer.from(flags)])).toMatchObject({
      ret: -1,
      errno: Errno.EINVAL,
    })
    expect(logged).toHaveLength(1)
    void client.ask(Op.Advance, [1])
    await client.ended()
  })
})
