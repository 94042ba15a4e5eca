import { type Instant, MILLISECOND } from '../base/time.ts'
import { INFINITE_THRESHOLD, type Phase } from '../tcp/congestion.ts'
import type { Connection } from '../tcp/connection.ts'
import { rateOf } from '../tcp/pacer.ts'
import { RTO_INITIAL } from '../tcp/rtt.ts'
import { announcedMss } from '../tcp/segments.ts'
import type { State } from '../tcp/state.ts'
import type { StreamSocket } from './stream-socket.ts'
import { emptyTcpInfo, type TcpInfo } from './tcp-info-layout.ts'

/** Linux's numbers of the states. */
const STATES: Readonly<Record<State, number>> = {
  ESTABLISHED: 1,
  'SYN-SENT': 2,
  'SYN-RECEIVED': 3,
  'FIN-WAIT-1': 4,
  'FIN-WAIT-2': 5,
  'TIME-WAIT': 6,
  CLOSED: 7,
  'CLOSE-WAIT': 8,
  'LAST-ACK': 9,
  LISTEN: 10,
  CLOSING: 11,
}

/** Linux's numbers of the phases of congestion control: Open, Disorder, CWR, Recovery, Loss. */
const PHASES: Readonly<Record<Phase, number>> = { open: 0, disorder: 1, reduction: 2, recovery: 3, loss: 4 }

const Option = { Timestamps: 1, Sack: 2, WindowScale: 4, Ecn: 8, EcnSeen: 16, SynData: 32 } as const

/** Segments of the congestion window before there is a connection. */
const INITIAL_WINDOW = 10
const DEFAULT_MSS = 536
const DEFAULT_REORDERING = 3

/** TCP_INFO as a record: what each field says is in docs/tcp-info.md. */
export function tcpInfo(s: StreamSocket): TcpInfo {
  const info = emptyTcpInfo()
  info.tcpi_state = STATES.CLOSED
  info.tcpi_reordering = DEFAULT_REORDERING
  info.tcpi_snd_cwnd = INITIAL_WINDOW
  if (s.listener !== undefined) {
    info.tcpi_state = STATES.LISTEN
    info.tcpi_unacked = s.listener.queued
    info.tcpi_sacked = s.listener.backlog
    return info
  }
  info.tcpi_snd_ssthresh = INFINITE_THRESHOLD
  info.tcpi_snd_mss = DEFAULT_MSS
  info.tcpi_rto = RTO_INITIAL
  if (s.connection !== undefined) fill(info, s.connection, s.now)
  return info
}

function fill(info: TcpInfo, c: Connection, now: Instant): void {
  info.tcpi_state = STATES[c.state]
  describeOptions(info, c)
  describeSending(info, c)
  describeReceiving(info, c)
  describeTimes(info, c, now)
}

function describeOptions(info: TcpInfo, c: Connection): void {
  const { options } = c
  if (options.timestamps) info.tcpi_options |= Option.Timestamps
  if (options.sack) info.tcpi_options |= Option.Sack
  if (options.ecn) info.tcpi_options |= c.ecn.hasSeen ? Option.Ecn | Option.EcnSeen : Option.Ecn
  if (c.fastOpen !== undefined) {
    if (c.fastOpen.isDataAcknowledged) info.tcpi_options |= Option.SynData
    info.tcpi_fastopen_client_fail = c.fastOpen.failure
  }
  if (!options.windowScaling) return
  info.tcpi_options |= Option.WindowScale
  info.tcpi_snd_wscale = options.sendShift
  info.tcpi_rcv_wscale = options.receiveShift
}

function describeSending(info: TcpInfo, c: Connection): void {
  const { send, recovery, congestion, statistics, segmentSize } = c
  const { board, losses } = recovery
  info.tcpi_ca_state = PHASES[recovery.phase]
  info.tcpi_retransmits = Math.max(recovery.timeouts, c.state === 'SYN-SENT' ? c.synRetransmits : 0)
  info.tcpi_probes = c.probes
  info.tcpi_backoff = c.rtt.backoff
  info.tcpi_snd_mss = segmentSize
  info.tcpi_unacked = inSegments(send.flight - (send.isFinSent && send.flight > 1 ? 1 : 0), segmentSize)
  info.tcpi_sacked = c.options.sack ? inSegments(board.sacked, segmentSize) : losses.duplicates
  info.tcpi_lost = inSegments(board.lost, segmentSize)
  info.tcpi_retrans = inSegments(board.resent, segmentSize)
  info.tcpi_reordering = losses.threshold
  info.tcpi_reord_seen = losses.reorderings
  info.tcpi_dsack_dups = losses.duplicateReports
  info.tcpi_pmtu = c.path.mtu
  if (congestion.window > 0) info.tcpi_snd_cwnd = Math.floor(congestion.window / segmentSize)
  if (congestion.threshold < INFINITE_THRESHOLD)
    info.tcpi_snd_ssthresh = Math.floor(congestion.threshold / segmentSize)
  info.tcpi_pacing_rate = Math.floor(rateOf(c))
  info.tcpi_max_pacing_rate = c.settings.maxPacingRate
  info.tcpi_delivery_rate = Math.floor(recovery.rate.latest)
  info.tcpi_delivery_rate_app_limited = Number(recovery.rate.isLatestLimited)
  info.tcpi_total_retrans = c.retransmits + c.synRetransmits
  info.tcpi_bytes_acked = c.bytesAcked
  info.tcpi_segs_out = c.segmentsOut
  info.tcpi_notsent_bytes = send.unsent
  info.tcpi_data_segs_out = statistics.dataSegmentsOut
  info.tcpi_delivered = statistics.delivered
  info.tcpi_delivered_ce = statistics.deliveredMarked
  info.tcpi_bytes_sent = statistics.dataOctetsOut
  info.tcpi_bytes_retrans = c.bytesRetransmitted
  info.tcpi_snd_wnd = send.wnd
  info.tcpi_total_rto = statistics.timeouts
  info.tcpi_total_rto_recoveries = statistics.timeoutRuns
}

function describeReceiving(info: TcpInfo, c: Connection): void {
  const { receive, statistics } = c
  info.tcpi_rcv_mss = receive.segmentSize
  info.tcpi_rcv_ssthresh = Math.min(receive.limit, receive.clamp)
  info.tcpi_advmss = announcedMss(c.tcp.host, c.settings) - (c.options.timestamps ? 12 : 0)
  info.tcpi_bytes_received = c.bytesReceived
  info.tcpi_segs_in = c.segmentsIn
  info.tcpi_data_segs_in = statistics.dataSegmentsIn
  info.tcpi_rcv_ooopack = statistics.outOfOrderSegments
  info.tcpi_rcv_wnd = receive.wnd
  info.tcpi_rcv_rtt = Math.floor(c.receiveSpace.rtt)
  info.tcpi_rcv_space = c.receiveSpace.read
}

function describeTimes(info: TcpInfo, c: Connection, now: Instant): void {
  const { rtt, statistics } = c
  info.tcpi_rto = rtt.timeout
  info.tcpi_ato = c.ackDelay.timeout
  info.tcpi_rtt = rtt.smoothed
  info.tcpi_rttvar = rtt.variation
  info.tcpi_min_rtt = rtt.minimum
  info.tcpi_last_data_sent = milliseconds(now - statistics.dataOutAt)
  info.tcpi_last_data_recv = milliseconds(now - statistics.dataInAt)
  info.tcpi_last_ack_recv = milliseconds(now - c.heardAt)
  info.tcpi_busy_time = Math.floor(statistics.busyTime(now))
  info.tcpi_rwnd_limited = Math.floor(statistics.peerWindowTime(now))
  info.tcpi_sndbuf_limited = Math.floor(statistics.sendBufferTime(now))
  const running = c.recovery.timeouts > 0 ? now - c.recovery.stalledSince : 0
  info.tcpi_total_rto_time = milliseconds(statistics.timeoutTime + running)
}

/** TCP counts bytes, the struct full segments. */
const inSegments = (bytes: number, segmentSize: number): number =>
  bytes <= 0 ? 0 : Math.ceil(bytes / segmentSize)

const milliseconds = (time: number): number => Math.floor(time / MILLISECOND)
