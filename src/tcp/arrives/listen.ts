import type { Instant } from '../../base/time.ts'
import type { Seq } from '../../wire/seq.ts'
import type { Segment } from '../../wire/tcp.ts'
import { Flag } from '../../wire/tcp.ts'
import { answerWithCookie, completeWithCookie } from '../cookie-handshake.ts'
import { FastOpenCookie } from '../fast-open-cookie.ts'
import { tryFastOpen } from '../fast-open-server.ts'
import type { Listener } from '../listener.ts'
import { replyReset } from '../reset.ts'
import type { Tcp } from '../tcp.ts'

/** RFC 9293 §3.10.7.2: LISTEN. The handshake then waits in the SYN cache; `iss` when the pair comes from TIME-WAIT. */
export function listen(tcp: Tcp, listener: Listener, seg: Segment, now: Instant, iss?: Seq): void {
  if (seg.has(Flag.Rst)) return // First
  if (seg.has(Flag.Ack)) {
    // Second
    if (seg.has(Flag.Syn) || !completeWithCookie(tcp, listener, seg, now)) replyReset(tcp, seg)
    return
  }
  // Third; and a SYN with a FIN is dropped, as Linux does: nobody opens so but a scanner.
  if (!seg.has(Flag.Syn) || (seg.has(Flag.Fin) && !tcp.host.profile.acceptsSynFin)) return
  synArrives(tcp, listener, seg, now, iss)
}

/** The Fast Open option that a SYN-ACK is to carry. */
const answer = new FastOpenCookie()

/** In Linux's order (tcp_conn_request): the SYN queue, the accept queue. A pair that comes from TIME-WAIT has proved to be alive. */
function synArrives(tcp: Tcp, listener: Listener, seg: Segment, now: Instant, iss?: Seq): void {
  const { counters, sysctl } = tcp.host
  const isCrowded =
    iss === undefined &&
    (sysctl.tcp_syncookies === 2 || listener.pending > listener.backlog || tcp.synCache.isFull)
  if (isCrowded && sysctl.tcp_syncookies === 0) {
    counters.TCPReqQFullDrop++
    counters.ListenDrops++
    return
  }
  if (isCrowded) counters.TCPReqQFullDoCookies++
  if (listener.isFull) {
    counters.ListenOverflows++
    counters.ListenDrops++
    return
  }
  if (isCrowded) {
    answerWithCookie(tcp, listener, seg, now)
    return
  }
  if (iss === undefined && isBacklogUsed(tcp, listener)) {
    counters.ListenDrops++
    return
  }
  if (tryFastOpen(tcp, listener, seg, answer, now, iss)) return
  if (!tcp.synCache.add(listener, seg, answer, now, iss)) counters.ListenDrops++
}

/** Without cookies the last quarter of `tcp_max_syn_backlog` is for peers that are known to be alive, as on Linux. */
function isBacklogUsed(tcp: Tcp, listener: Listener): boolean {
  const { tcp_max_syn_backlog, tcp_syncookies } = tcp.host.sysctl
  return tcp_syncookies === 0 && tcp_max_syn_backlog - listener.pending < tcp_max_syn_backlog >> 2
}
