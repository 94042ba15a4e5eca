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
  // A passive open in SYN-RECEIVED waits in the SYN cache (MUST-11), unless it is a Fast Open, whose data may have been read.
  c.tcp.finish(c, c.state === 'SYN-RECEIVED' && c.isActive ? 'refused' : 'reset')
  return Stop
}
