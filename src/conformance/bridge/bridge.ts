import { Errno } from '../../socket/errno.ts'
import { runProgram } from '../commands/commands.ts'
import { ScriptError } from '../script-error.ts'
import { applyOptions, defaultSettings, type Settings } from '../settings.ts'
import { FrameReader, Op, ProtocolError, type Request, writeResponse } from './frame.ts'
import { BridgeSession } from './session.ts'

/** What HELLO asks for: the protocol's version, and the kind of clock. */
const VERSION = 1
const VIRTUAL = 0

/** Keys of the client's flags that matter here, by the options of scripts that say the same. */
const FLAGS: ReadonlyMap<string, string> = new Map([
  ['local', 'local_ip'],
  ['remote', 'remote_ip'],
  ['mtu', 'mtu'],
  ['profile', 'profile'],
])

/** Longest time that a call of the main thread may block, microseconds. */
const MOST_PATIENCE = 1e10

const PLACE = { file: 'HELLO', line: 1, column: 1 }

export interface BridgeOptions {
  /** Whose choices the stacks make, where a client does not say. */
  readonly profile?: string | undefined
  /** Told of what a client did wrong. */
  readonly log: (line: string) => void
}

/** Stacks for clients that drive them over a stream: a fresh one for every HELLO. */
export class Bridge {
  readonly options: BridgeOptions
  /** In the order in which they began: commands are for the newest. */
  readonly sessions = new Set<BridgeSession>()

  constructor(options: BridgeOptions) {
    this.options = options
  }

  get newest(): BridgeSession | undefined {
    return [...this.sessions].at(-1)
  }

  /** A client has come; `send` takes the bytes for it. */
  connect(send: (bytes: Uint8Array) => void): BridgeConnection {
    return new BridgeConnection(this, send)
  }
}

/** One client. */
export class BridgeConnection {
  readonly #bridge: Bridge
  readonly #send: (bytes: Uint8Array) => void
  readonly #frames = new FrameReader()
  #session: BridgeSession | undefined

  constructor(bridge: Bridge, send: (bytes: Uint8Array) => void) {
    this.#bridge = bridge
    this.#send = send
  }

  /** Bytes have come from the client. Throws when nothing more can be done for it: it is broken, or its stack is. */
  receive(chunk: Uint8Array): void {
    this.#frames.push(chunk, (request) => this.#handle(request))
  }

  /** The client has gone. */
  close(): void {
    if (this.#session === undefined) return
    this.#bridge.sessions.delete(this.#session)
    this.#session.close()
    this.#session = undefined
  }

  #handle(request: Request): void {
    if (request.op === Op.Hello) this.#hello(request)
    else if (request.op === Op.Command) this.#command(request)
    else if (this.#session === undefined) throw new ProtocolError(`operation ${request.op} before HELLO`)
    else if (request.op === Op.Bye) {
      this.#session.answer(request, { result: 0 })
      this.close()
    } else this.#session.handle(request)
  }

  #hello(request: Request): void {
    this.close()
    const settings = this.#settingsFor(request)
    if (typeof settings === 'string') {
      this.#bridge.options.log(settings)
      this.#refuse(request, Errno.EINVAL)
      return
    }
    const patience = Math.min(Math.max(request.int(2), 0), MOST_PATIENCE)
    this.#session = new BridgeSession(settings, patience, this.#send)
    this.#bridge.sessions.add(this.#session)
    this.#session.answer(request, { result: 0 })
  }

  /** What the client wants its stack to be, or why it cannot have that. */
  #settingsFor(request: Request): Settings | string {
    if (request.int(0) !== VERSION) return `HELLO: version ${request.int(0)} is not spoken here`
    if (request.int(1) !== VIRTUAL) return 'HELLO: the clock is virtual here, and not the real one'
    const settings = defaultSettings()
    const { profile } = this.#bridge.options
    try {
      if (profile !== undefined) applyOptions(settings, [{ name: 'profile', value: profile, place: PLACE }])
      applyOptions(settings, optionsOf(new TextDecoder().decode(request.blob(0))))
    } catch (error) {
      if (error instanceof ScriptError) return error.message
      throw error
    }
    return settings.skip === undefined ? settings : `HELLO: ${settings.skip}`
  }

  /** A command of a script: its exit status, and what it says. */
  #command(request: Request): void {
    const words = request.blobs.map((blob) => new TextDecoder().decode(blob))
    const session = this.#bridge.newest
    const { status, output, error } = runCommandFor(session, words)
    const blobs = [output, error].map((text) => new TextEncoder().encode(text))
    if (session !== undefined) session.machine.turn()
    const now = session === undefined ? 0 : Math.floor(session.machine.now)
    this.#send(writeResponse(request, [status, 0, now], blobs))
  }

  #refuse(request: Request, errno: number): void {
    this.#send(writeResponse(request, [-1, errno, 0], []))
  }
}

/** `sock=PATH,local=192.168.0.1,…` as options of scripts; the first of equal keys counts, others are the client's own. */
function optionsOf(flags: string): { name: string; value: string; place: typeof PLACE }[] {
  const options = new Map<string, string>()
  for (const flag of flags.split(',')) {
    const at = flag.indexOf('=')
    const name = at < 0 ? undefined : FLAGS.get(flag.slice(0, at))
    if (name !== undefined && !options.has(name)) options.set(name, flag.slice(at + 1))
  }
  return [...options].map(([name, value]) => ({ name, value, place: PLACE }))
}

interface Said {
  readonly status: number
  readonly output: string
  readonly error: string
}

function runCommandFor(session: BridgeSession | undefined, words: readonly string[]): Said {
  if (session === undefined) return { status: 1, output: '', error: 'there is no stack to do this to\n' }
  const result = runProgram({ words, output: undefined }, '', PLACE, session)
  if (result === undefined)
    return { status: 127, output: '', error: `${words[0] ?? ''}: command not found\n` }
  const { status, output } = result
  return status === 0 ? { status, output, error: '' } : { status, output: '', error: `${output}\n` }
}
