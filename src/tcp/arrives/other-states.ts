// hot path
import type { Instant } from '../../base/time.ts'
import type { Segment } from '../../wire/tcp.ts'
import type { Connection } from '../connection.ts'
import { checkAck } from './check-ack.ts'
import { checkFin } from './check-fin.ts'
import { checkRst } from './check-rst.ts'
import { checkSequence } from './check-sequence.ts'
import { checkSyn } from './check-syn.ts'
import { checkUrg } from './check-urg.ts'
import { segmentText } from './segment-text.ts'
import { Stop } from './verdict.ts'

/** RFC 9293 §3.10.7.4, SEGMENT ARRIVES, other states. The third step, security, is not implemented: see docs/deviations.md. */
export function otherStates(c: Connection, seg: Segment, now: Instant): void {
  if (checkSequence(c, seg) === Stop) return // First
  if (checkRst(c, seg) === Stop) return // Second
  if (checkSyn(c, seg) === Stop) return // Fourth
  if (checkAck(c, seg, now) === Stop) return // Fifth
  checkUrg(c, seg) // Sixth
  if (segmentText(c, seg, now) === Stop) return // Seventh
  checkFin(c, now) // Eighth
}
