import { controllerNames } from '../tcp/controllers.ts'

const INT_MAX = 0x7fffffff

/** Least and greatest value of keys whose range is not 0 to 2^31 - 1; of each of its numbers, where a key has several. */
const RANGES: Record<string, readonly [number, number]> = {
  icmp_echo_ignore_all: [0, 1],
  icmp_echo_ignore_broadcasts: [0, 1],
  ip_default_ttl: [1, 255],
  ip_local_port_range: [1, 65535],
  min_pmtu: [68, INT_MAX],
  ip_no_pmtu_disc: [0, 1],
  ipfrag_time: [1, INT_MAX],
  rmem_default: [256, INT_MAX],
  rmem_max: [256, INT_MAX],
  wmem_default: [256, INT_MAX],
  wmem_max: [256, INT_MAX],
  tcp_abort_on_overflow: [0, 1],
  tcp_dsack: [0, 1],
  tcp_ecn: [0, 2],
  tcp_ecn_fallback: [0, 1],
  tcp_fin_timeout: [1, INT_MAX],
  tcp_keepalive_intvl: [1, INT_MAX],
  tcp_keepalive_probes: [0, 255],
  tcp_keepalive_time: [1, INT_MAX],
  tcp_min_tso_segs: [1, 65535],
  tcp_min_rtt_wlen: [0, 86400],
  tcp_min_snd_mss: [48, 65535],
  tcp_moderate_rcvbuf: [0, 1],
  tcp_mtu_probing: [0, 2],
  tcp_notsent_lowat: [0, 0xffffffff],
  tcp_orphan_retries: [0, 255],
  tcp_pacing_ca_ratio: [0, 1000],
  tcp_pacing_ss_ratio: [0, 1000],
  tcp_pingpong_thresh: [1, 255],
  tcp_retries1: [0, 255],
  tcp_retries2: [0, 255],
  tcp_rfc1337: [0, 1],
  tcp_rmem: [1, INT_MAX],
  tcp_sack: [0, 1],
  tcp_slow_start_after_idle: [0, 1],
  tcp_syn_linear_timeouts: [0, 127],
  tcp_syn_retries: [1, 127],
  tcp_synack_retries: [0, 255],
  tcp_syncookies: [0, 2],
  tcp_timestamps: [0, 2],
  tcp_tw_reuse: [0, 2],
  tcp_tw_reuse_delay: [1, INT_MAX],
  tcp_window_scaling: [0, 1],
  tcp_wmem: [1, INT_MAX],
}

/** Keys whose numbers must not descend. */
const ASCENDING = new Set(['ip_local_port_range', 'tcp_mem', 'tcp_rmem', 'tcp_wmem', 'udp_mem'])

/** Keys whose text has a form: what it is, and in words. */
const FORMS: Record<string, readonly [RegExp, string]> = {
  tcp_fastopen_key: [
    /^[0-9a-f]{8}(-[0-9a-f]{8}){3}(,[0-9a-f]{8}(-[0-9a-f]{8}){3})?$/i,
    'four words of eight hexadecimal digits, joined by dashes, and behind a comma perhaps four more',
  ],
}

/** Keys that take one of some words; and those that take several. */
const WORDS: Record<string, () => readonly string[]> = {
  tcp_allowed_congestion_control: controllerNames,
  tcp_congestion_control: controllerNames,
}
const LISTS = new Set(['tcp_allowed_congestion_control', 'tcp_available_congestion_control'])

/** Keys that only tell. */
const READ_ONLY = new Set(['tcp_available_congestion_control'])

/** The key's text is a list of words. */
export const isList = (field: string): boolean => LISTS.has(field)

/** Undefined when the key (without its prefix) may have the value, else the reason why not. */
export function checkValue(field: string, value: number | string | readonly number[]): string | undefined {
  if (READ_ONLY.has(field)) return 'is read-only'
  if (typeof value === 'string') {
    const form = FORMS[field]
    if (form !== undefined) return form[0].test(value) ? undefined : `must be ${form[1]}`
    const words = WORDS[field]?.()
    if (words === undefined || value.split(' ').every((word) => words.includes(word))) return undefined
    return `must be one of ${words.join(', ')}`
  }
  const [least, greatest] = RANGES[field] ?? [0, INT_MAX]
  const numbers = typeof value === 'number' ? [value] : value
  if (numbers.some((n) => n < least || n > greatest)) return `must be from ${least} to ${greatest}`
  const isDescending = numbers.some((n, i) => i > 0 && n < numbers[i - 1]!)
  if (ASCENDING.has(field) && isDescending) return 'the numbers must not descend'
  return undefined
}
