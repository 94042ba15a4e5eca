import { type Duration, MILLISECOND, SECOND } from '../base/time.ts'

/** An option that a SYN may carry. */
export type SynOption = 'mss' | 'sackOK' | 'timestamps' | 'windowScale'

/**
 * Where stacks legitimately differ: the choices that RFCs leave open, as values. One per stack; whoever needs one reads it where it is used.
 * What a user tunes is a sysctl; a profile gives some of those another default.
 */
export interface TcpProfile {
  name: string
  /** Order of the options of a SYN; what was not agreed on is left out. */
  synOptions: readonly SynOption[]
  /** Options are aligned by NOPs in front of them; else the list is padded with zeros behind the last. */
  padsWithNops: boolean
  /** The window field is rounded up to the next step of its scale, else down. */
  roundsWindowUp: boolean
  /** Once the peer's segment size is known, the receive buffer grows to a multiple of it. */
  receivesWholeSegments: boolean
  /** Data is acceptable up to the end of the receive buffer, even where less was offered. */
  acceptsBeyondWindow: boolean
  /** SO_SNDBUF and SO_RCVBUF are twice what is asked for, as room for the stack's own overhead. */
  doublesBuffers: boolean
  /** Segments after the handshake that are acknowledged at once. */
  quickAcks: number
  delayedAck: Duration
  /** Every so many segments that leave together end with PSH; 0: PSH marks only what empties the send queue. */
  pushEvery: number
  /** The first time-out of a SYN, and what is added from the second on. */
  initialTimeout: Duration
  timeoutSlop: Duration
  /** SYNs that come `initialTimeout` apart before back-off begins. */
  linearSyns: number
  /** An open in progress ends after this; 0: after `tcp_syn_retries`. */
  openTimeout: Duration
  /** From this retransmission on a SYN carries only its MSS; 0: never. */
  plainSynFrom: number
  shortestTimeout: Duration
  /** A reset anywhere in the window is believed (RFC 9293 without RFC 5961 §3). */
  believesResets: boolean
  /** A SYN in the window resets the connection (RFC 793). */
  believesSyns: boolean
  /** Challenges and answers to invalid segments are rationed. */
  limitsChallenges: boolean
  /** A SYN with a FIN opens a connection. */
  acceptsSynFin: boolean
  /** A reset ends TIME-WAIT. */
  resetEndsTimeWait: boolean
  /** In TIME-WAIT a repeated segment within the window is answered. */
  answersInTimeWait: boolean
  /** Codes of "destination unreachable" that end an open in progress with a refusal; undefined: each with its own errno. */
  refusals: readonly number[] | undefined
  /** Sysctls with another default than Linux's. */
  sysctls: Readonly<Record<string, string>>
}

/** Linux 6. */
export const LINUX: Readonly<TcpProfile> = {
  name: 'linux',
  synOptions: ['mss', 'sackOK', 'timestamps', 'windowScale'],
  padsWithNops: true,
  roundsWindowUp: false,
  receivesWholeSegments: false,
  acceptsBeyondWindow: false,
  doublesBuffers: true,
  quickAcks: 16,
  delayedAck: 40 * MILLISECOND,
  pushEvery: 2,
  initialTimeout: SECOND,
  timeoutSlop: 0,
  linearSyns: 4,
  openTimeout: 0,
  plainSynFrom: 0,
  shortestTimeout: 200 * MILLISECOND,
  believesResets: false,
  believesSyns: false,
  limitsChallenges: true,
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
  padsWithNops: false,
  roundsWindowUp: true,
  receivesWholeSegments: true,
  acceptsBeyondWindow: true,
  doublesBuffers: false,
  quickAcks: 0,
  delayedAck: 40 * MILLISECOND,
  pushEvery: 0,
  initialTimeout: SECOND,
  timeoutSlop: 200 * MILLISECOND,
  linearSyns: 0,
  openTimeout: 75 * SECOND,
  plainSynFrom: 3,
  shortestTimeout: 230 * MILLISECOND,
  believesResets: false,
  believesSyns: false,
  limitsChallenges: false,
  acceptsSynFin: true,
  resetEndsTimeWait: false,
  answersInTimeWait: false,
  refusals: [2, 3, 9, 10, 13],
  sysctls: {
    tcp_rmem: '4096 65536 2097152',
    tcp_wmem: '4096 32768 2097152',
    tcp_keepalive_probes: '8',
    tcp_ecn: '2',
  },
}

/** All that there are, by name. */
export const PROFILES: ReadonlyMap<string, Readonly<TcpProfile>> = new Map(
  [LINUX, FREEBSD].map((profile) => [profile.name, profile]),
)
