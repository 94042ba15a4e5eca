import { spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatAddress } from '../wire/address.ts'
import type { DaemonConfig } from './config.ts'
import { CONTROL_VARIABLE } from './control-path.ts'
import type { Session } from './daemon.ts'
import { codeOf } from './errors.ts'

const TUN = '/dev/net/tun'
const CAP_NET_ADMIN = 12

/** Set for the process inside the namespace, which must not try to enter another one. */
const INSIDE_VARIABLE = 'TUNSTACK_NAMESPACE'

const UNSHARE = ['--user', '--map-root-user', '--net', '--']

/** What decides how the daemon can run. */
export interface Surroundings {
  root: boolean
  /** CAP_NET_ADMIN is in the effective set. */
  netAdmin: boolean
  /** An open descriptor was passed, or the device exists and belongs to this user. */
  ownDevice: boolean
  /** What opening /dev/net/tun comes to: '' or an errno name. */
  tun: string
  /** Inside a namespace of our own making. */
  inside: boolean
  /** Unprivileged user and network namespaces can be made. */
  namespaces: boolean
}

export type Decision =
  | { kind: 'serve' }
  /** Serve in a new namespace, with a shell in it. `text` tells the user so. */
  | { kind: 'namespace'; text: string }
  /** Nothing works but what `text` offers. */
  | { kind: 'explain'; text: string }

const OFFERS = [
  '  sudo npm start    the daemon on a device of this machine',
  '  npm run demo      two stacks over a simulated lossy link, no privilege needed',
]

/** What to do in these surroundings. Root is let through: why it fails there, the device says better. */
export function decide(around: Surroundings): Decision {
  if (around.root || around.ownDevice || (around.netAdmin && around.tun === '')) return { kind: 'serve' }
  const missing = missingOf(around)
  if (around.tun === '' && around.namespaces && !around.inside) {
    const lines = [
      ...missing,
      'so it runs in a network namespace of its own, and the shell that follows is inside it; exit ends both.',
      'Other ways:',
      ...OFFERS,
    ]
    return { kind: 'namespace', text: lines.join('\n') }
  }
  return { kind: 'explain', text: [...missing, 'What works:', ...OFFERS].join('\n') }
}

function missingOf(around: Surroundings): string[] {
  const lines = ['tunstack is not root, and misses:']
  if (!around.netAdmin) lines.push('  the capability CAP_NET_ADMIN, to make a network device')
  if (around.tun === 'ENOENT' || around.tun === 'ENODEV' || around.tun === 'ENXIO') {
    lines.push(`  ${TUN}: the kernel's tun module is not loaded (sudo modprobe tun)`)
  } else if (around.tun !== '') {
    lines.push(
      `  access to ${TUN} (${around.tun}); where its mode is 0666, a private namespace works without root`,
    )
  } else if (!around.namespaces) {
    lines.push('  unprivileged user namespaces, for a private network: this kernel does not let us make one')
  }
  return lines
}

/** Looks around, no further than the decision needs. */
export function lookAround(config: Pick<DaemonConfig, 'dev' | 'tunFd'>): Surroundings {
  const root = process.getuid?.() === 0
  const tun = tryTun()
  const around = {
    root,
    netAdmin: hasCapability(readText('/proc/self/status'), CAP_NET_ADMIN),
    ownDevice: config.tunFd !== undefined || (tun === '' && ownsDevice(config.dev)),
    tun,
    inside: process.env[INSIDE_VARIABLE] !== undefined,
    namespaces: false,
  }
  if (decide(around).kind === 'explain' && tun === '') around.namespaces = canUnshare()
  return around
}

function tryTun(): string {
  try {
    closeSync(openSync(TUN, 'r+'))
    return ''
  } catch (error) {
    return codeOf(error)
  }
}

/** Whether `status` (of /proc/PID/status) has a capability in its effective set. */
export function hasCapability(status: string, capability: number): boolean {
  const digits = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'
  return ((BigInt(`0x${digits}`) >> BigInt(capability)) & 1n) === 1n
}

/** A persistent device may be opened by the user whom it was made for. */
function ownsDevice(dev: string): boolean {
  const owner = readText(`/sys/class/net/${dev}/owner`).trim()
  return owner !== '' && Number(owner) === process.getuid?.()
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Tries it: switches in several places of the system can forbid it. */
function canUnshare(): boolean {
  return spawnSync('unshare', [...UNSHARE, 'true'], { stdio: 'ignore', timeout: 10_000 }).status === 0
}

/** Runs this program again, inside a user and network namespace; resolves with its exit status. */
export async function enterNamespace(config: Pick<DaemonConfig, 'dev' | 'readyFd'>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tunstack-'))
  const child = spawn(
    'unshare',
    [...UNSHARE, process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    {
      stdio: passedDescriptors(config.readyFd),
      env: { ...process.env, [INSIDE_VARIABLE]: '1', [CONTROL_VARIABLE]: join(folder, `${config.dev}.sock`) },
    },
  )
  const forward = (signal: NodeJS.Signals): void => {
    child.kill(signal)
  }
  process.on('SIGINT', forward).on('SIGTERM', forward)
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', (status) => resolve(status ?? 1))
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The first three descriptors, and `fd` in its place. */
function passedDescriptors(fd: number | undefined): ('inherit' | 'ignore')[] {
  return Array.from({ length: Math.max(3, (fd ?? 0) + 1) }, (_, i) =>
    i < 3 || i === fd ? 'inherit' : 'ignore',
  )
}

/** Whether a shell belongs beside the daemon: we are inside the namespace that was made for one. */
export const wantsShell = (): boolean => process.env[INSIDE_VARIABLE] !== undefined

/** The user's shell, inside the namespace. */
export function startShell(config: Pick<DaemonConfig, 'address'>): Session {
  spawnSync('ip', ['link', 'set', 'lo', 'up'], { stdio: 'ignore' })
  const address = formatAddress(config.address.address)
  process.stderr.write(`in this shell, try: ping ${address}, telnet ${address} 7; exit ends the daemon too\n`)
  const { [INSIDE_VARIABLE]: _, ...env } = process.env // a daemon started in the shell wants no shell of its own
  const shell = spawn(process.env.SHELL || '/bin/sh', { stdio: 'inherit', env })
  const ended = new Promise<string>((resolve) => {
    shell.on('exit', () => resolve('the shell ended'))
    shell.on('error', (error) => resolve(`no shell: ${error.message}`))
  })
  return { ended, end: () => shell.kill('SIGHUP') }
}
