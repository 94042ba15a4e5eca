import type { Instant } from '../base/time.ts'
import type { Seq } from '../wire/seq.ts'
import type { Connection } from './connection.ts'
import type { Tcp } from './tcp.ts'
import { sayFirstSyn } from './timeouts.ts'
import { Timer } from './timers.ts'

/** The ISN of an open by us, which may take over a pair in TIME-WAIT. */
export function initialNumber(
  tcp: Tcp,
  local: number,
  localPort: number,
  remote: number,
  remotePort: number,
  now: Instant,
): Seq {
  const iss = tcp.source.initial(local, localPort, remote, remotePort, now)
  const row = tcp.timeWait.find(local, remote, (remotePort << 16) | localPort)
  return row === -1 ? iss : (tcp.timeWait.reuse(row, iss, now) ?? iss)
}

/** To SYN-SENT. The SYN goes at once, unless the quiet time is not over, or it waits for data of the user's. */
export function beginOpen(c: Connection, now: Instant): void {
  const { tcp } = c
  tcp.host.counters.ActiveOpens++
  tcp.adopt(c)
  c.moveTo('SYN-SENT')
  if (c.fastOpen?.isDeferred) return
  const { quietTime } = tcp.host
  if (now < quietTime) c.timers.arm(Timer.Retransmit, now, quietTime - now)
  else sayFirstSyn(c, now)
}
