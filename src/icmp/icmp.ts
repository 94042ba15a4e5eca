import type { Instant } from '../base/time.ts'
import { put8, put16, put32, u8 } from '../wire/bytes.ts'
import { sum, update } from '../wire/checksum.ts'
import { Drop } from '../wire/drop.ts'
import { ICMP_HEADER, IcmpMessage, IcmpType, isIcmpError, readIcmp, writeIcmp } from '../wire/icmp.ts'
import { Protocol } from '../wire/ipv4.ts'
import type { IcmpCounters } from './counters.ts'
import { countIn, countOut } from './histogram.ts'
import type { IcmpHost, IcmpPacket } from './host.ts'
import { QuotedError } from './quote.ts'
import { RateLimit } from './rate-limit.ts'

/** Bytes of an IP packet that holds an error: as much is quoted as fits (RFC 1812 §4.3.2.3). */
const ERROR_PACKET = 576
/** An error's TOS: precedence 6, internetwork control (RFC 1812 §4.3.2.5); the five TOS bits are zero (RFC 1122 §3.2.2). */
const ERROR_TOS = 0xc0
/** Bytes of originate, receive and transmit timestamp. */
const TIMESTAMPS = 12
/** Marks a timestamp that is not in milliseconds since midnight UT (RFC 792, Timestamp): ours counts from the stack's start. */
const NOT_STANDARD = 0x80000000

/** ICMP (RFC 792): answers requests, reports what could not be delivered, and hands received errors to whom they concern. */
export class Icmp {
  readonly #host: IcmpHost
  readonly #counters: IcmpCounters
  readonly #limit: RateLimit
  readonly #message = new IcmpMessage()
  readonly #error = new QuotedError()

  constructor(host: IcmpHost) {
    this.#host = host
    this.#counters = host.counters
    this.#limit = new RateLimit(host.sysctl, host.counters, host.random)
  }

  receive(packet: IcmpPacket, now: Instant): void {
    const message = this.#message
    const counters = this.#counters
    counters.InMsgs++
    const drop = readIcmp(message, packet.memory, packet.payload, packet.end)
    if (drop !== Drop.None) {
      counters.InErrors++
      if (drop === Drop.BadChecksum) counters.InCsumErrors++
      return
    }
    countIn(counters, message.type)
    if (message.type === IcmpType.Echo) this.#echo(packet)
    else if (message.type === IcmpType.Timestamp) this.#timestamp(packet, now)
    else if (isIcmpError(message.type)) this.#receivedError(packet, now)
    // Replies to what nobody here asked, and unknown types, are dropped silently (RFC 1122 §3.2.2, §3.2.2.7, §3.2.2.9).
  }

  /**
   * Reports that the packet could not be delivered: type and code, bytes 4 to 7 zero. Silent where no error may be sent
   * (RFC 1122 §3.2.2) and beyond the rate limit.
   */
  report(packet: IcmpPacket, type: number, code: number, now: Instant): void {
    const { header, memory, start, end } = packet
    if (!this.#mayReport(packet)) return
    if (!packet.isLooped && !this.#limit.allow(type, header.source, now)) return
    const quoted = Math.min(end - start, ERROR_PACKET - 20 - ICMP_HEADER)
    const at = this.#room()
    if (at === -1) return
    writeIcmp(memory, at, type, code, 0, sum(memory, start, quoted))
    this.#send(header.destination, header.source, ERROR_TOS, type, ICMP_HEADER, start, quoted)
  }

  /** RFC 1122 §3.2.2, RFC 1812 §4.3.2.7, RFC 792 Introduction: what is never reported; it outranks every reason to report. */
  #mayReport(packet: IcmpPacket): boolean {
    const header = packet.header
    if (!packet.isUnicast || header.fragmentOffset !== 0 || !this.#host.isUnicast(header.source)) return false
    if (header.protocol !== Protocol.Icmp) return true
    return packet.end > packet.payload && isQuery(u8(packet.memory, packet.payload))
  }

  /** RFC 792 Echo; RFC 1122 §3.2.2.6, RFC 1812 §4.3.3.6: all of the request's data returns, from the address that was asked. */
  #echo(packet: IcmpPacket): void {
    const sysctl = this.#host.sysctl
    if (sysctl.icmp_echo_ignore_all !== 0 || this.#isIgnoredBroadcast(packet)) {
      this.#counters.InIgnored++
      return
    }
    const at = this.#room()
    if (at === -1) return
    const { code, checksum, rest, data, dataLength } = this.#message
    const memory = packet.memory
    put8(memory, at, IcmpType.EchoReply)
    put8(memory, at + 1, code)
    // Only the type has changed, so the data need not be summed again (RFC 1624).
    put16(memory, at + 2, update(checksum, (IcmpType.Echo << 8) | code, (IcmpType.EchoReply << 8) | code))
    put32(memory, at + 4, rest)
    this.#answer(packet, IcmpType.EchoReply, ICMP_HEADER, data, dataLength)
  }

  #timestamp(packet: IcmpPacket, now: Instant): void {
    const { data, dataLength, code, rest } = this.#message
    if (dataLength < 4) {
      this.#counters.InErrors++
      return
    }
    if (this.#isIgnoredBroadcast(packet)) {
      this.#counters.InIgnored++
      return
    }
    const at = this.#room()
    if (at === -1) return
    const memory = packet.memory
    const received = (Math.floor(now / 1000) | NOT_STANDARD) >>> 0
    const times = at + ICMP_HEADER
    memory.copyWithin(times, data, data + 4)
    put32(memory, times + 4, received)
    put32(memory, times + 8, received)
    writeIcmp(memory, at, IcmpType.TimestampReply, code, rest, sum(memory, times, TIMESTAMPS))
    this.#answer(packet, IcmpType.TimestampReply, ICMP_HEADER + TIMESTAMPS, 0, 0)
  }

  /** RFC 1122 §3.2.2.1 to §3.2.2.5: to the protocol that is quoted. No heed is taken of quench (RFC 6633 §5) and redirect. */
  #receivedError(packet: IcmpPacket, now: Instant): void {
    const message = this.#message
    if (message.type === IcmpType.SourceQuench || message.type === IcmpType.Redirect) return
    const error = this.#error
    if (!error.read(message, packet.memory, packet.end)) {
      this.#counters.InErrors++
      return
    }
    if (!packet.isUnicast || !this.#host.isLocal(error.source)) {
      this.#counters.InForeignQuote++
      return
    }
    error.reporter = packet.header.source
    this.#host.deliverError(error, now)
  }

  #isIgnoredBroadcast(packet: IcmpPacket): boolean {
    return !packet.isUnicast && this.#host.sysctl.icmp_echo_ignore_broadcasts !== 0
  }

  /** RFC 1812 §4.3.2.5: a reply has the request's TOS. */
  #answer(packet: IcmpPacket, type: number, headerLength: number, data: number, dataLength: number): void {
    const header = packet.header
    const source = packet.isUnicast ? header.destination : this.#host.address
    this.#send(source, header.source, header.tos, type, headerLength, data, dataLength)
  }

  #room(): number {
    const at = this.#host.output.room()
    if (at === -1) this.#counters.OutErrors++
    return at
  }

  #send(
    source: number,
    destination: number,
    tos: number,
    type: number,
    headerLength: number,
    data: number,
    dataLength: number,
  ): void {
    this.#counters.OutMsgs++
    countOut(this.#counters, type)
    this.#host.output.send(source, destination, Protocol.Icmp, tos, 0, headerLength, data, dataLength)
  }
}

/** True for the types that are certainly no error: only about them may an error be sent. */
const isQuery = (type: number): boolean =>
  type === IcmpType.EchoReply ||
  type === IcmpType.Echo ||
  (type >= IcmpType.Timestamp && type <= IcmpType.AddressMaskReply)
