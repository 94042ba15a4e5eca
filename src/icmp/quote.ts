import { i32, u16 } from '../wire/bytes.ts'
import { Drop } from '../wire/drop.ts'
import type { IcmpMessage } from '../wire/icmp.ts'
import { IcmpType, UnreachableCode } from '../wire/icmp.ts'
import { Ipv4Header, readQuotedIpv4 } from '../wire/ipv4.ts'

/** Bytes of the transport header that every error quotes (RFC 792 Destination Unreachable). */
const QUOTED = 8

/** Path MTUs in use, for routers that do not say theirs (RFC 1191 §7.1). */
const PLATEAUS = [32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68]

/** An ICMP error about a packet of ours: what the quoted headers say. One record, refilled for each error. */
export class QuotedError {
  type = 0
  code = 0
  /** Next-hop MTU of "fragmentation needed", or 0. */
  mtu = 0
  /** Where the error comes from. */
  reporter = 0
  /** Of the quoted packet. */
  protocol = 0
  source = 0
  destination = 0
  sourcePort = 0
  destinationPort = 0
  /** TCP's quoted sequence number, int32. */
  seq = 0
  readonly #header = new Ipv4Header()

  /**
   * Reads the error whose data lies in `message.quoteOffset` … `end - 1`. False when the quote is too short to say what it is about, or is of
   * a fragment that carries no transport header.
   */
  read(message: IcmpMessage, memory: Uint8Array, end: number): boolean {
    const at = message.quoteOffset
    const header = this.#header
    if (at === -1 || readQuotedIpv4(header, memory, at, end) !== Drop.None) return false
    const transport = at + header.headerLength
    if (end - transport < QUOTED || header.fragmentOffset !== 0) return false
    this.type = message.type
    this.code = message.code
    this.mtu = mtuOf(message, header.totalLength)
    this.protocol = header.protocol
    this.source = header.source
    this.destination = header.destination
    this.sourcePort = u16(memory, transport)
    this.destinationPort = u16(memory, transport + 2)
    this.seq = i32(memory, transport + 4)
    return true
  }
}

/** The MTU that the message names, or else the plateau below the quoted packet's length (RFC 1191 §5). */
function mtuOf(message: IcmpMessage, quotedLength: number): number {
  if (message.type !== IcmpType.Unreachable || message.code !== UnreachableCode.FragmentationNeeded) return 0
  if (message.mtu !== 0) return message.mtu
  for (const plateau of PLATEAUS) if (plateau < quotedLength) return plateau
  return 68
}
