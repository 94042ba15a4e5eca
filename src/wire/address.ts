/** An IPv4 address is an int32 with the value of its network byte order: 10.9.0.2 is 0x0a090002. */

/** An address together with the length of its network's prefix, 0 to 32. */
export interface Subnet {
  address: number
  prefix: number
}

export const LIMITED_BROADCAST = -1

/**
 * Reads dotted decimal: four numbers of 0 to 255 without leading zeros (which some readers take for octal).
 * Undefined for anything else.
 */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let address = 0
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    address = (address << 8) | Number(part)
  }
  return address
}

/** Dotted decimal. */
export const formatAddress = (a: number): string =>
  `${a >>> 24}.${(a >>> 16) & 0xff}.${(a >>> 8) & 0xff}.${a & 0xff}`

/** 224.0.0.0/4 (RFC 1112 §4). */
export const isMulticast = (a: number): boolean => a >>> 28 === 14

/** 127.0.0.0/8 (RFC 1122 §3.2.1.3 (g)). */
export const isLoopback = (a: number): boolean => a >>> 24 === 127

/** 255.255.255.255 (RFC 1122 §3.2.1.3 (c)). */
export const isLimitedBroadcast = (a: number): boolean => (a | 0) === LIMITED_BROADCAST

/** 240.0.0.0/4 (RFC 1112 §4), which contains the limited broadcast address. */
export const isClassE = (a: number): boolean => a >>> 28 === 15

/** 0.0.0.0/8: this host, this network (RFC 1122 §3.2.1.3 (a), (b)). */
export const isZeroNet = (a: number): boolean => a >>> 24 === 0

/** The mask of a prefix length, as int32. */
export const maskOf = (prefix: number): number => (prefix === 0 ? 0 : -1 << (32 - prefix))

export const networkOf = (subnet: Subnet): number => subnet.address & maskOf(subnet.prefix)

/**
 * The directed broadcast address. Prefixes of 31 (RFC 3021 §2.2) and 32 have none: there it is the limited broadcast address, so that no
 * host's address equals it.
 */
export const broadcastOf = (subnet: Subnet): number =>
  subnet.prefix >= 31 ? LIMITED_BROADCAST : subnet.address | ~maskOf(subnet.prefix)

export const contains = (subnet: Subnet, a: number): boolean =>
  ((subnet.address ^ a) & maskOf(subnet.prefix)) === 0
