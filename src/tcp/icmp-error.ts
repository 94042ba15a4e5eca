import type { Instant } from '../base/time.ts'
import { afterOrAt, before, toSeq } from '../wire/seq.ts'
import type { Connection } from './connection.ts'
import type { IcmpError } from './host.ts'
import type { CloseReason } from './state.ts'

const UNREACHABLE = 3
const SOURCE_QUENCH = 4
const FRAGMENTATION_NEEDED = 4

/** Linux's reading of the codes of "destination unreachable": what an open in progress fails with, and whether it is hard. */
const REASONS: readonly (CloseReason | undefined)[] = [
  'net-unreachable', // net
  'host-unreachable', // host
  'protocol-unreachable', // protocol
  'refused', // port
  undefined, // fragmentation needed
  'host-unreachable', // source route failed
  'net-unreachable', // net unknown
  'host-down', // host unknown
  'host-unreachable', // source host isolated
  'net-unreachable', // net prohibited
  'host-unreachable', // host prohibited
  'net-unreachable', // net unreachable for TOS
  'host-unreachable', // host unreachable for TOS
  'host-unreachable', // packet filtered
  'host-unreachable', // precedence violation
  'host-unreachable', // precedence cut-off
]

/** Protocol and port unreachable: time will not mend it (RFC 1122 §4.2.3.9). "Fragmentation needed" speaks of the path's MTU. */
export const isHardError = (error: IcmpError): boolean =>
  error.type === UNREACHABLE && (error.code === 2 || error.code === 3)

/** An ICMP error about this connection: believed only when it quotes a number that is in flight (RFC 5927 §4.1). */
export function icmpError(c: Connection, error: IcmpError, now: Instant): void {
  const seq = toSeq(error.seq)
  if (before(seq, c.send.una) || afterOrAt(seq, c.send.nxt)) {
    c.tcp.host.counters.OutOfWindowIcmps++
    return
  }
  if (error.type === UNREACHABLE && error.code === FRAGMENTATION_NEEDED) {
    c.path.tooBig(c, error.mtu, now)
    return
  }
  if (error.type === SOURCE_QUENCH) return // MUST-55
  const reason = error.type === UNREACHABLE ? REASONS[error.code] : 'host-unreachable'
  if (reason === undefined) return
  if (c.state === 'SYN-SENT' || c.state === 'SYN-RECEIVED') {
    c.tcp.finish(c, reason)
    return
  }
  // RFC 5927 §5.2: on a synchronized connection even a hard error is only noted; time decides.
  c.softError = reason
  c.notify()
}
