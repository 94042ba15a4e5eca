import type { Segment } from '../../wire/tcp.ts'
import { Flag } from '../../wire/tcp.ts'
import { replyReset } from '../reset.ts'
import type { Tcp } from '../tcp.ts'

/** RFC 9293 §3.10.7.1: there is no connection. Everything but a reset is answered with a reset. */
export function closed(tcp: Tcp, seg: Segment): void {
  if (seg.has(Flag.Rst)) return
  replyReset(tcp, seg)
}
