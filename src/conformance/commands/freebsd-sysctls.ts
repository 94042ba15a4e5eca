import type { Stack } from '../../stack/stack.ts'

/** Sets a tunable from an integer; a reason when it cannot. */
type Setter = (stack: Stack, value: number) => string | undefined

const MILLISECONDS = 1000

/** A tunable of ours, by Linux's name. */
const linux =
  (...names: readonly string[]): Setter =>
  (stack, value) =>
    firstReason(names.map((name) => stack.sysctls.set(name, String(value))))

/** One of the three numbers of a buffer size. */
const buffer =
  (index: 1 | 2, ...names: readonly ('tcp_rmem' | 'tcp_wmem')[]): Setter =>
  (stack, value) =>
    firstReason(
      names.map((name) => {
        const sizes = [...stack.sysctls.tcp[name]]
        sizes[index] = Math.min(value, 0x7fff_ffff)
        return stack.sysctls.set(name, sizes.join(' '))
      }),
    )

/** A choice of the stack's profile. */
const choice =
  (choose: (profile: Stack['profile'], value: number) => void): Setter =>
  (stack, value) => {
    choose(stack.profile, value)
    return undefined
  }

const nothing: Setter = () => undefined

/** FreeBSD's names, and what they are here. Times are milliseconds. */
const SETTERS: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ['kern.ipc.maxsockbuf', buffer(2, 'tcp_rmem', 'tcp_wmem')],
  ['net.inet.tcp.blackhole', (_, value) => (value === 0 ? undefined : 'closed ports always answer here')],
  ['net.inet.tcp.delacktime', choice((p, value) => (p.delayedAck = value * MILLISECONDS))],
  ['net.inet.tcp.drop_synfin', choice((p, value) => (p.acceptsSynFin = value === 0))],
  ['net.inet.tcp.ecn.enable', (stack, value) => (value === 0 ? undefined : linux('tcp_ecn')(stack, value))],
  ['net.inet.tcp.ecn.maxretries', nothing],
  ['net.inet.tcp.hostcache.purgenow', nothing],
  ['net.inet.tcp.icmp_may_rst', choice((p, value) => (p.refusals = value === 0 ? [] : p.refusals))],
  ['net.inet.tcp.insecure_rst', choice((p, value) => (p.believesResets = value !== 0))],
  ['net.inet.tcp.insecure_syn', choice((p, value) => (p.believesSyns = value !== 0))],
  ['net.inet.tcp.keepcnt', linux('tcp_keepalive_probes')],
  ['net.inet.tcp.keepidle', (stack, value) => linux('tcp_keepalive_time')(stack, value / 1000)],
  ['net.inet.tcp.keepinit', choice((p, value) => (p.openTimeout = value * MILLISECONDS))],
  ['net.inet.tcp.keepintvl', (stack, value) => linux('tcp_keepalive_intvl')(stack, value / 1000)],
  ['net.inet.tcp.mssdflt', nothing],
  ['net.inet.tcp.path_mtu_discovery', (stack, value) => linux('ip_no_pmtu_disc')(stack, value === 0 ? 1 : 0)],
  ['net.inet.tcp.recvspace', buffer(1, 'tcp_rmem')],
  ['net.inet.tcp.rexmit_drop_options', choice((p, value) => (p.plainSynFrom = value === 0 ? 0 : 3))],
  ['net.inet.tcp.rexmit_initial', choice((p, value) => (p.initialTimeout = value * MILLISECONDS))],
  ['net.inet.tcp.rexmit_slop', choice((p, value) => (p.timeoutSlop = value * MILLISECONDS))],
  ['net.inet.tcp.rfc1323', linux('tcp_window_scaling', 'tcp_timestamps')],
  ['net.inet.tcp.sack.enable', linux('tcp_sack')],
  ['net.inet.tcp.sendspace', buffer(1, 'tcp_wmem')],
  ['net.inet.tcp.syncookies', linux('tcp_syncookies')],
  ['net.inet.tcp.syncookies_only', nothing],
  ['net.inet.tcp.tolerate_missing_ts', nothing],
])

/** Sets a tunable by FreeBSD's name. Undefined when that was done; `false` for a name that is not FreeBSD's; else the reason why not. */
export function setFreebsdSysctl(stack: Stack, name: string, text: string): string | undefined | false {
  const setter = SETTERS.get(name)
  if (setter === undefined) return false
  const value = Number(text)
  return Number.isInteger(value) && value >= 0 ? setter(stack, value) : `${name}: ${text} is not an integer`
}

const firstReason = (reasons: readonly (string | undefined)[]): string | undefined =>
  reasons.find((reason) => reason !== undefined)
