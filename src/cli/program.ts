import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { DaemonError, UsageError } from '../daemon/errors.ts'
import { type Finish, Status } from './status.ts'

type AddVerb = (program: Command, finish: Finish) => void

/** Every verb, loaded only when it is asked for: `netstat` need not wait for what the daemon is made of. */
const VERBS: Readonly<Record<string, () => Promise<AddVerb>>> = {
  up: async () => (await import('./verbs/up.ts')).addUp,
  netstat: async () => (await import('./verbs/netstat.ts')).addNetstat,
  queues: async () => (await import('./verbs/queues.ts')).addQueues,
  sysctl: async () => (await import('./verbs/sysctl.ts')).addSysctl,
  bench: async () => (await import('./verbs/bench.ts')).addBench,
  conform: async () => (await import('./verbs/conform.ts')).addConform,
  'packetdrill-bridge': async () => (await import('./verbs/packetdrill-bridge.ts')).addPacketdrillBridge,
  demo: async () => (await import('./verbs/demo.ts')).addDemo,
}

/** The `tunstack` command, with the verb of that name, or with all of them when there is none. */
export async function createProgram(finish: Finish, verb = ''): Promise<Command> {
  const program = new Command('tunstack')
    .description('A userspace TCP/IPv4 stack on a Linux TUN device.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [verb]', 'print the help of a verb')
    .showHelpAfterError('(tunstack help [verb] lists the options)')
    .exitOverride()
  const loaders = Object.hasOwn(VERBS, verb) ? [VERBS[verb]!] : Object.values(VERBS)
  for (const load of loaders) (await load())(program, finish)
  return program
}

/** Runs the command with these arguments; resolves with the exit status. */
export async function run(args: readonly string[]): Promise<number> {
  let status: number = Status.Done
  const finish = (code: number): void => {
    status = code
  }
  try {
    const program = await createProgram(finish, args[0])
    await program.parseAsync(args, { from: 'user' })
    return status
  } catch (error) {
    return explain(error)
  }
}

/** Prints what a user can understand; anything else is a bug and is thrown on. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? Status.Done : Status.Usage
  if (error instanceof UsageError) {
    for (const line of error.message.split('\n')) console.error(`tunstack: ${line}`)
    return Status.Usage
  }
  if (!(error instanceof DaemonError)) throw error
  console.error(`tunstack: ${error.message}`)
  if (error.hint !== undefined) console.error(`  ${error.hint}`)
  return Status.Failed
}

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
