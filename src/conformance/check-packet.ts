import { formatFlags, formatOption, formatOptions, type PacketPart } from './format-packet.ts'
import { hasIcmpChecksum, type SeenPacket, type SeenSegment, toIcmpPacket } from './read-packet.ts'
import {
  type IcmpPacket,
  type IpInfo,
  optionLength,
  type ScriptPacket,
  type TcpOption,
  type TcpPacket,
} from './script-packet.ts'
import type { Session } from './session.ts'

/** Something in which a packet is not what the script expects. */
export interface Difference {
  /** Where it can be seen in the packet's notation; undefined: nowhere. */
  readonly part: PacketPart | undefined
  readonly why: string
}

/** An emitted segment, or several taken as one, beside its bytes. */
export interface ActualSegment {
  /** In the script's terms. */
  readonly packet: TcpPacket
  /** As they came; the first gives the headers. */
  readonly pieces: readonly { readonly seen: SeenPacket; readonly segment: SeenSegment }[]
}

export interface CheckOptions {
  /** Microseconds in a tick of the timestamp clock; 0: timestamps are not checked. */
  readonly timestampTick: number
  /** Microseconds that a timestamp may be off. */
  readonly tolerance: number
}

type Check = (
  expected: TcpPacket,
  actual: ActualSegment,
  session: Session,
  options: CheckOptions,
) => Difference | undefined

/** In the order in which they are made; the first that fails gives the reason. */
const CHECKS: readonly Check[] = [
  checkHeaders,
  (expected, { pieces }) => checkIp(expected.ip, pieces[0]!.seen),
  checkDataOffset,
  checkFlags,
  checkSequence,
  checkAck,
  checkWindow,
  checkUrgent,
  checkOptions,
  checkPayload,
]

/** All differences but that of time. */
export function checkSegment(
  expected: TcpPacket,
  actual: ActualSegment,
  session: Session,
  options: CheckOptions,
): Difference[] {
  const differences: Difference[] = []
  for (const check of CHECKS) {
    const difference = check(expected, actual, session, options)
    if (difference !== undefined) differences.push(difference)
  }
  return differences
}

function checkHeaders(_: TcpPacket, { pieces }: ActualSegment): Difference | undefined {
  for (const { seen, segment } of pieces) {
    const why = seen.ipFault ?? segment.fault
    if (why !== undefined) return { part: undefined, why }
  }
  return undefined
}

function checkIp(expected: IpInfo, { tos, ttl }: SeenPacket): Difference | undefined {
  const found = (what: string, wanted: unknown, value: unknown): Difference => ({
    part: 'ip',
    why: `${what}: expected ${wanted}, found ${value}`,
  })
  if (expected.tos !== undefined && expected.tos >>> 2 !== tos >>> 2)
    return found('TOS', hex(expected.tos), hex(tos))
  if (expected.tos !== undefined && expected.ecn === undefined && expected.tos !== tos)
    return found('TOS', hex(expected.tos), hex(tos))
  if (expected.dscp !== undefined && expected.dscp !== tos >>> 2)
    return found('DSCP', expected.dscp, tos >>> 2)
  if (expected.ecn !== undefined && !ECN[expected.ecn].includes(tos & 3))
    return found('ECN', expected.ecn, ['noecn', 'ect1', 'ect0', 'ce'][tos & 3])
  if (expected.ttl !== undefined && expected.ttl !== ttl) return found('TTL', expected.ttl, ttl)
  return undefined
}

const ECN: Readonly<Record<NonNullable<IpInfo['ecn']>, readonly number[]>> = {
  noecn: [0],
  ect1: [1],
  ect0: [2],
  ce: [3],
  ect01: [1, 2],
}

const hex = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`

function checkDataOffset({ options }: TcpPacket, { pieces }: ActualSegment): Difference | undefined {
  if (options === undefined) return undefined
  const { segment } = pieces[0]!
  const expected = options.reduce((sum, option) => sum + optionLength(option), 0)
  const found = segment.payload - segment.options
  if (expected === found) return undefined
  return {
    part: 'options',
    why: `data offset: expected ${20 + expected} bytes of header, found ${20 + found}`,
  }
}

function checkFlags(expected: TcpPacket, { packet }: ActualSegment): Difference | undefined {
  if (expected.flags === packet.flags) return undefined
  return {
    part: 'flags',
    why: `flags: expected ${formatFlags(expected.flags)}, found ${formatFlags(packet.flags)}`,
  }
}

function checkSequence(expected: TcpPacket, { packet, pieces }: ActualSegment): Difference | undefined {
  const { form, first, length } = expected.sequence
  const found = form === 'absolute' ? pieces[0]!.segment.seq >>> 0 : packet.sequence.first
  if (form !== 'any' && first !== found)
    return { part: 'sequence', why: `sequence number: expected ${first}, found ${found}` }
  if (length === packet.sequence.length) return undefined
  return { part: 'sequence', why: `payload: expected ${length} bytes, found ${packet.sequence.length}` }
}

function checkAck(expected: TcpPacket, { packet }: ActualSegment): Difference | undefined {
  if (expected.ack === packet.ack) return undefined
  return { part: 'ack', why: `acknowledgment: expected ${expected.ack}, found ${packet.ack}` }
}

function checkWindow(expected: TcpPacket, { packet }: ActualSegment): Difference | undefined {
  if (expected.window === undefined || expected.window === packet.window) return undefined
  return { part: 'window', why: `window: expected ${expected.window}, found ${packet.window}` }
}

function checkUrgent(expected: TcpPacket, { packet }: ActualSegment): Difference | undefined {
  if (expected.urgent === packet.urgent) return undefined
  return { part: 'urgent', why: `urgent pointer: expected ${expected.urgent}, found ${packet.urgent}` }
}

function checkOptions(
  { options }: TcpPacket,
  { packet }: ActualSegment,
  _: Session,
  check: CheckOptions,
): Difference | undefined {
  if (options === undefined) return undefined
  const found = packet.options ?? []
  const isSame =
    options.length === found.length && options.every((option, i) => matches(option, found[i]!, check))
  if (isSame) return undefined
  const show = (list: readonly TcpOption[]): string => formatOptions(list) || 'none'
  return { part: 'options', why: `options: expected ${show(options)}, found ${show(found)}` }
}

/** Timestamps are compared only where the script tells how long their tick is, and an echo never: the script cannot know it. */
function matches(expected: TcpOption, found: TcpOption, check: CheckOptions): boolean {
  if (expected.kind !== 'timestamps' || found.kind !== 'timestamps') {
    return formatOption(expected) === formatOption(found)
  }
  if (expected.val === undefined || found.val === undefined || check.timestampTick === 0) return true
  return Math.abs((expected.val - found.val) | 0) * check.timestampTick <= check.tolerance
}

function checkPayload(
  _: TcpPacket,
  { pieces, packet }: ActualSegment,
  session: Session,
): Difference | undefined {
  let position = packet.sequence.first - 1
  for (const { seen, segment } of pieces) {
    const at = session.written.difference(position, seen.bytes, segment.payload)
    if (at !== -1)
      return { part: undefined, why: `payload: byte ${position + at + 1} is not what was written` }
    position += segment.length
  }
  return undefined
}

/** ICMP: type and code, and what the script says of the IP header. */
export function checkIcmp(
  expected: IcmpPacket,
  seen: SeenPacket,
): { actual: ScriptPacket | undefined; differences: Difference[] } {
  const actual = toIcmpPacket(seen)
  const differences: Difference[] = []
  if (seen.ipFault !== undefined) differences.push({ part: undefined, why: seen.ipFault })
  if (actual === undefined)
    return { actual, differences: [...differences, { part: 'icmp', why: 'no ICMP message' }] }
  if (!hasIcmpChecksum(seen)) differences.push({ part: undefined, why: 'the ICMP checksum is wrong' })
  const ip = checkIp(expected.ip, seen)
  if (ip !== undefined) differences.push(ip)
  if (actual.type !== expected.type) {
    differences.push({ part: 'icmp', why: `ICMP type: expected ${expected.type}, found ${actual.type}` })
  } else if (actual.code !== expected.code) {
    differences.push({ part: 'icmp', why: `ICMP code: expected ${expected.code}, found ${actual.code}` })
  }
  return { actual, differences }
}
