import { controllerNames } from './controllers.ts'

/**
 * The `net.ipv4.*` tunables that TCP reads. Names, units and defaults are Linux's; where Linux scales a default with the machine's
 * memory, the value is fixed here.
 */
export class TcpSysctls {
  /** 1: a full accept queue answers the handshake's last ACK with a reset. */
  tcp_abort_on_overflow = 0
  /** What TCP_CONGESTION may choose. All that there are, since whoever uses a stack owns it; an operator may allow fewer. */
  tcp_allowed_congestion_control = controllerNames().join(' ')
  /** What there is; cannot be set. */
  tcp_available_congestion_control = controllerNames().join(' ')
  /** Challenge ACKs a second for the whole stack (RFC 5961 §7); Linux's default is no limit. */
  tcp_challenge_ack_limit = 0x7fffffff
  tcp_congestion_control = 'cubic'
  /** 1: the peer is told of what arrived twice (RFC 2883). */
  tcp_dsack = 1
  /** 3 or 4: tail-loss probes (RFC 8985 §7); 0: none. */
  tcp_early_retrans = 3
  /** 1: explicit congestion notification (RFC 3168) is asked for and agreed to; 2: only agreed to; 0: neither. */
  tcp_ecn = 2
  /** 1: a SYN that must be sent again does not ask for it. */
  tcp_ecn_fallback = 1
  /** 2: F-RTO (RFC 5682). */
  tcp_frto = 2
  /**
   * Fast Open (RFC 7413): 1 for clients, 2 for servers; 4 clients send data without a cookie, 0x200 servers take data without one, 0x400 every listener
   * takes Fast Opens.
   */
  tcp_fastopen = 1
  /** Seconds in which no Fast Open is tried after three time-outs in a row of one, doubled by each time it happens again; 0: that is not looked at. */
  tcp_fastopen_blackhole_timeout_sec = 0
  /** The server's key, and behind a comma the one before: each four words in hexadecimal, joined by dashes. Zeros: a random one. */
  tcp_fastopen_key = '00000000-00000000-00000000-00000000'
  /** Seconds that an orphan stays in FIN-WAIT-2. */
  tcp_fin_timeout = 60
  /** Payload with which the search for the path's MTU begins, bytes. */
  tcp_base_mss = 1024
  /** Milliseconds between two ACKs to invalid segments of one connection (RFC 5961 §7). */
  tcp_invalid_ratelimit = 500
  /** Seconds between keep-alive probes. */
  tcp_keepalive_intvl = 75
  tcp_keepalive_probes = 9
  /** Seconds of idleness before the first probe (MUST-27, MUST-28). */
  tcp_keepalive_time = 7200
  /** Connections that no socket holds any more. */
  tcp_max_orphans = 65536
  /** Handshakes in progress on one listener, without cookies; a quarter of it is kept free for peers known to be alive, of whom we keep no list. */
  tcp_max_syn_backlog = 1024
  tcp_max_tw_buckets = 65536
  /** Most segments that a path which reorders may make them. */
  tcp_max_reordering = 300
  /** All queues together, pages of 4,096 bytes: pressure ends, pressure begins, nothing more is given. Of the arena at most 3, 4, 6 eighths. */
  tcp_mem = [49152, 65536, 98304]
  /** Seconds after which the smallest round trip that was seen is forgotten. */
  tcp_min_rtt_wlen = 300
  /** Segments are not cut smaller than this, options included, bytes (CVE-2019-11479). */
  tcp_min_snd_mss = 48
  /** Least segments that leave together and end with PSH: Linux's smallest super-segment. */
  tcp_min_tso_segs = 2
  /** 1: the receive buffer grows with what is read, up to `tcp_rmem`. */
  tcp_moderate_rcvbuf = 1
  /** Least payload that a black hole brings us down to, bytes. */
  tcp_mtu_probe_floor = 48
  /** 1: a path that swallows large segments is found out (RFC 4821); 2: the largest size is searched for from the start; 0: neither. */
  tcp_mtu_probing = 0
  /** Unsent bytes from which on a connection is not writable; as good as none by default. */
  tcp_notsent_lowat = 0xffffffff
  /** Retransmissions before an orphan is given up; 0 means 8. */
  tcp_orphan_retries = 0
  /** What a sender is reckoned to pace at in slow start and beyond, percent of a window a round trip: how long its trains are. */
  tcp_pacing_ss_ratio = 200
  tcp_pacing_ca_ratio = 120
  /** Answers in a row that make a connection one with data in both directions, whose acknowledgements wait for the next. */
  tcp_pingpong_thresh = 1
  /** Seconds between two searches for the path's MTU, and bytes of uncertainty with which one is over. */
  tcp_probe_interval = 600
  tcp_probe_threshold = 8
  /** Retransmissions after which the path may be bad (R1, SHLD-10), as a time. */
  tcp_retries1 = 3
  /** Retransmissions before the connection is given up (R2), as a time: see `timeouts.ts`. */
  tcp_retries2 = 15
  tcp_rfc1337 = 0
  /** Receive buffer, bytes: minimum, default, maximum. */
  tcp_rmem = [4096, 131072, 6291456]
  /** Segments that may be overtaken before one is taken for lost, to begin with. */
  tcp_reordering = 3
  tcp_sack = 1
  /** 1: the congestion window falls back to the initial one after idling for a retransmission time-out. */
  tcp_slow_start_after_idle = 1
  /** 0: never; 1: when there is no room for a handshake, our SYN-ACK carries all that is to be remembered; 2: always. */
  tcp_syncookies = 1
  /** Retransmissions of a SYN-ACK. */
  tcp_synack_retries = 5
  /** Retransmissions of a SYN that are one second apart before back-off begins. */
  tcp_syn_linear_timeouts = 4
  /** Retransmissions of a SYN. */
  tcp_syn_retries = 6
  /** 1: timestamps (RFC 7323), their clock different for each pair of hosts; 2: the plain clock; 0: none. */
  tcp_timestamps = 1
  /** connect() may take a pair of ends in TIME-WAIT if timestamps were in use: 0 never, 1 always, 2 towards ourselves. */
  tcp_tw_reuse = 2
  /** Milliseconds that such a pair must have been silent. */
  tcp_tw_reuse_delay = 1000
  tcp_window_scaling = 1
  /** Send buffer, bytes: minimum, default, maximum. */
  tcp_wmem = [4096, 262144, 4194304]
  /** Time to live of what is sent (`net.ipv4.ip_default_ttl`). */
  ip_default_ttl = 64
  /** 1: new sockets do not discover path MTUs: their segments may be fragmented. */
  ip_no_pmtu_disc = 0
}
