import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Namespace, type Program, run } from '../../test/support/netns.ts'
import { type Candidate, DEVICE, HOST, MASK_BITS, STACK } from './candidates.ts'
import type { LoadReport } from './figures.ts'
import { pathOf } from './native.ts'
import type { Scenario } from './scenarios.ts'

/** Clients leave from many addresses, a few for each run: connect-request-close uses up the ports of one within a second or two. */
const CLIENTS = '10.66.128.0/17'
const ADDRESSES_A_RUN = 16
const RUNS = 128

/** As long a queue as nobody needs who offers windows with sense. */
const QUEUE = 10_000

const PATIENCE = 15_000

/** One candidate in a network namespace of its own, with its device and whatever measures it. */
export class Bed {
  readonly candidate: Candidate
  readonly #client = new Namespace()
  /** Where the stack runs: beside the client, but for the kernel's own. */
  readonly #home: Namespace
  readonly #folder = mkdtempSync(join(tmpdir(), 'tunstack-bench-'))
  #stack: Program | undefined
  #runs = 0

  constructor(candidate: Candidate) {
    this.candidate = candidate
    this.#home = candidate.device === 'veth' ? new Namespace() : this.#client
    this.#client.output(`ip route add local ${CLIENTS} dev lo`)
    this.#client.output('echo 1024 65535 > /proc/sys/net/ipv4/ip_local_port_range')
    if (candidate.device === 'made') this.#makeDevice()
    if (candidate.device === 'veth') this.#makePair()
  }

  #makeDevice(): void {
    this.#client.output(
      `ip tuntap add dev ${DEVICE} mode tun && ip address add ${HOST}/${MASK_BITS} dev ${DEVICE} && ` +
        `ip link set ${DEVICE} mtu 1500 txqueuelen ${QUEUE} up`,
    )
  }

  #makePair(): void {
    this.#client.output(`ip link add veth0 type veth peer name veth1 netns ${this.#home.name}`)
    this.#client.output(`ip address add ${HOST}/${MASK_BITS} dev veth0 && ip link set veth0 up`)
    this.#home.output(`ip address add ${STACK}/${MASK_BITS} dev veth1 && ip link set veth1 up`)
  }

  /** Starts the stack, on one CPU or wherever the scheduler likes. */
  async start(cpu: number | undefined): Promise<void> {
    await this.stop()
    this.#stack = this.#home.start([...pin(cpu), ...this.candidate.words(this.#folder)])
    await this.#stack.says('ready', PATIENCE)
  }

  /** Moves every thread of the stack that runs to one CPU, or lets it go. */
  moveTo(cpu: number | undefined): void {
    const pid = this.#stack?.process.pid
    if (pid !== undefined)
      run(['taskset', '-a', '-c', '-p', cpu === undefined ? allowedCpus() : `${cpu}`, `${pid}`])
  }

  get isRunning(): boolean {
    return (
      this.#stack !== undefined &&
      this.#stack.process.exitCode === null &&
      this.#stack.process.signalCode === null
    )
  }

  /** Whether packets on the device carry virtio headers; undefined where there is no TUN device. */
  get hasOffload(): boolean | undefined {
    const { status, stdout } = this.#client.run(`ip -d link show ${DEVICE}`)
    return status === 0 ? /\bvnet_hdr on\b/.test(stdout) : undefined
  }

  /** Runs the load generator. What goes wrong is in the report. */
  async load(
    scenario: Scenario,
    cpu: number | undefined,
    seconds: number,
    warmup: number,
    settle = 0,
  ): Promise<LoadReport> {
    const source = `10.66.${128 + (this.#runs++ % RUNS)}.1`
    const program = this.#client.start([
      ...pin(cpu),
      pathOf('load'),
      ...[scenario.mode, STACK, `${scenario.port}`, '--connections', `${scenario.connections}`],
      ...['--seconds', `${seconds}`, '--warmup', `${warmup}`, '--settle', `${settle}`],
      ...['--pid', `${this.#stack?.process.pid ?? 0}`, '--from', source, '--addresses', `${ADDRESSES_A_RUN}`],
    ])
    const status = await program.exit((seconds + warmup + settle + 25) * 1000)
    if (!this.isRunning) return { error: `the stack ended: ${lastLine(this.#stack?.stderr)}` }
    try {
      return JSON.parse(program.stdout) as LoadReport
    } catch {
      return { error: `the load generator ended with ${status}: ${lastLine(program.stderr)}` }
    }
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return
    this.#stack!.process.kill('SIGTERM')
    await this.#stack!.exit(8000)
    await this.#stack!.kill()
  }

  async close(): Promise<void> {
    await this.stop()
    await this.#client.close()
    if (this.#home !== this.#client) await this.#home.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

const pin = (cpu: number | undefined): string[] => (cpu === undefined ? [] : ['taskset', '-c', `${cpu}`])

const lastLine = (text = ''): string => text.trim().split('\n').at(-1) ?? ''

/** The CPUs that this process may use, as the kernel writes them: `0-3,8`. */
export const allowedCpus = (): string =>
  /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
