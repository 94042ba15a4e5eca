// hot path
import type { Segment } from '../../wire/tcp.ts'
import { Flag } from '../../wire/tcp.ts'
import type { Connection } from '../connection.ts'
import { Continue, Stop, type Verdict } from './verdict.ts'

/** Second: the RST bit, by RFC 5961 §3.2, with text or without (SHLD-2). Out of the window it did not come this far. */
export function checkRst(c: Connection, seg: Segment): Verdict {
  if (!seg.has(Flag.Rst)) return Continue
  if (seg.seq !== c.receive.nxt && !c.tcp.host.profile.believesResets) {
    c.acks.oweChallenge()
    c.speak()
    return Stop
  }
  // SYN-RECEIVED is reached here by an active open only: a passive one waits in the SYN cache (MUST-11).
  c.tcp.finish(c, c.state === 'SYN-RECEIVED' ? 'refused' : 'reset')
  return Stop
}
