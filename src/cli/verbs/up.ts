import { type Command, Option } from 'commander'
import { type DaemonConfig, loadConfig } from '../../daemon/config.ts'
import { runDaemon } from '../../daemon/daemon.ts'
import { LOG_FORMATS, LOG_LEVELS } from '../../daemon/options.ts'
import { WELL_KNOWN } from '../../daemon/service-ports.ts'
import { decide, enterNamespace, lookAround, startShell, wantsShell } from '../../daemon/unprivileged.ts'
import { type Finish, Status } from '../status.ts'

/** `tunstack up`: the daemon. */
export function addUp(program: Command, finish: Finish): void {
  const command = program
    .command('up')
    .description('Answer on a TUN device until told to stop.')
    .addHelpText(
      'after',
      '\nEach option but --config is also a key of the configuration file; the command line wins.',
    )
  for (const option of upOptions()) command.addOption(option)
  command.action(async () => finish(await up(loadConfig(saidOn(command)))))
}

const append = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]

function upOptions(): Option[] {
  const services = [...WELL_KNOWN].map(([name, port]) => `${name}:${port}`).join(' ')
  return [
    new Option('--config <file>', 'read options from a TOML file'),
    new Option('--dev <name>', 'TUN device (default: tun0)'),
    new Option('--address <cidr>', 'our address and its network (default: 10.9.0.2/24)'),
    new Option('--host-address <address>', "the kernel's end (default: the first other of the network)"),
    new Option('--mtu <bytes>', 'largest packet (default: 1500)'),
    new Option('--queues <number>', 'queues of the device, a thread each (default: 1)'),
    new Option('--offload', 'use segmentation and checksum offloads where the device has them (default)'),
    new Option('--no-offload', 'use none'),
    new Option(
      '--io-uring',
      'without offload: write many packets by one system call, where allowed (default)',
    ),
    new Option('--no-io-uring', 'write them one by one'),
    new Option('--gro', 'without offload: take segments that follow each other as one (default)'),
    new Option('--no-gro', 'take them one by one'),
    new Option('--tun-fd <n>', 'adopt an open TUN descriptor instead of opening the device'),
    new Option('--service <name:port>', `serve this, repeatable (default: ${services})`).argParser(append),
    new Option('--user <name>', 'become this user once the device is open'),
    new Option('--pcap <file>', 'write every packet into a capture'),
    new Option('--control <path>', 'control socket (default: /run/tunstack/DEV.sock)'),
    new Option('--pid-file <path>', 'write the process id into a file'),
    new Option('--ready-fd <n>', 'write "1" into this descriptor when ready, and close it'),
    new Option('--quiet-time <seconds>', 'say nothing in TCP for so long after the start (default: 0)'),
    new Option('--log-level <level>', `${LOG_LEVELS.join(', ')} (default: info)`),
    new Option('--log-format <format>', `${LOG_FORMATS.join(', ')} (default: text)`),
    new Option('--sysctl <key=value>', 'set a tunable, repeatable: net.ipv4.tcp_fin_timeout=30').argParser(
      append,
    ),
    new Option(
      '--impair <list>',
      'harm packets in both directions: loss=1%,delay=20ms,reorder=5%,duplicate=1%,corrupt=0.1%,rate=10mbit',
    ),
    new Option('--seed <number>', 'of the impairments (default: random)'),
  ]
}

/** Names of options that can be taken back, by what is kept of both. */
const NEGATED: ReadonlyMap<string, string> = new Map([
  ['offload', 'no-offload'],
  ['ioUring', 'no-io-uring'],
  ['gro', 'no-gro'],
])

/** What the command line says, by option name without dashes. */
export function saidOn(command: Command): Record<string, unknown> {
  const said: Record<string, unknown> = {}
  for (const option of command.options) {
    const key = option.attributeName()
    if (command.getOptionValueSource(key) !== 'cli') continue
    const value: unknown = command.getOptionValue(key)
    const negated = NEGATED.get(key)
    if (negated !== undefined) said[negated] = value === false
    else said[option.name()] = value
  }
  return said
}

async function up(config: DaemonConfig): Promise<number> {
  const decision = decide(lookAround(config))
  if (decision.kind === 'serve') return runDaemon(config, wantsShell() ? { startSession: startShell } : {})
  console.error(decision.text)
  return decision.kind === 'namespace' ? enterNamespace(config) : Status.Failed
}
