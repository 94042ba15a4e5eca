import { LINUX, type TcpProfile } from '../tcp/profile.ts'
import { parseAddress } from '../wire/address.ts'
import type { ScriptOption } from './ast.ts'
import { profileNamed, profileNames } from './profiles.ts'
import { fail } from './script-error.ts'
import { DEFAULT_TOLERANCE, type Tolerance } from './script-time.ts'

/** What a script's options and the command line say. */
export interface Settings {
  tolerance: Tolerance
  /** int32. */
  localAddress: number
  remoteAddress: number
  /** Where the stack listens, and where connect() goes. */
  localPort: number
  connectPort: number
  mtu: number
  /** Payload of each segment that an inbound packet above the MTU stands for; 0: it is one segment. */
  mss: number
  /** Microseconds; 0: timestamps are not compared. */
  timestampTick: number
  scalesEcr: boolean
  /** Several segments never count as one expected packet. */
  strictSegments: boolean
  /** Kinds of failures that are only warned of. */
  nonFatal: ReadonlySet<'packet' | 'syscall'>
  /** Packets that nobody expects are failures. */
  strict: boolean
  /** The device takes super-segments. */
  offload: boolean
  /** Whose choices the stack makes. */
  profile: TcpProfile
  /** Why the script is left out; undefined: it is not. */
  skip: string | undefined
}

const ADDRESSES = { local: 0xc0a8_0002 | 0, remote: 0xc000_0201 | 0 } // 192.168.0.2 and 192.0.2.1

const MTU_MIN = 68
const MTU_MAX = 65_535

export const defaultSettings = (): Settings => ({
  tolerance: DEFAULT_TOLERANCE,
  localAddress: ADDRESSES.local,
  remoteAddress: ADDRESSES.remote,
  localPort: 8080,
  connectPort: 8080,
  mtu: 1500,
  mss: 0,
  timestampTick: 0,
  scalesEcr: false,
  strictSegments: false,
  nonFatal: new Set(),
  strict: false,
  offload: false,
  profile: { ...LINUX },
  skip: undefined,
})

type Reader = (settings: Settings, option: ScriptOption) => void

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['define', () => {}],
  ['ip_version', (s, option) => readVersion(s, option)],
  ['tolerance_usecs', (s, o) => (s.tolerance = { ...s.tolerance, usecs: number(o, 0, 1e9) })],
  ['tolerance_percent', (s, o) => (s.tolerance = { ...s.tolerance, percent: number(o, 0, 1e6, false) })],
  ['local_ip', (s, o) => (s.localAddress = address(s, o))],
  ['remote_ip', (s, o) => (s.remoteAddress = address(s, o))],
  ['bind_port', (s, o) => (s.localPort = number(o, 1, 65_535))],
  ['connect_port', (s, o) => (s.connectPort = number(o, 1, 65_535))],
  ['mtu', (s, o) => (s.mtu = number(o, MTU_MIN, MTU_MAX))],
  ['mss', (s, o) => (s.mss = number(o, 0, MTU_MAX))],
  ['tcp_ts_tick_usecs', (s, o) => (s.timestampTick = number(o, 0, 1e9))],
  ['tcp_ts_ecr_scaled', (s) => (s.scalesEcr = true)],
  ['strict_segments', (s) => (s.strictSegments = true)],
  ['non_fatal', (s, o) => (s.nonFatal = readNonFatal(o))],
  ['strict', (s) => (s.strict = true)],
  ['offload', (s) => (s.offload = true)],
  ['profile', (s, o) => (s.profile = readProfile(o))],
  ['verbose', () => {}],
  ['netmask_ip', () => {}],
  ['gateway_ip', () => {}],
  ['send_omit_free', () => {}],
  ['udp_encapsulation', (s) => (s.skip = 'TCP carried in UDP is not run here')],
  ['tcp_md5_secret', (s) => (s.skip = 'TCP MD5 signatures are not run here')],
])

/**
 * Adds what the options say; later ones win.
 *
 * Errors: ScriptError for an option that is not known, and for a value that it cannot have.
 */
export function applyOptions(settings: Settings, options: readonly ScriptOption[]): void {
  for (const option of options) {
    const reader = READERS.get(option.name)
    if (reader === undefined) fail(option.place, `an option such as ${known()}`, `\`--${option.name}\``)
    reader(settings, option)
  }
}

const known = (): string => [...READERS.keys()].map((name) => `--${name}`).join(', ')

function readVersion(settings: Settings, option: ScriptOption): void {
  if (option.value === 'ipv4') return
  if (option.value !== 'ipv6' && option.value !== 'ipv4-mapped-ipv6') {
    fail(option.place, '`ipv4`, `ipv6` or `ipv4-mapped-ipv6`', `\`${option.value ?? ''}\``)
  }
  settings.skip = 'IPv6 is not spoken here'
}

function readProfile({ value, place }: ScriptOption): TcpProfile {
  return profileNamed(value ?? '') ?? fail(place, `a profile: ${profileNames().join(' or ')}`, quoted(value))
}

function readNonFatal(option: ScriptOption): Settings['nonFatal'] {
  const kinds = new Set<'packet' | 'syscall'>()
  for (const kind of (option.value ?? '').split(',')) {
    if (kind !== 'packet' && kind !== 'syscall')
      return fail(option.place, '`packet` or `syscall`', `\`${kind}\``)
    kinds.add(kind)
  }
  return kinds
}

function number({ value, place }: ScriptOption, least: number, most: number, isWhole = true): number {
  const parsed = value === undefined || value === '' ? Number.NaN : Number(value)
  if (parsed >= least && parsed <= most && (!isWhole || Number.isInteger(parsed))) return parsed
  return fail(place, `${isWhole ? 'an integer' : 'a number'} from ${least} to ${most}`, quoted(value))
}

/** The first address of IPv6 that is named leaves the script out. */
function address(settings: Settings, { value, place }: ScriptOption): number {
  if (value?.includes(':')) settings.skip = 'IPv6 is not spoken here'
  if (settings.skip !== undefined) return 0
  return parseAddress(value ?? '') ?? fail(place, 'an IPv4 address', quoted(value))
}

const quoted = (value: string | undefined): string => (value === undefined ? 'nothing' : `\`${value}\``)
