import type { Command } from 'commander'
import { ask, findControl } from '../control-client.ts'
import { type Finish, Status } from '../status.ts'

interface NetstatOptions {
  numeric?: true
  all?: true
  tcp?: true
  udp?: true
  listening?: true
  interfaces?: true
  statistics?: true
  control?: string
  dev?: string
}

/** `tunstack netstat`: the daemon's sockets and counters, as net-tools prints those of the kernel. */
export function addNetstat(program: Command, finish: Finish): void {
  program
    .command('netstat')
    .description("Show the daemon's sockets.")
    .option('-n, --numeric', 'addresses and ports as numbers (they always are)')
    .option('-a, --all', 'listening sockets too')
    .option('-l, --listening', 'only listening sockets')
    .option('-t, --tcp', 'TCP')
    .option('-u, --udp', 'UDP')
    .option('-i, --interfaces', "the device's counters; RX-DRP: lost in the kernel's queue in front of it")
    .option('-s, --statistics', 'the counters of all protocols')
    .option('--control <path>', 'control socket of the daemon')
    .option('--dev <name>', 'device of the daemon')
    .action(async (options: NetstatOptions) => {
      const { control, dev, interfaces, statistics, ...flags } = options
      const path = findControl({ ...(control && { control }), ...(dev && { dev }) })
      const view = interfaces ? 'interfaces' : statistics ? 'statistics' : 'netstat'
      process.stdout.write(String(await ask(path, view, view === 'netstat' ? flags : {})))
      finish(Status.Done)
    })
}
