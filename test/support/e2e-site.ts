import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ask } from '../../src/cli/control-client.ts'
import type { NetstatOptions } from '../../src/observe/netstat.ts'
import { Namespace, type Program, type Result, ROOT, run } from './netns.ts'

/** The daemon as it was built, in a network namespace of its own, with real tools around it. */

/** The stack's address, and the kernel's end of the device. */
export const OURS = '10.9.0.2'
export const HOST = '10.9.0.1'

export const MAIN = join(ROOT, 'dist/cli/main.js')

const PATIENCE = 15_000

/** With TUNSTACK_TEST_OFFLOAD=off daemons exchange packets one by one, unless a test says otherwise. */
const MODE = process.env.TUNSTACK_TEST_OFFLOAD === 'off' ? ['--no-offload'] : []

/** With TUNSTACK_TEST_QUEUES=2 daemons serve so many queues, unless a test says otherwise. */
export const QUEUES = Number(process.env.TUNSTACK_TEST_QUEUES ?? 1)

/** An adopted descriptor is one queue. */
const queuesFor = (options: readonly string[]): string[] =>
  QUEUES === 1 || options.includes('--tun-fd') ? [] : ['--queues', String(QUEUES)]

/** How a device is made that such a daemon takes over: all of its queues, or its only one. */
export const TUN_FLAGS = QUEUES === 1 ? '' : 'multi_queue'

export class Site {
  readonly namespace = new Namespace()
  /** Everybody may enter it, as `--user` needs. */
  readonly folder = mkdtempSync(join(tmpdir(), 'tunstack-e2e-'))
  /** In a folder that the daemon makes. */
  readonly control = join(this.folder, 'run', 'control.sock')
  /** Flags of Node for the daemons to come. */
  nodeFlags: readonly string[] = []
  /** Words in front of a daemon's command line. */
  under: readonly string[] = []
  readonly #daemons: Program[] = []

  constructor() {
    chmodSync(this.folder, 0o755)
  }

  /** A site whose daemon is ready. */
  static async serving(...options: string[]): Promise<Site> {
    const site = new Site()
    try {
      await site.serve(...options)
      return site
    } catch (error) {
      await site.close()
      throw error
    }
  }

  /** The daemon that was started last. */
  get daemon(): Program {
    return this.#daemons.at(-1)!
  }

  /** Starts a daemon and waits until it is ready. */
  async serve(...options: string[]): Promise<Program> {
    const daemon = this.up(...options)
    await daemon.says('ready ')
    return daemon
  }

  /** Starts a daemon. */
  up(...options: string[]): Program {
    if (!existsSync(MAIN)) throw new Error('nothing is built: run `node native-setup/setup.mjs` first')
    const daemon = this.namespace.start([
      ...this.under,
      process.execPath,
      ...this.nodeFlags,
      MAIN,
      'up',
      '--control',
      this.control,
      '--log-level',
      'debug',
      ...MODE,
      ...queuesFor(options),
      ...options,
    ])
    this.#daemons.push(daemon)
    return daemon
  }

  /** Runs a command line inside to its end. */
  run(command: string, timeout = PATIENCE): Result {
    return this.namespace.run(command, { timeout })
  }

  /** Runs a verb of the command inside to its end. */
  tunstack(...words: string[]): Result {
    return this.run([process.execPath, MAIN, ...words].map((word) => `'${word}'`).join(' '))
  }

  /** The table that `tunstack netstat` prints, line by line; asks the daemon itself. */
  async netstat(options: NetstatOptions = { all: true, tcp: true }): Promise<string[]> {
    return String(await ask(this.control, 'netstat', options))
      .split('\n')
      .slice(0, -1)
  }

  /** The states of the daemon's connections, listeners left out; with `port`, of those of one client. */
  async states(port?: number): Promise<string[]> {
    const rows = (await this.netstat()).slice(2)
    const wanted = port === undefined ? rows : rows.filter((row) => row.includes(`${HOST}:${port} `))
    return wanted.map((row) => row.slice(68).trim()).filter((state) => state !== 'LISTEN')
  }

  /** Starts one of the programs in test/e2e/clients. */
  client(name: string, ...args: (string | number)[]): Program {
    return this.namespace.start([
      process.execPath,
      join(ROOT, `test/e2e/clients/${name}.mjs`),
      ...args.map(String),
    ])
  }

  /** Runs such a program to its end; its output must be JSON. Throws when it fails. */
  async ask<T>(name: string, ...args: (string | number)[]): Promise<T> {
    const program = this.client(name, ...args)
    const status = await program.exit(60_000)
    if (status !== 0) throw new Error(`${name}: ${status}\n${program.stdout}${program.stderr}`)
    return JSON.parse(program.stdout) as T
  }

  /** Connects a puppet: a client that does what it is told, and tells what happens. */
  async puppet(port: number): Promise<Puppet> {
    const program = this.client('puppet', OURS, port)
    await program.says('connected')
    return new Puppet(program)
  }

  /** Whether the device is there. */
  get hasDevice(): boolean {
    return this.run('ip link show tun0').status === 0
  }

  /** Ends everything. Throws when a daemon reported a fault. */
  async close(): Promise<void> {
    for (const daemon of this.#daemons) await endInOrder(daemon)
    await this.namespace.close()
    rmSync(this.folder, { recursive: true, force: true })
    const faults = this.#daemons
      .map((daemon) => daemon.stderr)
      .filter((log) => /^\S+ (error|fatal) /m.test(log))
    if (faults.length > 0) throw new Error(`the daemon reported a fault:\n${faults.join('\n')}`)
  }
}

/** Gives `body` a site of its own, and cleans up whatever happens. */
export async function withSite(body: (site: Site) => Promise<void>): Promise<void> {
  const site = new Site()
  try {
    await body(site)
  } finally {
    await site.close()
  }
}

/** So that its own end is not a fault that nobody sees. */
async function endInOrder(daemon: Program): Promise<void> {
  daemon.process.kill('SIGTERM')
  await daemon.exit(8000)
  await daemon.kill()
}

/** A TCP connection that a test moves. */
export class Puppet {
  readonly program: Program

  constructor(program: Program) {
    this.program = program
  }

  /** Its own port. */
  get port(): number {
    return Number(/^connected (\d+)$/m.exec(this.program.stdout)?.[1])
  }

  get pid(): number {
    return this.program.process.pid!
  }

  /** `say TEXT`, `end`, `reset`. */
  tell(line: string): void {
    this.program.tell(line)
  }

  /** Waits until it tells this: `heard TEXT`, `end`, `error CODE`, `close`. */
  async tells(text: string, patience = PATIENCE): Promise<void> {
    await this.program.says(text, patience)
  }
}

/** Waits until a check holds; it is tried again and again. Throws with what it saw last. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  holds: (seen: T) => boolean,
  patience = PATIENCE,
): Promise<T> {
  const end = performance.now() + patience
  for (;;) {
    const seen = await look()
    if (holds(seen)) return seen
    if (performance.now() > end) throw new Error(`not within ${patience} ms; last: ${JSON.stringify(seen)}`)
    await wait(20)
  }
}

/** Milliseconds that something takes. */
export async function duration(act: () => unknown): Promise<number> {
  const start = performance.now()
  await act()
  return performance.now() - start
}

/** Whether a tool is missing that no test insists on; that is printed. */
export function lacks(tool: string): boolean {
  const isMissing = run(['sh', '-c', `command -v ${tool}`]).status !== 0
  if (isMissing) process.stderr.write(`skipped, since it is not there: ${tool}\n`)
  return isMissing
}
