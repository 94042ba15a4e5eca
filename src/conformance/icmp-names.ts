/** Names of ICMP types and codes in scripts (RFC 792, 950, 1122 §3.2.2.1, 1812 §5.2.7.1). */

export interface IcmpTypeName {
  readonly name: string
  readonly type: number
  readonly codes: ReadonlyMap<string, number>
}

const codes = (...names: string[]): ReadonlyMap<string, number> =>
  new Map(names.map((name, code): [string, number] => [name, code]))

export const UNREACHABLE = 3
export const FRAG_NEEDED = 4

export const ICMP_TYPES: readonly IcmpTypeName[] = [
  { name: 'echo_reply', type: 0, codes: codes() },
  {
    name: 'unreachable',
    type: UNREACHABLE,
    codes: codes(
      ...['net_unreachable', 'host_unreachable', 'protocol_unreachable', 'port_unreachable', 'frag_needed'],
      ...['source_route_failed', 'net_unknown', 'host_unknown', 'source_host_isolated', 'net_prohibited'],
      ...['host_prohibited', 'net_unreachable_for_tos', 'host_unreachable_for_tos', 'packet_filtered'],
      ...['precedence_violation', 'precedence_cutoff'],
    ),
  },
  { name: 'source_quench', type: 4, codes: codes() },
  { name: 'redirect', type: 5, codes: codes() },
  { name: 'echo_request', type: 8, codes: codes() },
  { name: 'time_exceeded', type: 11, codes: codes('ttl_exceeded_in_transit', 'frag_reass_exceeded') },
  { name: 'parameter_problem', type: 12, codes: codes() },
  { name: 'timestamp_request', type: 13, codes: codes() },
  { name: 'timestamp_reply', type: 14, codes: codes() },
  { name: 'information_request', type: 15, codes: codes() },
  { name: 'information_reply', type: 16, codes: codes() },
  { name: 'address_mask_request', type: 17, codes: codes() },
  { name: 'address_mask_reply', type: 18, codes: codes() },
]

/** `type_3` or a name; undefined when there is none such. */
export function icmpType(word: string): number | undefined {
  return numbered(word, 'type_') ?? ICMP_TYPES.find(({ name }) => name === word)?.type
}

/** `code_1` or a name of that type's. */
export function icmpCode(type: number, word: string): number | undefined {
  return numbered(word, 'code_') ?? ICMP_TYPES.find((entry) => entry.type === type)?.codes.get(word)
}

export const icmpTypeName = (type: number): string =>
  ICMP_TYPES.find((entry) => entry.type === type)?.name ?? `type_${type}`

export function icmpCodeName(type: number, code: number): string {
  const entry = ICMP_TYPES.find((candidate) => candidate.type === type)
  for (const [name, value] of entry?.codes ?? []) if (value === code) return name
  return `code_${code}`
}

function numbered(word: string, prefix: string): number | undefined {
  if (!word.startsWith(prefix) || !/^\d{1,3}$/.test(word.slice(prefix.length))) return undefined
  const value = Number(word.slice(prefix.length))
  return value <= 0xff ? value : undefined
}
