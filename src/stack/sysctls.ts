import { IcmpSysctls } from '../icmp/sysctls.ts'
import { IpSysctls, RouteSysctls } from '../ip/sysctls.ts'
import { LINUX, type TcpProfile } from '../tcp/profile.ts'
import { TcpSysctls } from '../tcp/sysctls.ts'
import { CoreSysctls, UdpSysctls } from '../udp/sysctls.ts'
import { PortSysctls } from './ports.ts'
import { checkValue, isList } from './sysctl-ranges.ts'

type Value = number | string | number[]

const IPV4 = 'net.ipv4.'
const ROUTE = 'net.ipv4.route.'
const CORE = 'net.core.'

/** Keys that people know from Linux and that are refused with the reason. */
const REFUSED: Record<string, string> = {
  'net.ipv4.tcp_tw_recycle':
    'removed in Linux 4.12: it takes segments of different hosts behind one NAT for old duplicates, and drops their connections',
}

/**
 * All tunables of one stack: the objects that the protocols read, and one table over them by Linux's names. A key that several objects
 * have is set in all of them.
 */
export class Sysctls {
  readonly ip = new IpSysctls()
  readonly route = new RouteSysctls()
  readonly icmp = new IcmpSysctls()
  readonly udp = new UdpSysctls()
  readonly core = new CoreSysctls()
  readonly tcp = new TcpSysctls()
  readonly ports = new PortSysctls()
  readonly #owners = new Map<string, Record<string, Value>[]>()

  /** `profile` has defaults of its own. */
  constructor(profile: TcpProfile = LINUX) {
    for (const object of [this.ip, this.icmp, this.udp, this.tcp, this.ports]) this.#add(IPV4, object)
    this.#add(ROUTE, this.route)
    this.#add(CORE, this.core)
    for (const [name, value] of Object.entries(profile.sysctls)) this.set(name, value)
  }

  /** Why a key is refused whatever its value, or undefined. */
  static refusalOf(name: string): string | undefined {
    return REFUSED[fullName(name)]
  }

  /** All keys in order. */
  list(): string[] {
    return [...this.#owners.keys()].sort()
  }

  /** The value as /proc/sys prints it (several numbers are separated by tabs); undefined for an unknown key. */
  get(name: string): string | undefined {
    const key = fullName(name)
    const value = this.#owners.get(key)?.[0]?.[shortName(key)]
    return Array.isArray(value) ? value.join('\t') : value?.toString()
  }

  /** Sets a value given as text. Undefined when it was set, else the reason why not. The key may lack its `net.ipv4.`. */
  set(name: string, text: string): string | undefined {
    const key = fullName(name)
    if (REFUSED[key] !== undefined) return `${key}: ${REFUSED[key]}`
    const owners = this.#owners.get(key)
    if (owners === undefined) return `${key}: no such key`
    const field = shortName(key)
    const value = parse(text, owners[0]![field]!, isList(field))
    if (value === undefined) return `${key}: ${JSON.stringify(text)} is not ${kindOf(owners[0]![field]!)}`
    const reason = checkValue(field, value)
    if (reason !== undefined) return `${key}: ${reason}`
    for (const owner of owners) owner[field] = value
    return undefined
  }

  #add(prefix: string, object: object): void {
    const owner = object as Record<string, Value>
    for (const field of Object.keys(owner)) {
      const key = prefix + field
      const owners = this.#owners.get(key)
      if (owners === undefined) this.#owners.set(key, [owner])
      else owners.push(owner)
    }
  }
}

/** `net/ipv4/tcp_sack` and `tcp_sack` are `net.ipv4.tcp_sack`. */
function fullName(name: string): string {
  const dotted = name.replaceAll('/', '.')
  return dotted.startsWith('net.') ? dotted : IPV4 + dotted
}

const shortName = (key: string): string => key.slice(key.lastIndexOf('.') + 1)

/** The text as a value of the same kind as `like`; several words, if that is a list. */
function parse(text: string, like: Value, isListed: boolean): Value | undefined {
  const words = text.trim().split(/[\s,]+/)
  if (typeof like === 'string')
    return words[0] !== '' && (isListed || words.length === 1) ? words.join(' ') : undefined
  const numbers = words.map((word) => (/^-?\d{1,15}$/.test(word) ? Number(word) : Number.NaN))
  if (numbers.some(Number.isNaN)) return undefined
  if (typeof like === 'number') return numbers.length === 1 ? numbers[0] : undefined
  return numbers.length === like.length ? numbers : undefined
}

const kindOf = (like: Value): string =>
  typeof like === 'string' ? 'a word' : typeof like === 'number' ? 'an integer' : `${like.length} integers`
