import type { Connection } from './connection.ts'

/** Memory is short: what waits out of order gives way, and must be sent again (Linux's tcp_prune_ofo_queue; RFC 2018 §8 allows it). */
export function prune(c: Connection): void {
  const { receive, tcp } = c
  if (receive.reassembly.count === 0) return
  tcp.host.counters.PruneCalled++
  tcp.host.counters.OfoPruned++
  receive.forgetOutOfOrder()
}
