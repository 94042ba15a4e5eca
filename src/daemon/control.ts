import { mkdirSync, rmdirSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { RUN_FOLDER } from './control-path.ts'
import { type ControlResponse, REQUEST_LIMIT, SOCKET_MODE } from './control-protocol.ts'
import { codeOf, DaemonError, messageOf } from './errors.ts'
import { LineReader } from './line-reader.ts'
import { suggestion } from './nearest.ts'
import { listenAt } from './unix-socket.ts'

/**
 * What the daemon can be asked: a verb's name and the function that answers it, with a value or with a text that comes in pieces. What it
 * throws becomes the error's text.
 */
export type ControlVerbs = ReadonlyMap<string, (args: unknown) => unknown>

/** Clients at one time; who comes on top is refused. */
const MAX_CLIENTS = 64

const WORDS = {
  owner: 'another daemon',
  busyHint: 'each daemon needs a control socket of its own: --control PATH',
  hint: 'choose another --control PATH',
}

/** The daemon's unix socket. */
export class ControlServer {
  readonly path: string
  /** Paths that must belong to whoever is to remove them. */
  readonly owned: readonly string[]
  readonly #server: Server
  readonly #clients = new Set<Socket>()
  readonly #madeFolder: boolean

  private constructor(path: string, server: Server, madeFolder: boolean) {
    this.path = path
    this.#server = server
    this.#madeFolder = madeFolder
    const folder = dirname(path)
    this.owned = madeFolder || folder === RUN_FOLDER ? [path, folder] : [path]
  }

  /**
   * Listens at `path`, making its folder; replaces the socket that a dead daemon left. Throws DaemonError when a live one has it
   * (EADDRINUSE), or when something else is there.
   */
  static async listen(path: string, verbs: ControlVerbs): Promise<ControlServer> {
    const madeFolder = makeFolder(dirname(path))
    const server = createServer({ allowHalfOpen: true }) // who asks and half-closes still gets its answers
    const control = new ControlServer(path, server, madeFolder)
    server.maxConnections = MAX_CLIENTS
    server.on('connection', (socket) => control.#serve(socket, verbs))
    await listenAt(server, path, SOCKET_MODE, WORDS)
    return control
  }

  /** Ends all connections and removes the socket, and the folder if it was made for it. */
  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
    if (this.#madeFolder) quietly(() => rmdirSync(dirname(this.path)))
  }

  #serve(socket: Socket, verbs: ControlVerbs): void {
    this.#clients.add(socket)
    socket.on('close', () => this.#clients.delete(socket))
    socket.on('error', () => socket.destroy()) // a broken client ends its own connection
    answerRequests(socket, verbs).catch(() => socket.destroy())
  }
}

/** Answers one request after the other; whoever does not read its answers is not asked for more. */
async function answerRequests(socket: Socket, verbs: ControlVerbs): Promise<void> {
  const lines = new LineReader(REQUEST_LIMIT)
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    for (const line of lines.push(chunk as Buffer)) {
      if (line.trim() !== '') await send(socket, answer(line, verbs))
    }
    if (!lines.overflowed) continue
    await send(socket, [toLine({ ok: false, error: `a request has at most ${REQUEST_LIMIT} bytes` })])
    break
  }
  socket.destroySoon()
}

/** Sends a line as fast as it is read. */
async function send(socket: Socket, pieces: AsyncIterable<string> | Iterable<string>): Promise<void> {
  for await (const piece of pieces) {
    if (socket.destroyed) return
    if (!socket.write(piece)) await drained(socket)
  }
}

/** Resolves when the client has read, or is gone. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.on('drain', done).on('close', done)
  })
}

/** One line. What goes wrong after it has begun breaks it off. */
async function* answer(line: string, verbs: ControlVerbs): AsyncGenerator<string> {
  let hasBegun = false
  try {
    const result = await ask(line, verbs)
    if (!isText(result)) yield toLine({ ok: true, result: result ?? null })
    else {
      for await (const piece of result) {
        yield (hasBegun ? '' : TEXT) + JSON.stringify(piece).slice(1, -1)
        hasBegun = true
      }
      yield `${hasBegun ? '' : TEXT}"}\n`
    }
  } catch (error) {
    if (hasBegun) throw error
    yield toLine({ ok: false, error: messageOf(error) })
  }
}

/** How a response begins whose result is a text. */
const TEXT = '{"ok":true,"result":"'

const toLine = (response: ControlResponse): string => `${JSON.stringify(response)}\n`

const isText = (result: unknown): result is AsyncIterable<string> =>
  typeof result === 'object' && result !== null && Symbol.asyncIterator in result

function ask(line: string, verbs: ControlVerbs): unknown {
  const { verb, args } = readRequest(line)
  const act = verbs.get(verb)
  if (act === undefined) throw new Error(`no verb '${verb}'${suggestion(verb, verbs.keys())}`)
  return act(args)
}

function readRequest(line: string): { verb: string; args: unknown } {
  let request: unknown
  try {
    request = JSON.parse(line)
  } catch {
    throw new Error('a request is one line of JSON')
  }
  if (
    typeof request !== 'object' ||
    request === null ||
    !('verb' in request) ||
    typeof request.verb !== 'string'
  ) {
    throw new Error('a request is {"verb": "…", "args": …}')
  }
  return { verb: request.verb, args: 'args' in request ? request.args : undefined }
}

/** Whether the folder had to be made. */
function makeFolder(folder: string): boolean {
  try {
    return mkdirSync(folder, { recursive: true, mode: 0o755 }) !== undefined
  } catch (error) {
    throw new DaemonError(
      codeOf(error),
      `cannot make ${folder} for the control socket`,
      'choose one with --control PATH',
    )
  }
}

function quietly(act: () => void): void {
  try {
    act()
  } catch {
    // Somebody else uses the folder, or it is not ours to remove.
  }
}
