// hot path: under a flood each SYN is answered here.
import type { Instant } from '../base/time.ts'
import { add } from '../wire/seq.ts'
import { Flag, type Segment } from '../wire/tcp.ts'
import { COOKIES_TAKEN_FOR, cookieSize, cookieTimestamp, readCookieTimestamp } from './cookies.ts'
import { sendHandshake } from './handshake-reply.ts'
import type { Listener } from './listener.ts'
import { Negotiated } from './options.ts'
import { openPassively } from './passive-open.ts'
import { TcpSysctls } from './sysctls.ts'
import type { Tcp } from './tcp.ts'

/** What the two SYNs of the handshake in hand agree on: one for all, since a flood is to leave no garbage. */
const options = new Negotiated(new TcpSysctls())

/** Answers a SYN for which there is no room: everything that is to be known later goes out with the SYN-ACK, and nothing is kept. */
export function answerWithCookie(tcp: Tcp, listener: Listener, seg: Segment, now: Instant): void {
  const { settings } = listener
  options.offer(tcp.host.sysctl, settings)
  options.ecn = tcp.host.sysctl.tcp_ecn !== 0 // who listens need not be asking itself
  options.agree(seg)
  if (!options.timestamps) options.decline() // nothing carries them
  const iss = tcp.cookies.issue(seg, cookieSize(options.sendMss), now)
  const clock = options.timestamps ? cookieTimestamp(tcp.milliseconds, options) : 0
  const ports = (seg.sourcePort << 16) | seg.destinationPort
  const flags = Flag.Syn | Flag.Ack
  const ack = add(seg.seq, 1)
  listener.cookieAt = now
  tcp.host.counters.SyncookiesSent++
  sendHandshake(tcp, settings, seg.destination, seg.source, ports, iss, ack, flags, options, clock, seg.tsVal)
}

/**
 * An ACK came to a listener: if it brings back a cookie, the handshake is over. False when it is none; a listener that has sent none lately
 * does not even look, so that guesses have their chance only under a flood. True also for what is best left unanswered.
 */
export function completeWithCookie(tcp: Tcp, listener: Listener, seg: Segment, now: Instant): boolean {
  const { counters, sysctl } = tcp.host
  if (sysctl.tcp_syncookies === 0 || now - listener.cookieAt > COOKIES_TAKEN_FOR) return false
  const size = tcp.cookies.sizeIn(seg, now)
  if (size === 0) {
    counters.SyncookiesFailed++
    // Perhaps from a peer whose cookie found the accept queue full, and who goes on with what follows: a reset would end it for good.
    return now - listener.refusedAt <= COOKIES_TAKEN_FOR
  }
  counters.SyncookiesRecv++
  options.offer(sysctl, listener.settings)
  options.sendMss = size
  if (!seg.hasTimestamps) options.decline()
  else {
    const echo = (seg.tsEcr - tcp.source.timestampOffset(seg.destination, seg.source)) | 0
    if (!readCookieTimestamp(echo, options, sysctl)) return false
  }
  if (listener.isFull) {
    counters.ListenOverflows++
    counters.ListenDrops++
    listener.refusedAt = now
    return true // the peer will send again, and bring the cookie with it
  }
  const c = openPassively(
    tcp,
    listener,
    seg.destination,
    seg.source,
    (seg.sourcePort << 16) | seg.destinationPort,
    add(seg.ack, -1),
    add(seg.seq, -1),
    options,
    seg.tsVal,
    seg.window,
    now,
  )
  tcp.opened(listener, c)
  tcp.arrives(c, seg, now)
  return true
}
