import { once } from 'node:events'
import { existsSync, linkSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { setImmediate as afterOthers } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { ask } from '../../src/cli/control-client.ts'
import { ControlServer, type ControlVerbs } from '../../src/daemon/control.ts'
import { REQUEST_LIMIT } from '../../src/daemon/control-protocol.ts'
import { temporaryFolder } from './temporary.ts'

const VERBS: ControlVerbs = new Map<string, (args: unknown) => unknown>([
  ['echo', (args) => args],
  ['later', (args) => new Promise((resolve) => setImmediate(() => setImmediate(resolve, args)))],
  ['nothing', () => undefined],
  ['big', () => 'x'.repeat(4 << 20)],
  ['text', (args) => pieces(args as string[])],
  ['endless', () => pieces(endless())],
  [
    'fail',
    () => {
      throw new Error('it is Monday')
    },
  ],
])

/** A text in pieces; `fail` is none. */
async function* pieces(all: Iterable<string>): AsyncGenerator<string> {
  try {
    for (const piece of all) {
      if (piece === 'fail') throw new Error('it is Tuesday')
      yield piece
      await afterOthers()
    }
  } finally {
    ended++
  }
}

function* endless(): Generator<string> {
  for (;;) yield 'and so on, '
}

/** How many texts have come to their end, or been left. */
let ended = 0

async function serving(path = join(temporaryFolder(), 'tun9.sock')): Promise<ControlServer> {
  const server = await ControlServer.listen(path, VERBS)
  onTestFinished(() => server.close())
  return server
}

/** Sends text, ends its side, and returns all that comes back. */
async function converse(path: string, text: string | Buffer): Promise<unknown[]> {
  const socket = connect({ path, allowHalfOpen: true })
  socket.end(text)
  let answer = ''
  for await (const piece of socket.setEncoding('utf8')) answer += piece
  return answer
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)
}

const client = async (path: string): Promise<Socket> => {
  const socket = connect(path).on('error', () => {})
  await once(socket, 'connect')
  return socket
}

test('a verb is asked and answers', async () => {
  const { path } = await serving()
  expect(await ask(path, 'echo', { a: [1, 'zwei'] })).toEqual({ a: [1, 'zwei'] })
  expect(await ask(path, 'later', 5)).toBe(5)
  expect(await ask(path, 'nothing', null)).toBeNull()
  expect(await ask(path, 'big', null)).toHaveLength(4 << 20)
})

test('what a verb throws and a verb that is not there are errors of the client', async () => {
  const { path } = await serving()
  await expect(ask(path, 'fail', null)).rejects.toThrow('it is Monday')
  await expect(ask(path, 'ecko', null)).rejects.toThrow("no verb 'ecko' (did you mean 'echo'?)")
})

test('a text comes in pieces, and is one answer', async () => {
  const { path } = await serving()
  expect(await ask(path, 'text', ['a\n"ä', '', '\\z'])).toBe('a\n"ä\\z')
  expect(await ask(path, 'text', [])).toBe('')
})

test('a text that fails is an error before it has begun, and broken off afterwards', async () => {
  const { path } = await serving()
  await expect(ask(path, 'text', ['fail'])).rejects.toThrow('it is Tuesday')
  await expect(ask(path, 'text', ['a', 'fail'])).rejects.toThrow('ended the conversation')
  expect(await ask(path, 'echo', 1)).toBe(1)
})

test('a text that nobody reads to its end is left', async () => {
  const { path } = await serving()
  const before = ended
  const rude = await client(path)
  rude.write('{"verb":"endless"}\n')
  await once(rude, 'data')
  rude.destroy()
  await expect.poll(() => ended).toBe(before + 1)
})

test('requests of one connection are answered in order, also after its half-close', async () => {
  const { path } = await serving()
  const answers = await converse(
    path,
    '{"verb":"later","args":1}\n\n{"verb":"echo","args":2}\n{"verb":"later","args":3}\n',
  )
  expect(answers).toEqual([1, 2, 3].map((result) => ({ ok: true, result })))
})

test.each(['nonsense', '[]', 'null', '"echo"', '{"verb":1}', '{"args":1}'])(
  '%s is no request',
  async (line) => {
    const { path } = await serving()
    const answers = await converse(path, `${line}\n{"verb":"echo","args":1}\n`)
    expect(answers).toEqual([
      { ok: false, error: expect.stringMatching(/^a request is /) },
      { ok: true, result: 1 },
    ])
  },
)

test('a request over the limit ends its connection, and no other', async () => {
  const { path } = await serving()
  const other = await client(path)
  const answers = await converse(path, Buffer.alloc(REQUEST_LIMIT + 1, 0x20))
  expect(answers).toEqual([{ ok: false, error: `a request has at most ${REQUEST_LIMIT} bytes` }])
  other.write('{"verb":"echo","args":"here"}\n')
  const [answer] = (await once(other, 'data')) as [Buffer]
  expect(JSON.parse(answer.toString())).toEqual({ ok: true, result: 'here' })
  other.destroy()
})

test('clients that break off or never read harm nobody', async () => {
  const { path } = await serving()
  const rude = await client(path)
  rude.write('{"verb":"big"}\n')
  rude.destroy()
  const deaf = await client(path)
  deaf.pause().write('{"verb":"big"}\n'.repeat(10))
  expect(await ask(path, 'echo', 1)).toBe(1)
  deaf.destroy()
  expect(await ask(path, 'echo', 2)).toBe(2)
})

test('who comes on top of 64 clients is turned away', async () => {
  const { path } = await serving()
  const clients: Socket[] = []
  for (let i = 0; i < 64; i++) clients.push(await client(path))
  expect(await ask(path, 'echo', 1).catch(() => 'refused')).toBe('refused')
  const [first] = clients
  first!.destroy()
  await once(first!, 'close')
  await expect.poll(() => ask(path, 'echo', 2).catch(() => 'refused')).toBe(2)
  for (const other of clients) other.destroy()
})

test('the socket is for its owner and group, and goes away with its folder', async () => {
  const path = join(temporaryFolder(), 'made', 'tun9.sock')
  const server = await ControlServer.listen(path, VERBS)
  expect(statSync(path).mode & 0o777).toBe(0o660)
  expect(server.owned).toEqual([path, dirname(path)])
  const waiting = await client(path)
  await server.close()
  if (!waiting.closed) await once(waiting, 'close')
  expect(existsSync(dirname(path))).toBe(false)
})

test('a folder that was there before stays, and stays whose it is', async () => {
  const folder = temporaryFolder()
  const server = await ControlServer.listen(join(folder, 'tun9.sock'), VERBS)
  expect(server.owned).toEqual([server.path])
  await server.close()
  expect(existsSync(folder)).toBe(true)
  expect(existsSync(server.path)).toBe(false)
})

test('the socket of a dead daemon is replaced', async () => {
  const path = join(temporaryFolder(), 'tun9.sock')
  await leaveStaleSocket(path)
  expect(existsSync(path)).toBe(true)
  await serving(path)
  expect(await ask(path, 'echo', 1)).toBe(1)
})

test('that of a live one is not', async () => {
  const { path } = await serving()
  await expect(ControlServer.listen(path, VERBS)).rejects.toMatchObject({
    code: 'EADDRINUSE',
    message: `another daemon answers on ${path}`,
  })
  expect(await ask(path, 'echo', 1)).toBe(1)
})

test('what is no socket is left alone', async () => {
  const path = join(temporaryFolder(), 'tun9.sock')
  writeFileSync(path, 'precious')
  await expect(ControlServer.listen(path, VERBS)).rejects.toThrow(`${path} exists and is not a socket`)
})

test('a folder that cannot be made is named', async () => {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, '')
  await expect(ControlServer.listen(join(path, 'x', 'tun9.sock'), VERBS)).rejects.toMatchObject({
    message: expect.stringContaining(`cannot make ${path}/x for the control socket`),
    hint: 'choose one with --control PATH',
  })
})

test('a client says whether no daemon is there, or none of ours', async () => {
  const folder = temporaryFolder()
  await expect(ask(join(folder, 'absent'), 'echo', 1)).rejects.toMatchObject({ code: 'ENODAEMON' })
  const stale = join(folder, 'stale')
  await leaveStaleSocket(stale)
  await expect(ask(stale, 'echo', 1)).rejects.toMatchObject({ code: 'ENODAEMON' })

  const other = createServer((socket) => socket.end('220 smtp\n')).listen(join(folder, 'other'))
  onTestFinished(() => void other.close())
  await expect(ask(join(folder, 'other'), 'echo', 1)).rejects.toMatchObject({ code: 'EPROTO' })
})

/** A bound socket file that nobody listens on, as after SIGKILL: the file is linked elsewhere while its server closes. */
async function leaveStaleSocket(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true })
  const server = createServer().listen(`${path}.live`)
  await once(server, 'listening')
  linkSync(`${path}.live`, path)
  server.close()
  await once(server, 'close')
}
