import type { Connection } from './connection.ts'
import { sendReset } from './reset.ts'

/** Orphans beyond `tcp_max_orphans` are reset, and those for which there is no memory. */
export function limitOrphans(c: Connection): void {
  const { tcp } = c
  const isTooMany = tcp.orphanCount > tcp.host.sysctl.tcp_max_orphans || tcp.memory.isExhausted
  if (c.state === 'CLOSED' || !isTooMany) return
  tcp.host.counters.TCPAbortOnMemory++
  sendReset(c, tcp.host.replies)
  tcp.finish(c, 'aborted')
}
