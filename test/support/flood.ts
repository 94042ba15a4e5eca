import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { nativeProgram } from '../../bench/native/build.mjs'
import { OURS, type Site } from './e2e-site.ts'

/** A daemon under a SYN flood from forged addresses, with honest clients among them. */

const PORT = 7
/** How often the daemon is looked at, milliseconds. */
const LOOK = 500

export interface FloodPlan {
  /** SYNs a second. */
  rate: number
  seconds: number
  /** Honest clients, who come evenly over the flood's time. */
  clients: number
  /** How long they may take after its end, seconds. */
  patience: number
}

export interface Visits {
  connected: number
  right: number
  closed: number
  errors: Record<string, number>
  /** Milliseconds that connecting took, in order. */
  waits: number[]
}

export interface FloodResult {
  /** What the generator offered, and the rate that came of it, a second. */
  offered: number
  refused: number
  seconds: number
  rate: number
  /** Packets that reached the daemon, that it sent, and that the device's queue lost before they did. */
  arrived: number
  sent: number
  lost: number
  /** The daemon's processor time, seconds, and resident memory, bytes: before the flood, and the most during it. */
  processor: number
  memoryBefore: number
  memory: number
  /** The most handshakes that it held at a time. */
  handshakes: number
  visits: Visits
}

/** Floods the site's daemon, which listens on the echo port; resolves when the clients are done. */
export async function flood(site: Site, plan: FloodPlan): Promise<FloodResult> {
  const pid = site.daemon.process.pid!
  const before = { link: linkOf(site), processor: processorOf(pid) }
  const memoryBefore = memoryOf(pid)
  const visitors = site.client('visitors', OURS, PORT, plan.clients, plan.seconds)
  const generator = site.namespace.start([
    nativeProgram('synflood'),
    OURS,
    String(PORT),
    String(plan.rate),
    String(plan.seconds),
  ])
  const watch = new Watch(site, pid)
  if ((await generator.exit((plan.seconds + 5) * 1000)) !== 0)
    throw new Error(`synflood: ${generator.stderr}`)
  const processor = processorOf(pid) - before.processor
  const status = await visitors.exit(plan.patience * 1000)
  if (status === 'hangs') await visitors.kill('SIGKILL')
  const link = linkOf(site)
  const { memory, handshakes } = await watch.end()
  return {
    ...(JSON.parse(generator.stdout) as Pick<FloodResult, 'offered' | 'refused' | 'seconds' | 'rate'>),
    arrived: link.out - before.link.out,
    sent: link.in - before.link.in,
    lost: link.lost - before.link.lost,
    processor,
    memoryBefore,
    memory,
    handshakes,
    visits: status === 0 ? JSON.parse(visitors.stdout) : nobody(String(status)),
  }
}

const nobody = (code: string): Visits => ({
  connected: 0,
  right: 0,
  closed: 0,
  errors: { [code]: 1 },
  waits: [],
})

/** Looks at the daemon again and again. */
class Watch {
  #memory = 0
  #handshakes = 0
  #isOver = false
  readonly #ended: Promise<void>

  constructor(site: Site, pid: number) {
    this.#ended = this.#look(site, pid)
  }

  async end(): Promise<{ memory: number; handshakes: number }> {
    this.#isOver = true
    await this.#ended
    return { memory: this.#memory, handshakes: this.#handshakes }
  }

  async #look(site: Site, pid: number): Promise<void> {
    while (!this.#isOver) {
      this.#memory = Math.max(this.#memory, memoryOf(pid))
      const states = await site.states()
      this.#handshakes = Math.max(this.#handshakes, states.filter((state) => state === 'SYN_RECV').length)
      await wait(LOOK)
    }
  }
}

/** The device's packets as the kernel counts them: `out` is what it handed to the daemon. */
function linkOf(site: Site): { out: number; in: number; lost: number } {
  const [{ stats64 }] = JSON.parse(site.run('ip -s -j link show tun0').stdout)
  return { out: stats64.tx.packets, in: stats64.rx.packets, lost: stats64.tx.dropped }
}

/** Resident memory, bytes. */
const memoryOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024

/** Processor time, seconds: user and system, in ticks of 10 ms (proc_pid_stat(5)). */
function processorOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
