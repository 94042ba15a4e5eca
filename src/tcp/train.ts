// hot path
import { SECOND } from '../base/time.ts'
import { distance } from '../wire/seq.ts'
import type { Connection } from './connection.ts'
import { pieceSize } from './send-room.ts'

/** Linux's GSO_MAX_SIZE, the shift that makes a rate what it gives in a millisecond, and the one of `tcp_tso_rtt_log`. */
const MOST = 65536
const RATE_SHIFT = 1024
const RTT_SHIFT = 9

/**
 * How many segments of `size` leave as one train, of which the last carries PSH: what Linux would hand to its device as one packet. At most half
 * the congestion window, so that acknowledgements come twice a round trip at least; at most `burst` bytes; and not beyond a piece of the queue.
 */
export function trainLength(c: Connection, size: number, burst: number): number {
  const { send, congestion, recovery } = c
  const half = Math.max(congestion.window >> 1, size)
  const room = Math.min(congestion.window - recovery.inFlight(c), send.usable, burst)
  const most = Math.min(half, room, toPieceEnd(c, size))
  return Math.max(1, Math.min(goal(c, size), Math.floor(most / size)))
}

/** What the pace gives in a millisecond, and more where the peer is near: but `tcp_min_tso_segs` at least. */
function goal(c: Connection, size: number): number {
  const { minimum, smoothed } = c.rtt
  const rounds = minimum >> RTT_SHIFT
  let bytes = minimum > 0 && rounds < 32 ? MOST >> rounds : 0
  if (smoothed > 0) bytes += paceOf(c) / RATE_SHIFT
  return Math.max(Math.floor(Math.min(bytes, MOST) / size), c.tcp.host.sysctl.tcp_min_tso_segs)
}

/** Bytes a second: the controller's, or twice what the window gives in slow start, and a fifth more beyond. */
function paceOf(c: Connection): number {
  const { congestion, rtt } = c
  if (congestion.pacingRate > 0) return congestion.pacingRate
  const { tcp_pacing_ss_ratio, tcp_pacing_ca_ratio } = c.tcp.host.sysctl
  const ratio = congestion.window < congestion.threshold >> 1 ? tcp_pacing_ss_ratio : tcp_pacing_ca_ratio
  return (Math.max(congestion.window, c.send.flight) * SECOND * ratio) / 100 / rtt.smoothed
}

/** Bytes up to where the next piece of the queue begins. All but the last are of the same size. */
export function toPieceEnd(c: Connection, size: number): number {
  const length = pieceSize(c, size)
  const into = distance(c.send.piece, c.send.nxt) % length
  return into < 0 ? -into : length - into
}
