import type { Instant } from '../base/time.ts'
import { add, type Seq } from '../wire/seq.ts'
import type { Connection } from './connection.ts'
import type { Listener } from './listener.ts'
import type { Negotiated } from './options.ts'
import type { Tcp } from './tcp.ts'

/**
 * The connection of a passive open, in SYN-RECEIVED with our SYN-ACK sent: made when the handshake's last ACK is here. The caller gives it
 * its flow and that segment. `options` as the two SYNs agreed on, `window` the peer's.
 */
export function openPassively(
  tcp: Tcp,
  listener: Listener,
  local: number,
  remote: number,
  ports: number,
  iss: Seq,
  irs: Seq,
  options: Negotiated,
  tsRecent: number,
  window: number,
  now: Instant,
): Connection {
  const c = tcp.create(local, ports & 0xffff, remote, ports >>> 16, false, listener.settings, iss, now)
  c.moveTo('LISTEN')
  c.moveTo('SYN-RECEIVED')
  c.options.take(options)
  c.send.nxt = add(iss, 1)
  c.send.wnd = window
  c.send.maxWindow = window
  c.receive.begin(irs, c.receive.synWindow, options.receiveShift)
  c.receive.tsRecent = tsRecent
  c.receive.tsRecentAt = tcp.seconds
  return c
}
