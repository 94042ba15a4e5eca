import type { Command } from 'commander'
import { ask, findControl } from '../control-client.ts'
import { type Finish, Status } from '../status.ts'
import { type SysctlFlags, SysctlRun } from '../sysctl-run.ts'

/** `tunstack sysctl`: reads and sets the daemon's tunables, as sysctl(8) does the kernel's. */
export function addSysctl(program: Command, finish: Finish): void {
  program
    .command('sysctl')
    .description("Show and set the daemon's tunables.")
    .argument('[variable[=value]...]', 'names as the kernel has them; net.ipv4. may be left out')
    .option('-a, --all', 'all variables')
    .option('-w, --write', 'all arguments are variable=value')
    .option('-n, --values', 'only values')
    .option('-N, --names', 'only names')
    .option('-e, --ignore', 'no error for a variable that is not there')
    .option('-q, --quiet', 'say nothing of what is set')
    .option('--control <path>', 'control socket of the daemon')
    .option('--dev <name>', 'device of the daemon')
    .action(async (words: string[], options: SysctlFlags & { control?: string; dev?: string }) => {
      const path = findControl(options)
      const run = new SysctlRun(options, (args) => ask(path, 'sysctl', args))
      await run.act(words)
      process.stdout.write(run.out)
      process.stderr.write(run.errors)
      finish(run.hasFailed ? Status.Failed : Status.Done)
    })
}
