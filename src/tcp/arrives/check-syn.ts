// hot path
import type { Segment } from '../../wire/tcp.ts'
import { Flag } from '../../wire/tcp.ts'
import type { Connection } from '../connection.ts'
import { sendReset } from '../reset.ts'
import { Continue, Stop, type Verdict } from './verdict.ts'

/** Fourth: a SYN in a synchronized state draws a challenge ACK, whatever its number (RFC 5961 §4.2); or as RFC 793 had it, the end. */
export function checkSyn(c: Connection, seg: Segment): Verdict {
  if (!seg.has(Flag.Syn) || isKnown(seg)) return Continue
  if (c.tcp.host.profile.believesSyns) {
    sendReset(c, c.tcp.host.replies)
    c.tcp.finish(c, 'reset')
    return Stop
  }
  c.tcp.host.counters.TCPSYNChallenge++
  c.acks.oweChallenge()
  c.speak()
  return Stop
}

/** The first step has found the SYN to be the one that we have, and taken it out of SEG.LEN. */
const isKnown = (seg: Segment): boolean => seg.length === seg.payloadLength + (seg.has(Flag.Fin) ? 1 : 0)
