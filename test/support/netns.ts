import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Network namespaces with real devices and tools in them, for tests that need root and /dev/net/tun. */

/** The checkout. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const LOADER = join(ROOT, 'test/support/typescript-loader.mjs')
const PATIENCE = 15_000

export interface Result {
  status: number
  stdout: string
  stderr: string
}

/** Runs a command line (by the shell) or a list of words to its end. A status of -1: it did not start or was killed. */
export function run(
  command: string | readonly string[],
  options: { input?: string; timeout?: number } = {},
): Result {
  const [program = '', ...args] = typeof command === 'string' ? ['sh', '-c', command] : command
  const done = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: PATIENCE,
    maxBuffer: 1 << 28,
    cwd: ROOT,
    ...options,
  })
  return {
    status: done.status ?? -1,
    stdout: done.stdout ?? '',
    stderr: `${done.stderr ?? ''}${done.error?.message ?? ''}`,
  }
}

/** Why there can be no namespace with a TUN device here, or undefined. */
export const skipReason: string | undefined = findReason()

function findReason(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are Linux’s'
  if (process.getuid?.() !== 0) return 'not root'
  if (!existsSync('/dev/net/tun')) return '/dev/net/tun is missing'
  if (!hasTool('ip')) return 'ip is missing'
  const name = `tst-${process.pid}-probe`
  const made = run(['ip', 'netns', 'add', name])
  run(['ip', 'netns', 'del', name])
  return made.status === 0 ? undefined : `no network namespace: ${made.stderr.trim()}`
}

function hasTool(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/**
 * Why tests that need a namespace and these programs are to be skipped, or undefined: `describe.skipIf(requireTools('ping'))`. The reason is
 * printed. With TUNSTACK_REQUIRE=tools a reason is an Error instead.
 */
export function requireTools(...names: string[]): string | undefined {
  const missing = names.filter((name) => !hasTool(name))
  const reason = skipReason ?? (missing.length > 0 ? `missing: ${missing.join(', ')}` : undefined)
  if (reason === undefined) return undefined
  if (process.env.TUNSTACK_REQUIRE === 'tools') throw new Error(`TUNSTACK_REQUIRE=tools, but ${reason}`)
  process.stderr.write(`skipped: ${reason}\n`)
  return reason
}

/** Why nobody but root can run what is in this checkout, or undefined. The reason is printed. */
export function lacksOtherUsers(): string | undefined {
  for (let folder = ROOT; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) {
      const reason = `other users may not enter ${folder}, above this checkout`
      process.stderr.write(`skipped: ${reason}\n`)
      return reason
    }
    if (folder === dirname(folder)) return undefined
  }
}

/** A program that runs beside the test. */
export class Program {
  readonly process: ChildProcess
  stdout = ''
  stderr = ''
  /** Resolves when it has ended and its output is complete. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  readonly #waiting = new Set<() => void>()
  #isOver = false

  constructor(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const [program = '', ...args] = words
    this.process = spawn(program, args, { cwd: ROOT, env: { ...process.env, ...env } })
    this.process.stdout
      ?.setEncoding('utf8')
      .on('data', (text: string) => this.#take(() => (this.stdout += text)))
    this.process.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => this.#take(() => (this.stderr += text)))
    this.process.stdin?.on('error', () => {})
    this.ended = new Promise((resolve) => {
      this.process.once('error', (error) => this.#take(() => (this.stderr += error.message)))
      this.process.once('close', (code, signal) => {
        this.#isOver = true
        this.#take(() => resolve({ code, signal }))
      })
    })
  }

  /** Waits until standard output contains the text; fails when the program ends first. */
  async says(text: string, patience = PATIENCE): Promise<void> {
    await this.until(() => this.stdout.includes(text), `say ${JSON.stringify(text)}`, patience)
  }

  async until(isSo: () => boolean, what: string, patience = PATIENCE): Promise<void> {
    if (isSo()) return
    await new Promise<void>((resolve, reject) => {
      const end = (error?: Error): void => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        if (error === undefined) resolve()
        else reject(error)
      }
      const look = (): void => {
        if (isSo()) end()
        else if (this.#isOver) end(this.#failure(`ended and did not ${what}`))
      }
      const timer = setTimeout(() => end(this.#failure(`did not ${what} in ${patience} ms`)), patience)
      this.#waiting.add(look)
      look()
    })
  }

  /** Writes a line to standard input. */
  tell(line: string): void {
    this.process.stdin?.write(`${line}\n`)
  }

  /** Waits for the end and returns the exit code; a signal's name when it was killed; `hangs` when it does not end. */
  async exit(patience = PATIENCE): Promise<number | string> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'hangs'>((resolve) => {
      timer = setTimeout(() => resolve('hangs'), patience)
    })
    const end = await Promise.race([this.ended, late])
    clearTimeout(timer)
    return end === 'hangs' ? end : (end.code ?? end.signal ?? 'unknown')
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.#isOver) this.process.kill(signal)
    await this.ended
  }

  #take(change: () => void): void {
    change()
    for (const look of this.#waiting) look()
  }

  #failure(what: string): Error {
    return new Error(`the program ${what}\nstdout: ${this.stdout}\nstderr: ${this.stderr}`)
  }
}

let namespaces = 0

/** A network namespace with its loopback up. */
export class Namespace {
  readonly name = `tst-${process.pid}-${++namespaces}`
  readonly #programs: Program[] = []

  constructor() {
    const made = run(['ip', 'netns', 'add', this.name])
    if (made.status !== 0) throw new Error(`ip netns add: ${made.stderr}`)
    this.run('ip link set lo up')
  }

  /** Runs a command line to its end, inside. */
  run(command: string, options: { input?: string; timeout?: number } = {}): Result {
    return run(['ip', 'netns', 'exec', this.name, 'sh', '-c', command], options)
  }

  /** The output of a command line that must succeed. */
  output(command: string): string {
    const done = this.run(command)
    if (done.status !== 0) throw new Error(`${command}: status ${done.status}\n${done.stdout}${done.stderr}`)
    return done.stdout
  }

  /** Starts a program inside; it is killed with the namespace. Its process id is the program's own. */
  start(words: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const program = new Program(['ip', 'netns', 'exec', this.name, ...words], env)
    this.#programs.push(program)
    return program
  }

  /** Starts an ES module given as text; its imports are relative to the checkout and may be of TypeScript. `under`: words before it. */
  script(source: string, under: readonly string[] = []): Program {
    return this.start([...under, process.execPath, '--import', LOADER, '--input-type=module', '-e', source])
  }

  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()))
    run(['ip', 'netns', 'del', this.name])
  }
}

/** Gives `body` a namespace of its own, and cleans up whatever happens. */
export async function withNamespace(body: (namespace: Namespace) => Promise<void> | void): Promise<void> {
  removeOrphans()
  const namespace = new Namespace()
  try {
    await body(namespace)
  } finally {
    await namespace.close()
  }
}

/** Removes the namespaces of test runs that were killed. */
function removeOrphans(): void {
  for (const [, name = '', pid = ''] of run(['ip', 'netns', 'list']).stdout.matchAll(/^(tst-(\d+)-\w+)/gm)) {
    if (!existsSync(`/proc/${pid}`)) run(['ip', 'netns', 'del', name])
  }
}
