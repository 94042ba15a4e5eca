// hot path: one record is refilled for each message.
import { i32, put8, put16, put32, u8, u16 } from './bytes.ts'
import { finish, fold, sum } from './checksum.ts'
import { Drop } from './drop.ts'

/** Bytes before a message's data. */
export const ICMP_HEADER = 8

/** Message types (RFC 792, RFC 950, RFC 1256). */
export const IcmpType = {
  EchoReply: 0,
  Unreachable: 3,
  SourceQuench: 4,
  Redirect: 5,
  Echo: 8,
  TimeExceeded: 11,
  ParameterProblem: 12,
  Timestamp: 13,
  TimestampReply: 14,
  InformationRequest: 15,
  InformationReply: 16,
  AddressMask: 17,
  AddressMaskReply: 18,
} as const

/** Codes of IcmpType.Unreachable (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1). */
export const UnreachableCode = {
  Net: 0,
  Host: 1,
  Protocol: 2,
  Port: 3,
  FragmentationNeeded: 4,
  SourceRouteFailed: 5,
  NetUnknown: 6,
  HostUnknown: 7,
  HostIsolated: 8,
  NetProhibited: 9,
  HostProhibited: 10,
  NetTos: 11,
  HostTos: 12,
  AdministrativelyProhibited: 13,
  PrecedenceViolation: 14,
  PrecedenceCutoff: 15,
} as const

/** Codes of IcmpType.TimeExceeded. */
export const TimeExceededCode = { Transit: 0, Reassembly: 1 } as const

/** An ICMP message as it was read. */
export class IcmpMessage {
  type = 0
  code = 0
  checksum = 0
  /** Bytes 4 to 7, int32: identifier and sequence number of an echo, gateway of a redirect. */
  rest = 0
  /** Next-hop MTU of "fragmentation needed" (RFC 1191 §4), 0 when absent or of another type. */
  mtu = 0
  /** Where the data after the 8 bytes begins, and its length in bytes. */
  data = 0
  dataLength = 0
  /** Where the quoted IP header of an error begins; -1 when the message is no error or quotes less than 20 bytes. */
  quoteOffset = -1
}

/** True for messages about another packet, to which no ICMP error may ever be the answer (RFC 1122 §3.2.2). */
export const isIcmpError = (type: number): boolean =>
  type === IcmpType.Unreachable ||
  type === IcmpType.SourceQuench ||
  type === IcmpType.Redirect ||
  type === IcmpType.TimeExceeded ||
  type === IcmpType.ParameterProblem

/** Reads the message in `offset` … `end - 1` and verifies its checksum. `out` is meaningful only with Drop.None. */
export function readIcmp(out: IcmpMessage, bytes: Uint8Array, offset: number, end: number): Drop {
  if (end - offset < ICMP_HEADER) return Drop.TooShort
  if (fold(sum(bytes, offset, end - offset)) !== 0xffff) return Drop.BadChecksum
  out.type = u8(bytes, offset)
  out.code = u8(bytes, offset + 1)
  out.checksum = u16(bytes, offset + 2)
  out.rest = i32(bytes, offset + 4)
  out.data = offset + ICMP_HEADER
  out.dataLength = end - out.data
  const isTooBig = out.type === IcmpType.Unreachable && out.code === UnreachableCode.FragmentationNeeded
  out.mtu = isTooBig ? out.rest & 0xffff : 0
  out.quoteOffset = isIcmpError(out.type) && out.dataLength >= 20 ? out.data : -1
  return Drop.None
}

/** Writes 8 bytes. `dataSum` is the partial sum (checksum.ts) of the data that will follow. */
export function writeIcmp(
  bytes: Uint8Array,
  offset: number,
  type: number,
  code: number,
  rest: number,
  dataSum: number,
): void {
  put8(bytes, offset, type)
  put8(bytes, offset + 1, code)
  put16(bytes, offset + 2, 0)
  put32(bytes, offset + 4, rest)
  put16(bytes, offset + 2, finish(sum(bytes, offset, ICMP_HEADER, dataSum)))
}
