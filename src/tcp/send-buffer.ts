// hot path
import { SECOND } from '../base/time.ts'
import type { Connection } from './connection.ts'
import { LARGEST_CACHED } from './turn.ts'

/** Least segments to reckon with: an initial window (RFC 6928). */
const LEAST_SEGMENTS = 10
/** Round trips of the path at its rate that are enough to compete even where its queue is deep. */
const ROUND_TRIPS = 2

/**
 * A writer found the send buffer full: it grows to twice what the congestion window lets fly, up to `tcp_wmem` (Linux's tcp_sndbuf_expand); and beyond
 * what is fast to copy, for all who speak to near peers together, only as far as the path's rate and round trip ask for.
 * Not when the user has chosen its size, while memory is short, or when it is the window that is full.
 */
export function expandSendBuffer(c: Connection): void {
  const { send, congestion, recovery, rtt, settings, tcp } = c
  if (settings.isSendBufferFixed || !tcp.memory.isAmple) return
  if (recovery.inFlight(c) >= congestion.window) return
  const wanted = Math.min(
    2 * Math.max(LEAST_SEGMENTS * c.segmentSize, congestion.window),
    Math.max(
      rtt.isNear ? tcp.turn.cached : LARGEST_CACHED,
      Math.floor((ROUND_TRIPS * recovery.rate.latest * rtt.minimum) / SECOND),
    ),
  )
  if (wanted > send.limit) send.limit = Math.min(wanted, Math.max(send.limit, tcp.host.sysctl.tcp_wmem[2]!))
}
