import { putInt32, putInt64 } from './option-values.ts'

/**
 * Linux's struct tcp_info (`<linux/tcp.h>`): each field's name, offset in bytes, width in bits, and its first bit for those that share a byte.
 * What each says is in docs/tcp-info.md.
 */
const LAYOUT = [
  ['tcpi_state', 0, 8],
  ['tcpi_ca_state', 1, 8],
  ['tcpi_retransmits', 2, 8],
  ['tcpi_probes', 3, 8],
  ['tcpi_backoff', 4, 8],
  ['tcpi_options', 5, 8],
  ['tcpi_snd_wscale', 6, 4, 0],
  ['tcpi_rcv_wscale', 6, 4, 4],
  ['tcpi_delivery_rate_app_limited', 7, 1, 0],
  ['tcpi_fastopen_client_fail', 7, 2, 1],
  ['tcpi_rto', 8, 32],
  ['tcpi_ato', 12, 32],
  ['tcpi_snd_mss', 16, 32],
  ['tcpi_rcv_mss', 20, 32],
  ['tcpi_unacked', 24, 32],
  ['tcpi_sacked', 28, 32],
  ['tcpi_lost', 32, 32],
  ['tcpi_retrans', 36, 32],
  ['tcpi_fackets', 40, 32],
  ['tcpi_last_data_sent', 44, 32],
  ['tcpi_last_ack_sent', 48, 32],
  ['tcpi_last_data_recv', 52, 32],
  ['tcpi_last_ack_recv', 56, 32],
  ['tcpi_pmtu', 60, 32],
  ['tcpi_rcv_ssthresh', 64, 32],
  ['tcpi_rtt', 68, 32],
  ['tcpi_rttvar', 72, 32],
  ['tcpi_snd_ssthresh', 76, 32],
  ['tcpi_snd_cwnd', 80, 32],
  ['tcpi_advmss', 84, 32],
  ['tcpi_reordering', 88, 32],
  ['tcpi_rcv_rtt', 92, 32],
  ['tcpi_rcv_space', 96, 32],
  ['tcpi_total_retrans', 100, 32],
  ['tcpi_pacing_rate', 104, 64],
  ['tcpi_max_pacing_rate', 112, 64],
  ['tcpi_bytes_acked', 120, 64],
  ['tcpi_bytes_received', 128, 64],
  ['tcpi_segs_out', 136, 32],
  ['tcpi_segs_in', 140, 32],
  ['tcpi_notsent_bytes', 144, 32],
  ['tcpi_min_rtt', 148, 32],
  ['tcpi_data_segs_in', 152, 32],
  ['tcpi_data_segs_out', 156, 32],
  ['tcpi_delivery_rate', 160, 64],
  ['tcpi_busy_time', 168, 64],
  ['tcpi_rwnd_limited', 176, 64],
  ['tcpi_sndbuf_limited', 184, 64],
  ['tcpi_delivered', 192, 32],
  ['tcpi_delivered_ce', 196, 32],
  ['tcpi_bytes_sent', 200, 64],
  ['tcpi_bytes_retrans', 208, 64],
  ['tcpi_dsack_dups', 216, 32],
  ['tcpi_reord_seen', 220, 32],
  ['tcpi_rcv_ooopack', 224, 32],
  ['tcpi_snd_wnd', 228, 32],
  ['tcpi_rcv_wnd', 232, 32],
  ['tcpi_rehash', 236, 32],
  ['tcpi_total_rto', 240, 16],
  ['tcpi_total_rto_recoveries', 242, 16],
  ['tcpi_total_rto_time', 244, 32],
] as const

/** Bytes of the struct as Linux 6.18 has it: AccECN's counters behind `tcpi_total_rto_time` are 0. */
export const TCP_INFO_LENGTH = 280

export type TcpInfoField = (typeof LAYOUT)[number][0]

/** What TCP_INFO tells, by Linux's names. */
export type TcpInfo = Record<TcpInfoField, number>

/** All fields 0. */
export const emptyTcpInfo = (): TcpInfo =>
  Object.fromEntries(LAYOUT.map(([name]) => [name, 0] as const)) as TcpInfo

/** The struct's bytes, little-endian. */
export function encodeTcpInfo(info: TcpInfo): Uint8Array {
  const bytes = new Uint8Array(TCP_INFO_LENGTH)
  for (const [name, at, bits, shift = 0] of LAYOUT) {
    const value = info[name]
    if (bits === 64) putInt64(bytes, at, value)
    else if (bits === 32) putInt32(bytes, at, value)
    else if (bits === 16) {
      bytes[at] = value
      bytes[at + 1] = value >> 8
    } else bytes[at]! |= (value & ((1 << bits) - 1)) << shift
  }
  return bytes
}

/** Names, offsets and widths, for whoever reads or documents the struct. */
export const tcpInfoLayout = (): readonly { name: TcpInfoField; offset: number; bits: number }[] =>
  LAYOUT.map(([name, offset, bits]) => ({ name, offset, bits }))
