/**
 * A packet as a script writes it: numbers in script space, and `undefined` for what the script leaves open. The parser
 * makes these, and so does whoever wants to show a real packet beside them.
 */
export type ScriptPacket = TcpPacket | IcmpPacket

/** Inbound: the runner builds the packet and the stack receives it. Outbound: the stack must emit it. */
export type Direction = 'inbound' | 'outbound'

export type EcnCodePoint = 'noecn' | 'ect0' | 'ect1' | 'ce'

/** What is said about the IP header. Inbound: the field's value; outbound: what must be found there. */
export interface IpInfo {
  /** The lower two bits of TOS; `ect01` (outbound): either of the two ECT code points. */
  readonly ecn: EcnCodePoint | 'ect01' | undefined
  /** The upper six bits of TOS. */
  readonly dscp: number | undefined
  /** All eight bits of TOS. */
  readonly tos: number | undefined
  readonly ttl: number | undefined
  readonly flowLabel: number | undefined
}

export interface Ports {
  readonly source: number
  readonly destination: number
}

/** TCP flags as bits 0-11 of bytes 12-13 of the header: the eight flags, AE, and three reserved bits. */
export const TcpFlag = {
  Fin: 0x001,
  Syn: 0x002,
  Rst: 0x004,
  Psh: 0x008,
  Ack: 0x010,
  Urg: 0x020,
  Ece: 0x040,
  Cwr: 0x080,
  Ae: 0x100,
} as const

export interface TcpPacket {
  readonly protocol: 'tcp'
  readonly direction: Direction
  readonly ip: IpInfo
  /** `undefined`: the connection's. */
  readonly ports: Ports | undefined
  /** A set of TcpFlag. */
  readonly flags: number
  /** ECE, CWR and AE are written as one digit, the ACE counter. */
  readonly ace: boolean
  readonly sequence: Sequence
  /** 0 when not written: the field is 0 then, with or without the ACK flag. */
  readonly ack: number
  /** The raw field. `undefined` (outbound): not checked. */
  readonly window: number | undefined
  readonly urgent: number
  /** In wire order. `undefined` (outbound, `<...>`): not checked. */
  readonly options: readonly TcpOption[] | undefined
  /** Ports of the UDP header that carries this segment. */
  readonly udp: Ports | undefined
}

export interface Sequence {
  /** `relative`: counted from the initial sequence number of the SYN; `absolute`: the number on the wire; `any`: not checked. */
  readonly form: 'relative' | 'absolute' | 'any'
  /** Unsigned. 0 when any. */
  readonly first: number
  /** Bytes of payload. */
  readonly length: number
}

export interface SackBlock {
  readonly left: number
  readonly right: number
}

/** Bytes of cookies, digests and raw options are lower-case hex, two digits a byte. */
export type TcpOption =
  | { readonly kind: 'nop' }
  | { readonly kind: 'eol' }
  | { readonly kind: 'mss'; readonly value: number }
  | { readonly kind: 'wscale'; readonly shift: number }
  | { readonly kind: 'sackOK' }
  | { readonly kind: 'sack'; readonly blocks: readonly SackBlock[] }
  | Timestamps
  /** TCP Fast Open; `experimental`: under kind 254. */
  | { readonly kind: 'fastOpen'; readonly cookie: string; readonly experimental: boolean }
  /** `valid`: the digest that the key of the script gives. */
  | { readonly kind: 'md5'; readonly digest: string | 'valid' }
  /** Counters in wire order; `first` tells the kind: 172 begins with e0b, 174 with e1b. */
  | { readonly kind: 'accurateEcn'; readonly first: 'e0b' | 'e1b'; readonly counters: readonly number[] }
  | { readonly kind: 'generic'; readonly number: number; readonly data: string }
  /** Kind 254 with a magic number of two bytes. */
  | { readonly kind: 'experimental'; readonly magic: number; readonly data: string }
  /** Whole options as they are on the wire. */
  | { readonly kind: 'raw'; readonly data: string }

export interface Timestamps {
  readonly kind: 'timestamps'
  /** `undefined`: written as `...`, no mapping and no check. */
  readonly val: number | undefined
  readonly ecr: number | undefined
  /** Written `ecr N!`: N itself goes on the wire. */
  readonly ecrAbsolute: boolean
}

export interface IcmpPacket {
  readonly protocol: 'icmp'
  readonly direction: Direction
  readonly ip: IpInfo
  readonly type: number
  readonly code: number
  /** Next-hop MTU of a fragmentation-needed message. */
  readonly mtu: number | undefined
  /** Identifier of an echo message. */
  readonly id: number | undefined
  /** What the message quotes of the packet that caused it. `undefined`: an empty segment with sequence number 0. */
  readonly quote: IcmpQuote | undefined
}

export type IcmpQuote =
  | { readonly protocol: 'tcp'; readonly sequence: Sequence; readonly udp: Ports | undefined }
  | { readonly protocol: 'udp' | 'raw'; readonly length: number }

/** Bytes that an option takes on the wire (RFC 9293 §3.1; 2018 §3; 7323 §3.2; 7413 §4.1.1; 2385; 9768 §3.2.3). */
export function optionLength(option: TcpOption): number {
  switch (option.kind) {
    case 'nop':
    case 'eol':
      return 1
    case 'mss':
      return 4
    case 'wscale':
      return 3
    case 'sackOK':
      return 2
    case 'sack':
      return 2 + 8 * option.blocks.length
    case 'timestamps':
      return 10
    case 'fastOpen':
      return (option.experimental ? 4 : 2) + option.cookie.length / 2
    case 'md5':
      return option.digest === 'valid' ? 18 : 2 + option.digest.length / 2
    case 'accurateEcn':
      return 2 + 3 * option.counters.length
    case 'generic':
      return 2 + option.data.length / 2
    case 'experimental':
      return 4 + option.data.length / 2
    case 'raw':
      return option.data.length / 2
  }
}
