import type { Instant } from '../base/time.ts'
import { afterOrAt, before, toSeq } from '../wire/seq.ts'
import type { Connection } from './connection.ts'
import type { IcmpError } from './host.ts'
import type { CloseReason } from './state.ts'

const UNREACHABLE = 3
const SOURCE_QUENCH = 4
const PARAMETER_PROBLEM = 12
const FRAGMENTATION_NEEDED = 4

/** Linux's reading of the codes of "destination unreachable": what an open in progress fails with, and whether it is hard. */
const REASONS: readonly (CloseReason | undefined)[] = [
  'net-unreachable', // net
  'host-unreachable', // host
  'protocol-unreachable', // protocol
  'refused', // port
  undefined, // fragmentation needed
  'source-route-failed', // source route failed
  'net-unreachable', // net unknown
  'host-down', // host unknown
  'host-isolated', // source host isolated
  'net-unreachable', // net prohibited
  'host-unreachable', // host prohibited
  'net-unreachable', // net unreachable for TOS
  'host-unreachable', // host unreachable for TOS
  'host-unreachable', // packet filtered
  'host-unreachable', // precedence violation
  'host-unreachable', // precedence cut-off
]

function reasonOf({ type, code }: IcmpError): CloseReason | undefined {
  if (type === UNREACHABLE) return REASONS[code]
  return type === PARAMETER_PROBLEM ? 'protocol-error' : 'host-unreachable'
}

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
  const reason = reasonOf(error)
  if (reason === undefined) return
  if (c.state === 'SYN-SENT' || c.state === 'SYN-RECEIVED') {
    const { refusals } = c.tcp.host.profile
    const isRefusal = refusals?.some(([type, code]) => type === error.type && code === error.code)
    if (isRefusal !== undefined && !isRefusal) c.softError = reason
    else c.tcp.finish(c, isRefusal === true ? 'refused' : reason)
    return
  }
  // RFC 5927 §5.2: on a synchronized connection even a hard error is only noted, and told (MUST-47, SHLD-25); time decides.
  c.softError = reason
  c.notify()
}
