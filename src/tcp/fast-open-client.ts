import { type Duration, type Instant, SECOND } from '../base/time.ts'
import { add, after, distance, later } from '../wire/seq.ts'
import type { Segment } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'
import { FastOpenCookie } from './fast-open-cookie.ts'
import { FastOpen, FastOpenFailure } from './fast-open-state.ts'
import type { TcpHost } from './host.ts'

/** Bits of `tcp_fastopen` that concern a client. */
const CLIENT = 1
const NO_COOKIE = 4

/** Servers whose cookies are remembered, and of whose ports it is known that SYNs with data do not get there. */
export const MOST_SERVERS = 1024
/** Room for options that somebody on the path may add to a SYN, as Linux leaves it. */
const SPARE = 40
/** RFC 7413 §4.1.3: more might be fragmented, or confuse somebody. */
const MOST_DATA = 1460
/** For how long a lost SYN keeps us from sending data to a port; doubled by each that follows, 64 times at most. */
const PAUSE: Duration = 60 * SECOND
const DOUBLINGS = 6
/** Time-outs in a row after which Fast Open is taken to be broken on the way to anybody (Linux's third). */
const BLACK_HOLE_TIMEOUTS = 3

interface Known {
  readonly cookie: FastOpenCookie
  mss: number
}

interface Pause {
  until: Instant
  losses: number
}

/** What Fast Opens of ours have taught (RFC 7413 §4.1.3): the cookies of servers, and where SYNs with data get lost. Both bounded. */
export class FastOpenClient {
  readonly #host: TcpHost
  /** By address, the one longest unused first. */
  readonly #known = new Map<number, Known>()
  /** By address and port. */
  readonly #pauses = new Map<number, Pause>()
  #brokenUntil: Instant = 0
  #brokenTimes = 0

  constructor(host: TcpHost) {
    this.#host = host
  }

  get isEnabled(): boolean {
    return (this.#host.sysctl.tcp_fastopen & CLIENT) !== 0
  }

  /** Servers that have given us a cookie. */
  get size(): number {
    return this.#known.size
  }

  /** What an open of ours to this port is to carry. `needsNoCookie`: the user knows the server (TCP_FASTOPEN_NO_COOKIE). */
  begin(remote: number, port: number, needsNoCookie: boolean, now: Instant): FastOpen {
    const begun = new FastOpen()
    const known = this.#known.get(remote)
    if (this.#isPaused(remote, port, now)) return begun
    if (known !== undefined) begun.cookie.copyFrom(known.cookie)
    else begun.cookie.length = 0 // RFC 7413 §4.2.1: asks for one
    const isTrusted = needsNoCookie || (this.#host.sysctl.tcp_fastopen & NO_COOKIE) !== 0
    if (isTrusted) begun.cookie.length = -1
    if (known !== undefined || isTrusted) {
      const mss = Math.min(known?.mss ?? MOST_DATA, MOST_DATA, this.#host.paths.mtuTo(remote, now) - 40)
      begun.mostData = Math.max(0, mss - SPARE)
    } else begun.failure = FastOpenFailure.NoCookie
    return begun
  }

  /** The SYN-ACK is here: its cookie is kept, and what it acknowledges of the SYN's data is as good as sent. */
  answered(c: Connection, seg: Segment): void {
    const begun = c.fastOpen!
    if (seg.fastOpenLength > 0) this.#learn(c.remote, c.options.sendMss, seg)
    if (begun.dataSent === 0) return
    const { counters } = this.#host
    if (!after(seg.ack, add(c.send.iss, 1))) {
      begun.failure = c.synRetransmits > 0 ? FastOpenFailure.SynLost : FastOpenFailure.NotAcknowledged
      counters.TCPFastOpenActiveFail++
      return
    }
    counters.TCPFastOpenActive++
    begun.isDataAcknowledged = true
    c.send.nxt = later(c.send.nxt, seg.ack)
    c.send.pushed = c.send.nxt
    c.statistics.dataSegmentsOut++
    c.statistics.dataOctetsOut += distance(add(c.send.iss, 1), seg.ack)
    this.#pauses.delete(pausedKey(c.remote, c.remotePort))
    this.#brokenTimes = 0
  }

  /** The SYN, or what followed it, was not answered in time, `times` in a row. RFC 7413 §4.1.3.1: a pause, towards this port at first. */
  timedOut(c: Connection, times: number, now: Instant): void {
    const begun = c.fastOpen!
    if (begun.dataSent === 0 && begun.cookie.length < 0) return
    if (times === 1 && c.state === 'SYN-SENT') this.#pause(c.remote, c.remotePort, now)
    if (times === BLACK_HOLE_TIMEOUTS) this.#break(now)
  }

  #learn(remote: number, mss: number, seg: Segment): void {
    const known = this.#known.get(remote) ?? { cookie: new FastOpenCookie(), mss }
    known.cookie.take(seg)
    known.mss = mss
    putBounded(this.#known, remote, known)
  }

  #pause(remote: number, port: number, now: Instant): void {
    const key = pausedKey(remote, port)
    const losses = this.#pauses.get(key)?.losses ?? 0
    const until = now + PAUSE * 2 ** Math.min(losses, DOUBLINGS)
    putBounded(this.#pauses, key, { until, losses: losses + 1 })
  }

  /** `tcp_fastopen_blackhole_timeout_sec`, doubled by each time that it did not help; 0: never. */
  #break(now: Instant): void {
    const { counters, sysctl } = this.#host
    if (sysctl.tcp_fastopen_blackhole_timeout_sec === 0) return
    const factor = 2 ** Math.min(this.#brokenTimes++, DOUBLINGS)
    this.#brokenUntil = now + factor * sysctl.tcp_fastopen_blackhole_timeout_sec * SECOND
    counters.TCPFastOpenBlackhole++
  }

  #isPaused(remote: number, port: number, now: Instant): boolean {
    if (now < this.#brokenUntil) return true
    const pause = this.#pauses.get(pausedKey(remote, port))
    return pause !== undefined && now < pause.until
  }
}

const pausedKey = (remote: number, port: number): number => (remote >>> 0) * 0x10000 + port

/** Sets the key as the one used last; the one used longest ago makes room for it. */
function putBounded<T>(map: Map<number, T>, key: number, value: T): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= MOST_SERVERS) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}
