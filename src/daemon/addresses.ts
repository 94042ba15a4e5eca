import { IPv4, IPv4Prefix } from 'ip-num'
import {
  broadcastOf,
  contains,
  formatAddress,
  isClassE,
  isLoopback,
  isMulticast,
  isZeroNet,
  networkOf,
  type Subnet,
} from '../wire/address.ts'
import { UsageError } from './errors.ts'

/** Reads `10.9.0.2` into an int32. Throws UsageError. */
export function readAddress(text: string): number {
  try {
    return Number(IPv4.fromString(text).getValue()) | 0
  } catch {
    throw new UsageError(`'${text}' is not an IPv4 address`)
  }
}

/** Reads `10.9.0.2/24`. Throws UsageError. */
export function readSubnet(text: string): Subnet {
  const [, address = '', prefix = ''] = /^([^/]*)\/(0|[1-9]\d?)$/.exec(text) ?? []
  if (prefix === '') throw new UsageError(`'${text}' is not ADDRESS/PREFIX, as in 10.9.0.2/24`)
  return { address: readAddress(address), prefix: readPrefix(prefix) }
}

function readPrefix(text: string): number {
  try {
    return Number(IPv4Prefix.fromNumber(BigInt(text)).getValue())
  } catch {
    throw new UsageError(`a prefix is at most 32 bits long, not ${text}`)
  }
}

/** Throws UsageError unless a host of the subnet can have the address. */
export function requireHost(address: number, subnet: Subnet): void {
  const text = formatAddress(address)
  if (isZeroNet(address) || isLoopback(address) || isMulticast(address) || isClassE(address)) {
    throw new UsageError(`${text} is not an address that a host can have`)
  }
  if (subnet.prefix >= 31) return
  if (address === networkOf(subnet)) throw new UsageError(`${text} is the address of the network itself`)
  if (address === broadcastOf(subnet)) throw new UsageError(`${text} is the broadcast address of its network`)
}

/** The kernel's end where none is given: the subnet's first host address that is not ours. Throws UsageError. */
export function firstOther(subnet: Subnet): number {
  const first = subnet.prefix >= 31 ? networkOf(subnet) : networkOf(subnet) + 1
  const other = first === subnet.address ? first + 1 : first
  if (contains(subnet, other) && other !== broadcastOf(subnet)) return other | 0
  throw new UsageError(
    `the network ${formatAddress(subnet.address)}/${subnet.prefix} has no second address; give --host-address`,
  )
}
