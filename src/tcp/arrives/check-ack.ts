// hot path
import type { Instant } from '../../base/time.ts'
import { add, after, before, beforeOrAt } from '../../wire/seq.ts'
import type { Segment } from '../../wire/tcp.ts'
import { Flag } from '../../wire/tcp.ts'
import { established } from '../calls.ts'
import type { Connection } from '../connection.ts'
import { updateTimestamp } from '../paws.ts'
import { replyReset } from '../reset.ts'
import { acknowledgement, offered } from './acknowledgement.ts'
import { enterFinWait2 } from './check-fin.ts'
import { Continue, Stop, type Verdict } from './verdict.ts'

/** Fifth: the ACK field. */
export function checkAck(c: Connection, seg: Segment, now: Instant): Verdict {
  if (!seg.has(Flag.Ack)) {
    c.tcp.host.counters.TCPDropNoAck++
    return Stop
  }
  if (c.state === 'SYN-RECEIVED') {
    if (!after(seg.ack, c.send.una) || after(seg.ack, c.send.nxt)) {
      replyReset(c.tcp, seg)
      return Stop
    }
    c.moveTo('ESTABLISHED')
    c.send.wnd = offered(c, seg)
    c.send.wl1 = seg.seq
    c.send.wl2 = seg.ack
    established(c, now)
  }
  if (!isPlausible(c, seg)) {
    c.tcp.host.counters.TCPDropUnacceptableAck++
    c.acks.oweChallenge()
    c.speak()
    return Stop
  }
  // RFC 7323 §5.3, R3, which Linux leaves until here: a forged segment whose number happens to fit must not move TS.Recent.
  if (c.options.timestamps) updateTimestamp(c, seg)
  c.heardAt = now
  c.probes = 0
  acknowledgement(c, seg, now)
  return afterOurFin(c, seg, now)
}

/** RFC 5961 §5.2 (MAY-12): SND.UNA - MAX.SND.WND <= SEG.ACK <= SND.NXT. */
export const isPlausible = (c: Connection, seg: Segment): boolean =>
  beforeOrAt(seg.ack, c.send.nxt) && !before(seg.ack, add(c.send.una, -c.send.maxWindow))

/** What the acknowledgement of our FIN changes. */
function afterOurFin(c: Connection, seg: Segment, now: Instant): Verdict {
  if (!c.send.isFinAcknowledged) return Continue
  switch (c.state) {
    case 'FIN-WAIT-1':
      // With the peer's FIN in the same segment the eighth step decides: straight to TIME-WAIT (figure 5, note 2).
      // So it does with text that nobody will read: it resets.
      if (!seg.has(Flag.Fin) && !(c.receive.isShut && seg.payloadLength > 0)) enterFinWait2(c, now)
      return c.closeReason === undefined ? Continue : Stop
    case 'CLOSING':
      c.tcp.enterTimeWait(c, now)
      return Stop
    case 'LAST-ACK':
      c.tcp.finish(c, 'closed')
      return Stop
    default:
      return Continue
  }
}
