// hot path
import type { Connection } from './connection.ts'

/** Least segments to reckon with: an initial window (RFC 6928). */
const LEAST_SEGMENTS = 10

/**
 * A writer found the send buffer full: it grows to twice what the congestion window lets fly, up to `tcp_wmem` (Linux's tcp_sndbuf_expand).
 * Not when the user has chosen its size, while memory is short, or when it is the window that is full.
 */
export function expandSendBuffer(c: Connection): void {
  const { send, congestion, settings, tcp } = c
  if (settings.isSendBufferFixed || !tcp.memory.isAmple) return
  if (c.recovery.inFlight(c) >= congestion.window) return
  const wanted = 2 * Math.max(LEAST_SEGMENTS * c.segmentSize, congestion.window)
  if (wanted > send.limit) send.limit = Math.min(wanted, Math.max(send.limit, tcp.host.sysctl.tcp_wmem[2]!))
}
