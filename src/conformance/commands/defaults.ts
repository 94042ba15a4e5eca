import type { Stack } from '../../stack/stack.ts'
import { setSysctl } from './sysctl.ts'

/** What the public suite's common set-up gives every script. */
const DEFAULTS: readonly (readonly [string, string])[] = [
  ['tcp_rmem', '4096 540000 15728640'],
  ['tcp_wmem', '4096 262144 4194304'],
  ['tcp_timestamps', '1'],
  ['tcp_syn_retries', '5'],
  ['tcp_synack_retries', '5'],
  ['tcp_frto', '2'],
  ['tcp_sack', '1'],
  ['tcp_dsack', '1'],
  ['tcp_fack', '0'],
  ['tcp_reordering', '3'],
  ['tcp_congestion_control', 'cubic'],
  ['tcp_slow_start_after_idle', '0'],
  ['tcp_early_retrans', '4'],
  ['tcp_recovery', '1'],
  ['tcp_tso_win_divisor', '3'],
  ['tcp_ecn', '0'],
  ['tcp_ecn_option', '2'],
  ['tcp_pacing_ss_ratio', '200'],
  ['tcp_pacing_ca_ratio', '120'],
  ['tcp_notsent_lowat', '4294967295'],
  ['tcp_fastopen', '0x70403'],
  ['tcp_syncookies', '1'],
]

/** `defaults.sh`. What this stack has not, or not with that value, stays as it is. */
export function defaults(stack: Stack): void {
  for (const [name, value] of DEFAULTS) setSysctl(stack, `net.ipv4.${name}`, value)
}
