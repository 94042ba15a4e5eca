import type { Instant } from '../base/time.ts'
import { add, type Seq } from '../wire/seq.ts'
import type { Segment } from '../wire/tcp.ts'
import { beginSending } from './calls.ts'
import type { Connection } from './connection.ts'
import type { FastOpenCookie } from './fast-open-cookie.ts'
import { FastOpen } from './fast-open-state.ts'
import type { Listener } from './listener.ts'
import { Negotiated } from './options.ts'
import { openPassively } from './passive-open.ts'
import type { Tcp } from './tcp.ts'
import { sayFirstSyn } from './timeouts.ts'

/** Bits of `tcp_fastopen` that concern a server. */
const SERVER = 2
const NO_COOKIE = 0x200
const WITHOUT_OPTION = 0x400

/** With a bit of `tcp_fastopen` every listener takes Fast Opens, as many as its backlog. */
export const takesFastOpenAnyway = (bits: number): boolean =>
  (bits & (SERVER | WITHOUT_OPTION)) === (SERVER | WITHOUT_OPTION)

/**
 * A SYN that may be a Fast Open (RFC 7413 §4.2; Linux's tcp_try_fastopen). True when it made a connection. Else the handshake goes its usual
 * way, and `answer` is what its SYN-ACK is to carry.
 */
export function tryFastOpen(
  tcp: Tcp,
  listener: Listener,
  seg: Segment,
  answer: FastOpenCookie,
  now: Instant,
  iss?: Seq,
): boolean {
  const { counters, sysctl } = tcp.host
  answer.length = -1
  if (seg.fastOpenLength === 0) counters.TCPFastOpenCookieReqd++
  if ((sysctl.tcp_fastopen & SERVER) === 0 || listener.fastOpen.limit === 0) return false
  if (seg.payloadLength === 0 && seg.fastOpenLength < 0) return false
  if (!listener.fastOpen.admits(tcp.seconds)) {
    counters.TCPFastOpenListenOverflow++
    return false
  }
  const isTrusted = listener.settings.fastOpenNoCookie || (sysctl.tcp_fastopen & NO_COOKIE) !== 0
  if (seg.fastOpenLength < 0 && !isTrusted) return false
  const validity = isTrusted
    ? 'current'
    : seg.fastOpenLength === 0
      ? 'invalid'
      : tcp.fastOpenKeys.check(sysctl.tcp_fastopen_key, seg)
  // Whoever asks is told, and so is who has none that is good any more.
  if (validity !== 'current') tcp.fastOpenKeys.issue(answer, sysctl.tcp_fastopen_key, seg)
  if (validity === 'invalid') {
    if (seg.fastOpenLength > 0) counters.TCPFastOpenPassiveFail++
    return false
  }
  if (validity === 'outdated') counters.TCPFastOpenPassiveAltKey++
  counters.TCPFastOpenPassive++
  openWithData(tcp, listener, seg, answer, now, iss)
  return true
}

/** A connection in SYN-RECEIVED that its user may accept, read and write before the handshake is over. */
function openWithData(
  tcp: Tcp,
  listener: Listener,
  seg: Segment,
  answer: FastOpenCookie,
  now: Instant,
  given?: Seq,
): void {
  const { source, destination, sourcePort, destinationPort } = seg
  const options = new Negotiated(tcp.host.sysctl, listener.settings)
  options.ecn = tcp.host.sysctl.tcp_ecn !== 0 // who listens need not be asking itself
  options.agree(seg)
  const iss = given ?? tcp.source.initial(destination, destinationPort, source, sourcePort, now)
  const ports = (sourcePort << 16) | destinationPort
  const c = openPassively(
    tcp,
    listener,
    destination,
    source,
    ports,
    iss,
    seg.seq,
    options,
    seg.tsVal,
    seg.window,
    now,
  )
  c.fastOpen = new FastOpen()
  c.fastOpen.cookie.copyFrom(answer)
  c.fastOpenQueue = listener.fastOpen
  listener.fastOpen.joined()
  takeData(c, seg, now)
  beginSending(c, now)
  sayFirstSyn(c, now)
  tcp.opened(listener, c)
}

/** What does not fit is not acknowledged, and comes again. */
function takeData(c: Connection, seg: Segment, now: Instant): void {
  const { receive } = c
  const length = Math.min(seg.payloadLength, receive.wnd)
  if (length === 0 || receive.store(receive.nxt, seg.memory, seg.payload, length) !== 'in order') return
  receive.edge = add(receive.nxt, Math.min(receive.synWindow, receive.limit - receive.queue.length))
  c.fastOpen!.isDataAcknowledged = true
  c.bytesReceived += length
  c.statistics.dataSegmentsIn++
  c.statistics.dataInAt = now
}
