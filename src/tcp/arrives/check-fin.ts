// hot path
import type { Instant } from '../../base/time.ts'
import { add } from '../../wire/seq.ts'
import { awaitFin } from '../calls.ts'
import type { Connection } from '../connection.ts'
import { Timer } from '../timers.ts'

/** Eighth: the FIN bit, once everything before it has arrived. */
export function checkFin(c: Connection, now: Instant): void {
  if (!c.receive.isFinNext) {
    // The fifth step left this to us: our FIN was acknowledged along with a FIN that is not yet in sequence.
    if (c.state === 'FIN-WAIT-1' && c.send.isFinAcknowledged) enterFinWait2(c, now)
    return
  }
  switch (c.state) {
    case 'ESTABLISHED':
      advanceOver(c)
      c.moveTo('CLOSE-WAIT')
      c.notify()
      return
    case 'FIN-WAIT-1':
      advanceOver(c)
      if (c.send.isFinAcknowledged) {
        c.tcp.enterTimeWait(c, now)
        return
      }
      c.moveTo('CLOSING')
      c.notify()
      return
    case 'FIN-WAIT-2':
      advanceOver(c)
      c.timers.cancel(Timer.FinWait2)
      c.tcp.enterTimeWait(c, now)
      return
    default:
      return
  }
}

/** Our FIN is acknowledged, the peer's still to come. */
export function enterFinWait2(c: Connection, now: Instant): void {
  c.moveTo('FIN-WAIT-2')
  if (c.isOrphan) awaitFin(c, now)
  c.notify()
}

function advanceOver(c: Connection): void {
  c.receive.nxt = add(c.receive.nxt, 1)
  if (c.receive.wnd === 0) c.receive.edge = c.receive.nxt
  c.acks.oweNow()
  c.speak()
}
