import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parse, TomlError } from 'smol-toml'
import type { Impairments } from '../device/impairments.ts'
import { contains, formatAddress, type Subnet } from '../wire/address.ts'
import { firstOther, requireHost } from './addresses.ts'
import { controlPathOf } from './control-path.ts'
import { messageOf, UsageError } from './errors.ts'
import { type LOG_FORMATS, type LOG_LEVELS, type Options, readOptions } from './options.ts'
import { DEFAULT_SERVICES, requireDistinctPorts, type ServicePort } from './service-ports.ts'

/** What the daemon is to do, complete: options of the command line over those of the file over defaults. */
export interface DaemonConfig {
  /** Name of the TUN device. */
  dev: string
  /** Ours. */
  address: Subnet
  /** The kernel's end, int32. */
  hostAddress: number
  /** Bytes. */
  mtu: number
  /** Of the device; above 1 each has a thread and a stack of its own. */
  queues: number
  /** Segmentation and checksum offloads of the device, where it has them. */
  offload: boolean
  /** Without offload: many packets a system call, where the kernel has io_uring for us. */
  ring: boolean
  /** Without offload: segments that follow each other are read as one. */
  gro: boolean
  /** An open TUN descriptor to adopt instead of opening `dev`. */
  tunFd: number | undefined
  services: readonly ServicePort[]
  /** Whom to become once the device is open. */
  user: string | undefined
  /** File that gets every packet. */
  pcap: string | undefined
  /** Path of the control socket. */
  control: string
  pidFile: string | undefined
  /** Gets "1\n" and is closed when the daemon is ready. */
  readyFd: number | undefined
  logLevel: (typeof LOG_LEVELS)[number]
  logFormat: (typeof LOG_FORMATS)[number]
  /** Seconds after the start in which TCP says nothing. */
  quietTime: number
  /** By short name (`tcp_fin_timeout`); see `applySysctls`. */
  sysctls: ReadonlyMap<string, string>
  impair: Impairments | undefined
  /** Of the impairments, uint32. No secret comes from it. */
  seed: number
}

const DEFAULT_DEVICE = 'tun0'
const DEFAULT_ADDRESS: Subnet = { address: 0x0a090002, prefix: 24 }

/** The configuration from the command line's options (by name, without dashes), `config` among them. Throws UsageError. */
export function loadConfig(commandLine: Record<string, unknown>): DaemonConfig {
  const { config: file, ...rest } = commandLine
  const said = readOptions(rest, (key) => `--${key}`)
  return resolveConfig(said, file === undefined ? {} : readFile(String(file)))
}

function readFile(path: string): Options {
  let table: object
  try {
    table = parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const place = error instanceof TomlError ? `${path}:${error.line}:${error.column}` : path
    throw new UsageError(`${place}: ${messageOf(error).trimEnd()}`)
  }
  return readOptions(table, (key) => `${path}: ${key}`)
}

/** Fills in the defaults and checks what depends on more than one option. Throws UsageError. */
export function resolveConfig(commandLine: Options, file: Options = {}): DaemonConfig {
  const said: Options = { ...file, ...commandLine }
  const dev = said.dev ?? DEFAULT_DEVICE
  const services = said.service ?? DEFAULT_SERVICES
  requireDistinctPorts(services)
  if (said['tun-fd'] !== undefined && (said.queues ?? 1) > 1) {
    throw new UsageError('--tun-fd: a descriptor is one queue, so --queues must be 1')
  }
  return {
    dev,
    ...resolveAddresses(said),
    mtu: said.mtu ?? 1500,
    queues: said.queues ?? 1,
    offload: !said['no-offload'],
    ring: !said['no-io-uring'],
    gro: !said['no-gro'],
    tunFd: said['tun-fd'],
    services,
    user: said.user,
    pcap: said.pcap,
    control: said.control ?? controlPathOf(dev),
    pidFile: said['pid-file'],
    readyFd: said['ready-fd'],
    quietTime: said['quiet-time'] ?? 0,
    logLevel: said['log-level'] ?? 'info',
    logFormat: said['log-format'] ?? 'text',
    sysctls: new Map([...(file.sysctl ?? []), ...(commandLine.sysctl ?? [])]),
    impair: said.impair,
    seed: said.seed ?? randomInt(0x1_0000_0000),
  }
}

function resolveAddresses(said: Options): { address: Subnet; hostAddress: number } {
  const address = said.address ?? DEFAULT_ADDRESS
  requireHost(address.address, address)
  const hostAddress = said['host-address'] ?? firstOther(address)
  requireHost(hostAddress, address)
  if (hostAddress === address.address) {
    throw new UsageError(`${formatAddress(hostAddress)} cannot be both --address and --host-address`)
  }
  if (!contains(address, hostAddress) && address.prefix < 32) {
    const network = `${formatAddress(address.address)}/${address.prefix}`
    throw new UsageError(
      `--host-address ${formatAddress(hostAddress)} is not in the network of --address ${network}`,
    )
  }
  return { address, hostAddress }
}
