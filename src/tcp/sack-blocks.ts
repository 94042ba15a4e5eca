// hot path
import { after, before, later, type Seq } from '../wire/seq.ts'
import type { Segment } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'
import type { Delivery } from './delivery.ts'

/**
 * Takes the SACK blocks of an acknowledgement into the scoreboard (RFC 2018 §5). Blocks of what was never sent are ignored. True when the
 * first one reports a duplicate (RFC 2883 §4).
 */
export function readSackBlocks(c: Connection, seg: Segment, out: Delivery): boolean {
  const { send, recovery } = c
  const edges = seg.sackEdges
  const isDsack = isDuplicateReport(seg)
  if (isDsack && !after(edges[1] as Seq, send.nxt)) {
    if (before(edges[0] as Seq, seg.ack)) c.tcp.host.counters.TCPDSACKRecv++
    else c.tcp.host.counters.TCPDSACKOfoRecv++
    recovery.duplicateReported(c, edges[1] as Seq)
  }
  for (let i = isDsack ? 1 : 0; i < seg.sackCount; i++) {
    const left = later(edges[2 * i] as Seq, send.una)
    const right = edges[2 * i + 1] as Seq
    if (!before(edges[2 * i] as Seq, right) || !before(left, right)) continue
    if (after(right, send.nxt)) {
      c.tcp.host.counters.TCPSACKDiscard++
      continue
    }
    recovery.board.sack(left, right, c.segmentSize, out, recovery)
    recovery.board.known.note(left, right)
  }
  if (seg.sackCount > 0) recovery.board.known.turn()
  return isDsack
}

/** RFC 2883 §4: the first block lies below the acknowledgement, or inside the second. */
function isDuplicateReport(seg: Segment): boolean {
  const edges = seg.sackEdges
  const left = edges[0] as Seq
  const right = edges[1] as Seq
  if (!before(left, right)) return false
  if (before(left, seg.ack)) return true
  return seg.sackCount > 1 && !before(left, edges[2] as Seq) && !after(right, edges[3] as Seq)
}
