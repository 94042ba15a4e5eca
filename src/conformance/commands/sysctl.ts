import type { Stack } from '../../stack/stack.ts'
import { setFreebsdSysctl } from './freebsd-sysctls.ts'

/** Keys of Linux that this stack has no use for yet: setting one changes nothing. */
export const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'tcp_adv_win_scale',
  'tcp_app_win',
  'tcp_autocorking',
  'tcp_backlog_ack_defer',
  'tcp_comp_sack_delay_ns',
  'tcp_comp_sack_nr',
  'tcp_comp_sack_slack_ns',
  'tcp_early_demux',
  'tcp_ecn_option',
  'tcp_fack',
  'tcp_l3mdev_accept',
  'tcp_limit_output_bytes',
  'tcp_low_latency',
  'tcp_no_metrics_save',
  'tcp_no_ssthresh_metrics_save',
  'tcp_recovery',
  'tcp_reflect_tos',
  'tcp_retrans_collapse',
  'tcp_rto_min_us',
  'tcp_shrink_window',
  'tcp_stdurg',
  'tcp_thin_linear_timeouts',
  'tcp_tso_rtt_log',
  'tcp_tso_win_divisor',
  'tcp_workaround_signed_windows',
])

/** Sets a tunable by its name or by its path under /proc/sys. Undefined when that was done, else the reason why not. */
export function setSysctl(stack: Stack, name: string, text: string): string | undefined {
  const key = nameOf(name)
  const reason = setFreebsdSysctl(stack, key, text)
  if (reason !== false) return reason
  if (stack.sysctls.get(key) !== undefined) return stack.sysctls.set(key, decimal(text))
  return isAbsent(name) ? undefined : `${key}: no such key`
}

/** Known to Linux, and without an effect here. */
export function isAbsent(name: string): boolean {
  const key = nameOf(name)
  return WITHOUT_EFFECT.has(key.slice(key.lastIndexOf('.') + 1)) || key.startsWith('net.core.')
}

const nameOf = (name: string): string => name.replace(/^\/proc\/sys\//, '').replaceAll('/', '.')

/** Linux reads hexadecimal numbers, too. */
const decimal = (text: string): string => (/^0x[0-9a-f]+$/i.test(text.trim()) ? String(Number(text)) : text)
