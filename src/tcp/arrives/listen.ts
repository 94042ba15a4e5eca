import type { Instant } from '../../base/time.ts'
import type { Seq } from '../../wire/seq.ts'
import type { Segment } from '../../wire/tcp.ts'
import { Flag } from '../../wire/tcp.ts'
import type { Listener } from '../listener.ts'
import { replyReset } from '../reset.ts'
import type { Tcp } from '../tcp.ts'

/** RFC 9293 §3.10.7.2: LISTEN. The handshake then waits in the SYN cache; `iss` when the pair comes from TIME-WAIT. */
export function listen(tcp: Tcp, listener: Listener, seg: Segment, now: Instant, iss?: Seq): void {
  if (seg.has(Flag.Rst)) return // First
  if (seg.has(Flag.Ack)) {
    // Second
    replyReset(tcp, seg)
    return
  }
  // Third; and a SYN with a FIN is dropped, as Linux does: nobody opens so but a scanner.
  const { sysctl, profile } = tcp.host
  if (!seg.has(Flag.Syn) || (seg.has(Flag.Fin) && !profile.acceptsSynFin)) return
  if (listener.isFull) {
    tcp.host.counters.ListenOverflows++
    tcp.host.counters.ListenDrops++
    return
  }
  if (
    listener.pending >= Math.min(listener.backlog + 1, sysctl.tcp_max_syn_backlog) ||
    !tcp.synCache.add(listener, seg, now, iss)
  ) {
    tcp.host.counters.TCPReqQFullDrop++
    tcp.host.counters.ListenDrops++
  }
}
