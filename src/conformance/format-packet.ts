import { icmpCodeName, icmpTypeName } from './icmp-names.ts'
import {
  type IcmpPacket,
  type IcmpQuote,
  type IpInfo,
  type Ports,
  type ScriptPacket,
  type Sequence,
  TcpFlag,
  type TcpOption,
  type TcpPacket,
} from './script-packet.ts'

/** The parts of a packet that a report compares. */
export type PacketPart =
  | 'direction'
  | 'ip'
  | 'ports'
  | 'flags'
  | 'sequence'
  | 'ack'
  | 'window'
  | 'urgent'
  | 'options'
  | 'udp'
  | 'icmp'

export interface FormattedPart {
  readonly part: PacketPart
  readonly text: string
}

/** The packet in script notation, `> P. 1:1001(1000) ack 1 win 257 <nop,nop,TS val 1 ecr 2>`. It can be read back. */
export const formatPacket = (packet: ScriptPacket): string =>
  packetParts(packet)
    .map(({ text }) => text)
    .join(' ')

/** What `formatPacket` joins, so that a report can mark the part that differs. */
export function packetParts(packet: ScriptPacket): readonly FormattedPart[] {
  const parts: FormattedPart[] = [
    { part: 'direction', text: packet.direction === 'inbound' ? '<' : '>' },
    { part: 'ip', text: formatIpInfo(packet.ip) },
    ...(packet.protocol === 'tcp' ? tcpParts(packet) : icmpParts(packet)),
  ]
  return parts.filter(({ text }) => text !== '')
}

function tcpParts(packet: TcpPacket): FormattedPart[] {
  const hasAck = packet.ack !== 0 || (packet.flags & TcpFlag.Ack) !== 0
  return [
    { part: 'ports', text: packet.ports ? formatPorts(packet.ports) : '' },
    { part: 'flags', text: formatFlags(packet.flags, packet.ace) },
    { part: 'sequence', text: formatSequence(packet.sequence) },
    { part: 'ack', text: hasAck ? `ack ${packet.ack}` : '' },
    { part: 'window', text: packet.window === undefined ? '' : `win ${packet.window}` },
    { part: 'urgent', text: packet.urgent === 0 ? '' : `urg ${packet.urgent}` },
    { part: 'options', text: formatOptions(packet.options) },
    { part: 'udp', text: packet.udp ? `/udp(${formatPorts(packet.udp)})` : '' },
  ]
}

function icmpParts(packet: IcmpPacket): FormattedPart[] {
  const { type, code, mtu, id, quote } = packet
  const hasCode = code !== 0 || icmpCodeName(type, code) !== 'code_0'
  const words = ['icmp', icmpTypeName(type)]
  if (hasCode) words.push(icmpCodeName(type, code))
  if (mtu !== undefined) words.push(`mtu ${mtu}`)
  if (id !== undefined) words.push(`id ${id}`)
  if (quote) words.push(`[${formatQuote(quote)}]`)
  return [{ part: 'icmp', text: words.join(' ') }]
}

function formatQuote(quote: IcmpQuote): string {
  if (quote.protocol !== 'tcp') return `${quote.protocol} (${quote.length})`
  return formatSequence(quote.sequence) + (quote.udp ? `/udp(${formatPorts(quote.udp)})` : '')
}

const formatPorts = ({ source, destination }: Ports): string => `${source} > ${destination}`

function formatIpInfo({ ecn, dscp, tos, ttl, flowLabel }: IpInfo): string {
  const items: string[] = []
  if (ecn !== undefined) items.push(ecn)
  if (dscp !== undefined) items.push(`dscp ${dscp}`)
  if (tos !== undefined) items.push(`tos 0x${tos.toString(16).padStart(2, '0')}`)
  if (ttl !== undefined) items.push(`ttl ${ttl}`)
  if (flowLabel !== undefined) items.push(`flowlabel 0x${flowLabel.toString(16)}`)
  return items.length === 0 ? '' : `[${items.join(', ')}]`
}

const LETTERS: readonly (readonly [number, string])[] = [
  [TcpFlag.Fin, 'F'],
  [TcpFlag.Syn, 'S'],
  [TcpFlag.Rst, 'R'],
  [TcpFlag.Psh, 'P'],
  [TcpFlag.Ack, '.'],
  [TcpFlag.Urg, 'U'],
  [TcpFlag.Ece, 'E'],
  [TcpFlag.Cwr, 'W'],
  [TcpFlag.Ae, 'A'],
]

const ECN_FLAGS = TcpFlag.Ece | TcpFlag.Cwr | TcpFlag.Ae

/** Reserved bits above the flags have no letter: they follow in hex, where only a real packet can have them. */
export function formatFlags(flags: number, ace = false): string {
  let text = ''
  for (const [flag, letter] of LETTERS) {
    if ((flags & flag) !== 0 && !(ace && (flag & ECN_FLAGS) !== 0)) text += letter
  }
  if (ace) text += aceCounter(flags)
  const reserved = flags >> 9
  if (reserved !== 0) return `${text || '-'} reserved 0x${reserved.toString(16)}`
  return text || '-'
}

const aceCounter = (flags: number): number =>
  (flags & TcpFlag.Ece ? 1 : 0) | (flags & TcpFlag.Cwr ? 2 : 0) | (flags & TcpFlag.Ae ? 4 : 0)

export function formatSequence({ form, first, length }: Sequence): string {
  if (form === 'any') return `...(${length})`
  const last = (first + length) % 0x1_0000_0000
  return `${first}:${last}(${length})${form === 'absolute' ? '!' : ''}`
}

/** `<mss 1460,sackOK>`, `<...>` when they are not checked, nothing when there are none. */
export function formatOptions(options: readonly TcpOption[] | undefined): string {
  if (!options) return '<...>'
  return options.length === 0 ? '' : `<${options.map(formatOption).join(',')}>`
}

export function formatOption(option: TcpOption): string {
  switch (option.kind) {
    case 'nop':
    case 'eol':
    case 'sackOK':
      return option.kind
    case 'mss':
      return `mss ${option.value}`
    case 'wscale':
      return `wscale ${option.shift}`
    case 'sack':
      return `sack ${option.blocks.map(({ left, right }) => `${left}:${right}`).join(' ')}`
    case 'timestamps':
      return `TS val ${option.val ?? '...'} ecr ${option.ecr ?? '...'}${option.ecrAbsolute ? '!' : ''}`
    case 'fastOpen':
      return `${option.experimental ? 'FOEXP' : 'FO'} ${option.cookie}`.trimEnd()
    case 'md5':
      return `md5 ${option.digest}`.trimEnd()
    case 'accurateEcn':
      return formatAccurateEcn(option.first, option.counters)
    case 'generic':
      return `gen-${option.number} ${option.data}`.trimEnd()
    case 'experimental':
      return `exp-${option.magic.toString(16).padStart(4, '0')} ${option.data}`.trimEnd()
    case 'raw':
      return option.data
  }
}

function formatAccurateEcn(first: 'e0b' | 'e1b', counters: readonly number[]): string {
  const names = first === 'e0b' ? ['e0b', 'ceb', 'e1b'] : ['e1b', 'ceb', 'e0b']
  return `ECN ${counters.map((counter, i) => `${names[i]} ${counter}`).join(' ')}`
}
