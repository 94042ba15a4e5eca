import { lookup } from 'node:dns/promises'
import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import { codeOf, DaemonError, messageOf } from '../../daemon/errors.ts'
import {
  connectRequestClose,
  download,
  type Outcome,
  type Plan,
  requestResponse,
  upload,
} from '../bench-client.ts'
import { formatRow, type Row, toRow } from '../bench-report.ts'
import { type Finish, Status } from '../status.ts'

interface Said {
  seconds: number
  connections: number
  size: number
  discardPort: number
  chargenPort: number
  echoPort: number
  json?: true
}

interface Test {
  service: 'discard' | 'chargen' | 'echo'
  measure: (plan: Plan) => Promise<Outcome>
}

const TESTS: Readonly<Record<string, Test>> = {
  up: { service: 'discard', measure: upload },
  down: { service: 'chargen', measure: download },
  rr: { service: 'echo', measure: requestResponse },
  crr: { service: 'echo', measure: connectRequestClose },
}

/** `tunstack bench HOST`: how fast a host's services are, as this host's own TCP sees them. */
export function addBench(program: Command, finish: Finish): void {
  program
    .command('bench')
    .description("Measure any host's discard, chargen and echo with this host's own sockets.")
    .argument('<host>', 'name or IPv4 address')
    .addArgument(new Argument('[test...]', 'what to measure (default: all)').choices(Object.keys(TESTS)))
    .addOption(new Option('--seconds <number>', 'for each test').argParser(toSeconds).default(5))
    .addOption(
      new Option('--connections <number>', 'at once').argParser((text) => toInteger(text, 10_000)).default(1),
    )
    .addOption(
      new Option('--size <bytes>', 'of a request').argParser((text) => toInteger(text, 65_536)).default(64),
    )
    .addOption(portOption('discard', 9))
    .addOption(portOption('chargen', 19))
    .addOption(portOption('echo', 7))
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nup: bytes to discard. down: bytes from chargen. rr: requests to echo over connections that stay.\ncrr: a connection for each request.',
    )
    .action(async (host: string, tests: string[], said: Said) => finish(await bench(host, tests, said)))
}

const portOption = (service: string, port: number): Option =>
  new Option(`--${service}-port <number>`, 'where the service is')
    .argParser((text) => toInteger(text, 65_535))
    .default(port)

function toSeconds(text: string): number {
  const seconds = Number(text)
  if (!(seconds >= 0.1 && seconds <= 3600)) throw new InvalidArgumentError('a number from 0.1 to 3600')
  return seconds
}

function toInteger(text: string, most: number): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isInteger(value) || value < 1 || value > most) {
    throw new InvalidArgumentError(`an integer from 1 to ${most}`)
  }
  return value
}

async function bench(host: string, asked: readonly string[], said: Said): Promise<number> {
  const address = await resolve(host)
  const rows: Row[] = []
  const { seconds, connections } = said
  if (!said.json) {
    const each = connections === 1 ? '1 connection' : `${connections} connections`
    process.stdout.write(`${host === address ? host : `${host} (${address})`}, ${each}, ${seconds} s each\n`)
  }
  for (const name of asked.length === 0 ? Object.keys(TESTS) : new Set(asked)) {
    const row = await rowOf(name, { ...said, address, host })
    rows.push(row)
    if (!said.json) process.stdout.write(formatRow(row))
  }
  if (said.json) {
    process.stdout.write(`${JSON.stringify({ host, address, seconds, connections, tests: rows }, null, 2)}\n`)
  }
  explain(rows)
  return rows.some(({ error }) => error !== undefined) ? Status.Failed : Status.Done
}

async function resolve(host: string): Promise<string> {
  try {
    return (await lookup(host, { family: 4 })).address
  } catch (error) {
    const code = codeOf(error)
    const isUnknown = code === 'ENOTFOUND'
    throw new DaemonError(
      code,
      isUnknown ? `no host is called '${host}'` : `cannot look up '${host}': ${messageOf(error)}`,
      isUnknown ? 'give an IPv4 address, or a name that has one' : undefined,
    )
  }
}

async function rowOf(name: string, said: Said & { address: string; host: string }): Promise<Row> {
  const { service, measure } = TESTS[name]!
  const port = { discard: said.discardPort, chargen: said.chargenPort, echo: said.echoPort }[service]
  const row = { test: name, service, port }
  const before = process.cpuUsage()
  try {
    const outcome = await measure({ ...said, port })
    const { user, system } = process.cpuUsage(before)
    return { ...row, ...toRow(outcome, service !== 'echo', (user + system) / 1e6) }
  } catch (error) {
    return { ...row, error: errorOf(error, said.host, service, port) }
  }
}

/** What went wrong, for people. */
function errorOf(error: unknown, host: string, service: string, port: number): NonNullable<Row['error']> {
  const code = codeOf(error)
  if (code === '') throw error
  const where = `${host} port ${port}`
  const what = error instanceof DaemonError ? error.message : WORDS[code]
  const message = what === undefined ? `${where}: ${messageOf(error)}` : `${where} ${what}`
  const hint =
    code === 'ECONNREFUSED' ? `a tunstack there serves it with --service ${service}:${port}` : HINTS[code]
  return { code, message, ...(hint !== undefined && { hint }) }
}

/** What a port of a host does that has such an error. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses: nothing listens',
  ECONNRESET: 'reset the connection',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached: no route',
  ETIMEDOUT: 'does not answer',
  EADDRNOTAVAIL: 'cannot be reached: all local ports wait in TIME-WAIT',
  EMFILE: 'needs more connections than this process may open',
}

const HINTS: Readonly<Record<string, string>> = {
  EHOSTUNREACH: 'is the daemon up, and its device? try ping',
  ENETUNREACH: 'see `ip route get ADDRESS`',
  ETIMEDOUT: 'is the host up, and does no firewall drop its packets? try ping',
  EADDRNOTAVAIL: 'wait a minute, or widen net.ipv4.ip_local_port_range',
  ECONNRESET: 'does that port have the right service? see --discard-port, --chargen-port, --echo-port',
  EBADMSG: 'does that port have the right service? see --echo-port',
  EMFILE: 'raise it with `ulimit -n`, or ask for fewer with --connections',
}

/** Hints go to stderr, once each. */
function explain(rows: readonly Row[]): void {
  const failed = rows.filter(({ error }) => error !== undefined)
  for (const { error } of failed) console.error(`tunstack: ${error!.message}`)
  for (const hint of new Set(failed.map(({ error }) => error!.hint))) {
    if (hint !== undefined) console.error(`  ${hint}`)
  }
}
