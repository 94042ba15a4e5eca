import type { Command } from 'commander'
import type { DemoWords } from '../../daemon/demo-options.ts'
import { runDemo } from '../demo.ts'
import type { Finish } from '../status.ts'

/** `tunstack demo`: a transfer over a lossy link, in virtual time. */
export function addDemo(program: Command, finish: Finish): void {
  program
    .command('demo')
    .description('Transfer a file between two stacks over a simulated lossy link; needs no privilege.')
    .option('--file <path>', 'send this file')
    .option('--size <bytes>', 'or so many bytes of generated data (default: 4MB)')
    .option('--loss <percent>', 'packets lost, in each direction (default: 2%)')
    .option('--delay <time>', 'in each direction (default: 20ms)')
    .option('--rate <rate>', 'bits a second, in each direction (default: 20mbit)')
    .option('--reorder <percent>', 'packets that overtake others (default: 0%)')
    .option('--duplicate <percent>', 'packets that come twice (default: 0%)')
    .option('--corrupt <percent>', 'packets of which a bit is turned (default: 0%)')
    .option('--seed <number>', 'of all that happens by chance (default: 1)')
    .option('--speed <factor>', 'virtual seconds in a second on a terminal, 0: no limit (default: 3)')
    .action(async (words: DemoWords) => finish(await runDemo(words)))
}
