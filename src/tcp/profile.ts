import { type Duration, MILLISECOND, SECOND } from '../base/time.ts'

/** An option that a SYN may carry. */
export type SynOption = 'mss' | 'sackOK' | 'timestamps' | 'windowScale'

/** Type and code of an ICMP error. */
export type IcmpErrorKind = readonly [type: number, code: number]

/**
 * Where stacks legitimately differ: the choices that RFCs leave open, as values. A stack has one, and whoever needs a value reads it there.
 * What a user tunes is a sysctl; a profile only gives some of those another default.
 */
export interface TcpProfile {
  readonly name: string
  /** Order of the options of a SYN; what was not agreed on is left out. */
  readonly synOptions: readonly SynOption[]
  /** SACK-permitted is aligned by NOPs in front of it; else zeros fill up behind the last option. */
  readonly padsSackWithNops: boolean
  /** The window field is rounded up to the next step of its scale, else down. */
  readonly roundsWindowUp: boolean
  /** Each segment offers all the room that there is; else the window grows by whole segments (RFC 9293 §3.8.6.2.2). */
  readonly offersAllRoom: boolean
  /** Once the peer's segment size is known, the receive buffer grows to a multiple of it. */
  readonly receivesWholeSegments: boolean
  /** Data is acceptable up to the end of the receive buffer, even where less was offered. */
  readonly acceptsBeyondWindow: boolean
  /** SO_SNDBUF and SO_RCVBUF are twice what is asked for, as room for overhead. */
  readonly doublesBuffers: boolean
  /** Segments after the handshake that are acknowledged at once. */
  readonly quickAcks: number
  /** Every second segment is acknowledged at once whatever its size, else every two full-sized ones. */
  readonly acksEverySecond: boolean
  delayedAck: Duration
  /** The delay follows the pace of the data, between `delayedAck` and 200 ms; else it is always the same. */
  readonly adaptsDelay: boolean
  /** Segments that leave together end with PSH (`tcp_min_tso_segs`); else PSH marks only the end of what was written. */
  readonly pushesBursts: boolean
  /** The time-out of a SYN. */
  initialTimeout: Duration
  /** Least value of RFC 6298's 4 * RTTVAR, least time-out, and what is added to each but a SYN's first. */
  readonly shortestVariation: Duration
  readonly shortestTimeout: Duration
  timeoutSlop: Duration
  readonly longestTimeout: Duration
  /** An open in progress ends after this; NEVER would be after `tcp_syn_retries`: 0. */
  openTimeout: Duration
  /** From this retransmission on a SYN carries only its MSS; 0: never. */
  plainSynFrom: number
  /** A SYN-ACK whose timestamps echo none of ours is answered with a reset, as one with a wrong ACK is. */
  readonly refusesStrangeEchoes: boolean
  /** A reset anywhere in the window is believed (RFC 9293 without RFC 5961 §3). */
  believesResets: boolean
  /** A SYN in the window ends the connection (RFC 793, without RFC 5961 §4). */
  believesSyns: boolean
  /** A SYN with a FIN opens a connection; the FIN is not kept. */
  acceptsSynFin: boolean
  /** A reset ends TIME-WAIT. */
  readonly resetEndsTimeWait: boolean
  /** In TIME-WAIT a segment within the window is answered. */
  readonly answersInTimeWait: boolean
  /** ICMP errors that refuse an open in progress, all others being soft; undefined: each unreachable ends it with its own reason. */
  refusals: readonly IcmpErrorKind[] | undefined
  /** Sysctls with another default than Linux's. */
  readonly sysctls: Readonly<Record<string, string>>
}

/** Linux 6. */
export const LINUX: Readonly<TcpProfile> = {
  name: 'linux',
  synOptions: ['mss', 'sackOK', 'timestamps', 'windowScale'],
  padsSackWithNops: true,
  roundsWindowUp: false,
  offersAllRoom: false,
  receivesWholeSegments: false,
  acceptsBeyondWindow: false,
  doublesBuffers: true,
  quickAcks: 16,
  acksEverySecond: false,
  delayedAck: 40 * MILLISECOND,
  adaptsDelay: true,
  pushesBursts: true,
  initialTimeout: SECOND,
  shortestVariation: 200 * MILLISECOND,
  shortestTimeout: 0,
  timeoutSlop: 0,
  longestTimeout: 120 * SECOND,
  openTimeout: 0,
  plainSynFrom: 0,
  refusesStrangeEchoes: true,
  believesResets: false,
  believesSyns: false,
  acceptsSynFin: false,
  resetEndsTimeWait: true,
  answersInTimeWait: true,
  refusals: undefined,
  sysctls: {},
}

/** FreeBSD 14. */
export const FREEBSD: Readonly<TcpProfile> = {
  name: 'freebsd',
  synOptions: ['mss', 'windowScale', 'sackOK', 'timestamps'],
  padsSackWithNops: false,
  roundsWindowUp: true,
  offersAllRoom: true,
  receivesWholeSegments: true,
  acceptsBeyondWindow: true,
  doublesBuffers: false,
  quickAcks: 0,
  acksEverySecond: true,
  delayedAck: 40 * MILLISECOND,
  adaptsDelay: false,
  pushesBursts: false,
  initialTimeout: SECOND,
  shortestVariation: 0,
  shortestTimeout: 30 * MILLISECOND,
  timeoutSlop: 200 * MILLISECOND,
  longestTimeout: 64 * SECOND,
  openTimeout: 75 * SECOND,
  plainSynFrom: 0,
  refusesStrangeEchoes: false,
  believesResets: false,
  believesSyns: false,
  acceptsSynFin: true,
  resetEndsTimeWait: false,
  answersInTimeWait: false,
  // Protocol and port unreachable, the three prohibitions, and a time to live that ran out on the way.
  refusals: [
    [3, 2],
    [3, 3],
    [3, 9],
    [3, 10],
    [3, 13],
    [11, 0],
  ],
  sysctls: {
    tcp_invalid_ratelimit: '0',
    tcp_keepalive_probes: '8',
    tcp_rmem: '4096 65536 2097152',
    tcp_syn_linear_timeouts: '0',
    tcp_syn_retries: '12',
    tcp_synack_retries: '3',
    tcp_wmem: '4096 32768 2097152',
  },
}

/** All that there are, by name. */
export const PROFILES: ReadonlyMap<string, Readonly<TcpProfile>> = new Map(
  [LINUX, FREEBSD].map((profile) => [profile.name, profile]),
)
