import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { DaemonError, UsageError } from '../daemon/errors.ts'
import { type Finish, Status } from './status.ts'
import { addConform } from './verbs/conform.ts'
import { addDemo } from './verbs/demo.ts'
import { addNetstat } from './verbs/netstat.ts'
import { addUp } from './verbs/up.ts'

/** The `tunstack` command. */
export function createProgram(finish: Finish): Command {
  const program = new Command('tunstack')
    .description('A userspace TCP/IPv4 stack on a Linux TUN device.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [verb]', 'print the help of a verb')
    .showHelpAfterError('(tunstack help [verb] lists the options)')
    .exitOverride()
  addUp(program, finish)
  addNetstat(program, finish)
  addConform(program, finish)
  addDemo(program, finish)
  return program
}

/** Runs the command with these arguments; resolves with the exit status. */
export async function run(args: readonly string[]): Promise<number> {
  let status: number = Status.Done
  const program = createProgram((code) => {
    status = code
  })
  try {
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
