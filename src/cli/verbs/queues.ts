import type { Command } from 'commander'
import { formatQueues, type QueueRow } from '../../observe/queues.ts'
import { ask, findControl } from '../control-client.ts'
import { type Finish, Status } from '../status.ts'

/** `tunstack queues`: how the load is shared among the stacks of a daemon with several queues. */
export function addQueues(program: Command, finish: Finish): void {
  program
    .command('queues')
    .description("Show how the load is shared among the daemon's queues.")
    .option('--control <path>', 'control socket of the daemon')
    .option('--dev <name>', 'device of the daemon')
    .action(async (options: { control?: string; dev?: string }) => {
      const rows = await ask(findControl(options), 'queues', {})
      process.stdout.write(formatQueues(rows as QueueRow[]))
      finish(Status.Done)
    })
}
