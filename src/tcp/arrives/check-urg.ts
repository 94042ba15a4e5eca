// hot path
import { add, after } from '../../wire/seq.ts'
import type { Segment } from '../../wire/tcp.ts'
import { Flag } from '../../wire/tcp.ts'
import type { Connection } from '../connection.ts'
import { canReceive } from '../state.ts'

/** Sixth: the URG bit (MUST-30), for data of any length (MUST-31). RCV.UP only moves on, and the user is told when it does (MUST-32). RFC 6093: the pointer names the octet behind. */
export function checkUrg(c: Connection, seg: Segment): void {
  if (!seg.has(Flag.Urg) || !canReceive(c.state)) return
  const up = add(seg.seq, seg.urgent)
  const mark = c.receive.isUrgent ? c.receive.up : add(c.receive.nxt, -c.receive.queue.length)
  if (!after(up, mark)) return
  // The octet that was urgent until now, and comes next, does not turn into one of the stream (Linux's tcp_check_urg).
  if (isNextLeftOut(c)) c.receive.consume(1)
  c.receive.up = up
  c.receive.isUrgent = true
  c.receive.isUrgentTaken = false
  c.notify()
}

/** The urgent octet is the next to be read, and is read out of band only. */
const isNextLeftOut = (c: Connection): boolean =>
  c.receive.isUrgent &&
  c.receive.urgentAhead === 1 &&
  c.receive.queue.length > 0 &&
  !c.settings.isOutOfBandInline
