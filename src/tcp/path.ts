// hot path
import { type Instant, NEVER } from '../base/time.ts'
import { add, before, type Seq, toSeq } from '../wire/seq.ts'
import type { Connection } from './connection.ts'
import { initialWindow } from './initial-window.ts'
import type { Memo } from './memo.ts'
import { MtuSearch } from './mtu-search.ts'
import { optionsLength } from './options.ts'
import { isSynchronized } from './state.ts'

/** Bytes of the headers of IP and TCP without options. */
const HEADERS = 40

/**
 * How large packets to the peer may be: as the routes know it from routers (RFC 1191), and as probing finds it (RFC 4821). A router's word
 * against what was seen to get through counts only after a time-out (RFC 5927 §7.2).
 */
export class Path {
  /** Largest packet that the path takes as far as routers have said, bytes. */
  mtu: number
  /** Largest segment, headers of IP and TCP not counted. */
  mss: number
  /** Some router wants packets smaller than we let ourselves be told: they go without DF. */
  mayFragment = false
  readonly search = new MtuSearch()
  /** What the routes knew when they were last asked, and until when that holds. */
  #revision: number
  #until: Instant
  /** Payload of the largest segment that was acknowledged; and of one that is out, larger than that, with its end. */
  #proven = 0
  #trial = 0
  #trialEnd: Seq = toSeq(0)
  /** A router's claim that waits for a time-out; 0: none. */
  #claim = 0

  constructor(c: Connection, now: Instant) {
    const { paths } = c.tcp.host
    this.mtu = c.settings.usesPathMtu ? paths.mtuTo(c.remote, now) : paths.interfaceMtu
    this.mss = this.mtu - HEADERS
    this.mayFragment = c.settings.usesPathMtu && paths.mayFragmentTo(c.remote, now)
    this.#revision = paths.revision
    this.#until = paths.validUntil(c.remote, now)
  }

  /** The handshake is over. */
  begin(c: Connection, now: Instant): void {
    this.search.begin(c, now)
    this.#settle(c, now)
  }

  /** Before something is sent: has anybody learnt anything of the path, or is it time to forget that? */
  check(c: Connection, now: Instant): void {
    const { paths } = c.tcp.host
    if (this.#revision === paths.revision && now < this.#until) return
    this.#revision = paths.revision
    this.#until = c.settings.usesPathMtu ? paths.validUntil(c.remote, now) : NEVER
    if (!c.settings.usesPathMtu) return
    this.mayFragment = paths.mayFragmentTo(c.remote, now)
    const mtu = paths.mtuTo(c.remote, now)
    if (mtu === this.mtu) return
    this.mtu = mtu
    this.#settle(c, now)
  }

  /** "Fragmentation needed" about a segment of ours that is in flight. */
  tooBig(c: Connection, mtu: number, now: Instant): void {
    if (!c.settings.discoversPathMtu || !c.settings.usesPathMtu || mtu >= this.mtu) return
    const size = mtu - HEADERS - optionsLength(c.options, 0)
    if (this.#proven > Math.max(size, 0) && c.recovery.timeouts === 0) {
      this.#claim = mtu
      return
    }
    this.#believe(c, mtu, now)
  }

  /** Data was sent in segments of `size` bytes, from `seq` on, and the first of them is full. */
  sentFull(seq: Seq, size: number): void {
    if (this.#trial > 0 || size <= this.#proven) return
    this.#trial = size
    this.#trialEnd = add(seq, size)
  }

  /** SND.UNA has moved: what was claimed of the path meanwhile is refuted. */
  acknowledged(c: Connection, now: Instant): void {
    this.#claim = 0
    if (this.#trial > 0 && !before(c.send.una, this.#trialEnd)) {
      this.#proven = this.#trial
      this.#trial = 0
    }
    if (this.search.isProven(c)) this.#settle(c, now)
  }

  /** The retransmission timer expired; `isDoubtful`: R1 has been reached. */
  timedOut(c: Connection, isDoubtful: boolean, now: Instant): void {
    if (this.#claim > 0) this.#believe(c, this.#claim, now)
    if (isDoubtful && this.search.doubtPath(c, now)) this.#settle(c, now)
  }

  #believe(c: Connection, mtu: number, now: Instant): void {
    this.#claim = 0
    c.tcp.host.paths.learn(c.remote, mtu, now)
    this.check(c, now)
    c.speak()
  }

  /** Works out the segment size anew; what is out and too large for it goes again (RFC 1191 §6.4). */
  #settle(c: Connection, now: Instant): void {
    this.search.limit(this.mtu)
    const mss = Math.min(this.mtu - HEADERS, this.search.mss)
    if (mss === this.mss) return
    const isNarrower = mss < this.mss
    this.mss = mss
    if (!isSynchronized(c.state)) return
    c.congestion.resize(c.segmentSize, initialWindow(c.segmentSize))
    if (!isNarrower) return
    this.#trial = 0
    this.#proven = 0
    c.recovery.resendAll(c, now)
  }

  /** See `rest.ts`. Nothing is out as a trial. */
  carry(memo: Memo): void {
    this.mtu = memo.number(this.mtu)
    this.mss = memo.number(this.mss)
    this.mayFragment = memo.flag(this.mayFragment)
    this.#revision = memo.number(this.#revision)
    this.#until = memo.instant(this.#until)
    this.#proven = memo.number(this.#proven)
    this.#trial = memo.number(this.#trial)
    this.#trialEnd = memo.seq(this.#trialEnd)
    this.#claim = memo.number(this.#claim)
    this.search.carry(memo)
  }
}
