import type { Command } from 'commander'
import { runDemo } from '../demo.ts'
import type { Finish } from '../status.ts'

/** `tunstack demo`: a transfer over a lossy link, in virtual time. */
export function addDemo(program: Command, finish: Finish): void {
  program
    .command('demo')
    .description('Transfer a file between two stacks over a simulated lossy link; needs no privilege.')
    .action(async () => finish(await runDemo()))
}
