import { type Duration, type Instant, MILLISECOND, NEVER } from '../base/time.ts'
import type { Connection } from './connection.ts'
import { sendReset } from './reset.ts'
import { RTO_MAX, RTO_MIN } from './rtt.ts'
import { TIME_WAIT_LENGTH } from './time-wait.ts'
import { Timer } from './timers.ts'

/** RFC 9293 §3.10.8: whatever of `c`'s timers is due. */
export function timeouts(c: Connection, now: Instant): void {
  if (c.timers.take(Timer.DelayedAck, now)) delayedAck(c)
  if (c.timers.take(Timer.Pace, now)) c.speak()
  if (c.timers.take(Timer.Reorder, now)) reorderingTimeout(c, now)
  if (c.timers.take(Timer.TailLoss, now)) c.tailProbe.expired(c, now)
  if (c.timers.take(Timer.Retransmit, now)) retransmissionTimeout(c, now)
  if (c.timers.take(Timer.Persist, now)) persistTimeout(c, now)
  if (c.timers.take(Timer.Keepalive, now)) keepAliveTimeout(c, now)
  if (c.timers.take(Timer.FinWait2, now)) c.tcp.leaveFinWait2(c, now, TIME_WAIT_LENGTH)
}

function delayedAck(c: Connection): void {
  if (!c.acks.delayed) return
  c.tcp.host.counters.DelayedACKs++
  c.ackDelay.expired(c)
  c.acks.oweNow()
  c.speak()
}

function reorderingTimeout(c: Connection, now: Instant): void {
  c.recovery.reorderingTimeout(c, now)
  armReordering(c, now)
  c.speak()
}

/** Arms the timer after which RACK looks again at what it could not yet judge. */
export function armReordering(c: Connection, now: Instant): void {
  const { reorderingDelay } = c.recovery.losses
  if (reorderingDelay > 0) c.timers.arm(Timer.Reorder, now, reorderingDelay + MILLISECOND)
  else c.timers.cancel(Timer.Reorder)
}

function retransmissionTimeout(c: Connection, now: Instant): void {
  if (c.state === 'SYN-SENT' || c.send.isSynOutstanding) {
    synTimeout(c, now)
    return
  }
  const { send, recovery, rtt } = c
  if (send.flight === 0) return
  // A peer that shrank its window to nothing and still answers is not dead (SHLD-17).
  const isHeld = send.wnd === 0 && now - c.heardAt < RTO_MAX
  if (recovery.timeouts > 0 && !isHeld && isGivenUp(c, now)) {
    giveUp(c)
    return
  }
  const isDoubtful =
    recovery.timeouts > 0 && now - recovery.stalledSince >= backoffTime(c.tcp.host.sysctl.tcp_retries1)
  if (isDoubtful) doubtPath(c)
  c.path.timedOut(c, isDoubtful, now)
  c.tcp.host.counters.TCPTimeouts++
  if (recovery.timeouts === 0) countFailure(c)
  recovery.timeout(c, now)
  c.statistics.timeouts++
  if (recovery.timeouts === 1) c.statistics.timeoutRuns++
  noteFastOpenTimeout(c, recovery.timeouts, now)
  rtt.backoff++ // RFC 6298 §5.5, §5.6
  c.timers.arm(Timer.Retransmit, now, clampToUserTimeout(c, rtt.timeout, recovery.stalledSince, now))
  c.speak()
}

/** What the first time-out of a segment says of the repair that was under way. */
function countFailure(c: Connection): void {
  const { counters } = c.tcp.host
  const { phase, board, losses } = c.recovery
  const { sack } = c.options
  if (phase === 'loss') counters.TCPLossFailures++
  else if (phase === 'recovery') counters[sack ? 'TCPSackRecoveryFail' : 'TCPRenoRecoveryFail']++
  else if (phase === 'disorder' || board.sacked > 0 || losses.duplicates > 0)
    counters[sack ? 'TCPSackFailures' : 'TCPRenoFailures']++
}

/** R1 (MUST-20): the path may be bad. Whoever asks for the socket's error learns of it (SHLD-9), until something goes through. */
function doubtPath(c: Connection): void {
  if (c.softError !== undefined) return
  c.tcp.host.counters.TCPRetries1++
  c.softError = 'timeout'
  c.notify()
}

/** Begins an open by us, which has said nothing yet. */
export function sayFirstSyn(c: Connection, now: Instant): void {
  c.send.owesSyn = true
  c.timers.arm(Timer.Retransmit, now, c.rtt.timeout)
  c.speak()
}

function noteFastOpenTimeout(c: Connection, times: number, now: Instant): void {
  if (c.isActive && c.fastOpen !== undefined) c.tcp.fastOpen.timedOut(c, times, now)
}

/** SYNs: `tcp_syn_linear_timeouts` a second apart, then doubling, `synRetries` of these (MUST-22). */
function synTimeout(c: Connection, now: Instant): void {
  if (c.send.nxt === c.send.iss) {
    sayFirstSyn(c, now) // the quiet time is over
    return
  }
  const { sysctl } = c.tcp.host
  const linear = c.isActive ? sysctl.tcp_syn_linear_timeouts : 0
  // Of a Fast Open by the peer one more is tried, as on Linux: data hangs on it.
  const retries = c.isActive ? c.settings.synRetries + linear : sysctl.tcp_synack_retries + 1
  const { initialTimeout, timeoutSlop, longestTimeout } = c.tcp.host.profile
  const limit = openLimit(c)
  const isOver = limit > 0 && now - c.openedAt >= limit
  if (isOver || c.synRetransmits >= retries) {
    giveUp(c)
    return
  }
  c.synRetransmits++
  noteFastOpenTimeout(c, c.synRetransmits, now)
  c.send.owesSyn = true
  c.tcp.host.counters.RetransSegs++
  c.tcp.host.counters.OutSegs-- // to which it is added as it is sent (RFC 4022 §4)
  c.tcp.host.counters.TCPSynRetrans++
  c.tcp.host.counters.TCPTimeouts++
  const delay = initialTimeout * 2 ** Math.max(0, c.synRetransmits - linear) + timeoutSlop
  c.timers.arm(Timer.Retransmit, now, clampTo(limit, Math.min(delay, longestTimeout), c.openedAt, now))
  c.speak()
}

/** How long an open may take: the user's limit, or else the profile's; 0: none but the number of SYNs. */
const openLimit = (c: Connection): Duration => c.settings.userTimeout || c.tcp.host.profile.openTimeout

/** R2 (MUST-20, SHLD-11): the time that `retries` doubling time-outs would take, as Linux reckons it, or the user's own limit (MUST-21). */
function isGivenUp(c: Connection, now: Instant): boolean {
  const stalled = now - c.recovery.stalledSince
  if (c.settings.userTimeout > 0) return stalled >= c.settings.userTimeout
  return stalled >= backoffTime(retriesOf(c))
}

/** Retransmissions that a connection is granted; an orphan fewer, since nobody would learn of its success. */
function retriesOf(c: Connection): number {
  const { tcp_orphan_retries, tcp_retries2 } = c.tcp.host.sysctl
  if (!c.isOrphan) return tcp_retries2
  return tcp_orphan_retries === 0 ? 8 : tcp_orphan_retries
}

/** How long `retries` time-outs take that begin at RTO_MIN and double up to RTO_MAX. */
export function backoffTime(retries: number): Duration {
  const doublings = Math.floor(Math.log2(RTO_MAX / RTO_MIN))
  if (retries <= doublings) return (2 ** (retries + 1) - 1) * RTO_MIN
  return (2 ** (doublings + 1) - 1) * RTO_MIN + (retries - doublings) * RTO_MAX
}

/** The next time-out, or earlier when the user's limit, counted from `since`, ends before it (RFC 5482). */
const clampToUserTimeout = (c: Connection, timeout: Duration, since: Instant, now: Instant): Duration =>
  clampTo(c.settings.userTimeout, timeout, since, now)

function clampTo(limit: Duration, timeout: Duration, since: Instant, now: Instant): Duration {
  if (limit === 0) return timeout
  const left = since + limit - now
  return left > 0 ? Math.min(timeout, left) : timeout
}

/** The window is shut (MUST-36), or was shrunk to nothing (MUST-35): probe, at doubling intervals (SHLD-30). Too small, or corked: send what fits all the same (RFC 9293 §3.8.6.2.1's override). */
function persistTimeout(c: Connection, now: Instant): void {
  const { send } = c
  if (send.flight > 0 || send.unsent === 0) return
  send.owesProbe = true
  c.speak()
  if (send.usable > 0) return
  if (send.shutSince === NEVER) send.shutSince = now
  if (isProbingOver(c, now)) {
    giveUp(c)
    return
  }
  c.probes++
  c.tcp.host.counters.TCPWinProbe++
  if (c.rtt.backoff < 16) c.rtt.backoff++
  c.timers.arm(Timer.Persist, now, clampToUserTimeout(c, c.rtt.timeout, send.shutSince, now))
}

/**
 * Probes go on for as long as the peer answers (MUST-37): `probes` counts those in a row that it did not. But a user may set a limit
 * all the same, and an orphan, for which nobody waits, ends when its back-off does (Linux's tcp_probe_timer).
 */
function isProbingOver(c: Connection, now: Instant): boolean {
  const { userTimeout } = c.settings
  if (userTimeout > 0 && now - c.send.shutSince >= userTimeout) return true
  const retries = retriesOf(c)
  return c.probes >= retries || (c.isOrphan && c.rtt.backoff >= retries && c.rtt.timeout >= RTO_MAX)
}

/** RFC 9293 §3.8.4 (MAY-5): probes to a peer that has been silent (MUST-26); some unanswered ones in a row end the connection (MUST-29). */
function keepAliveTimeout(c: Connection, now: Instant): void {
  const { settings, send } = c
  const silent = now - c.heardAt
  if (send.flight > 0 || send.unsent > 0 || silent < settings.keepIdle) {
    c.timers.arm(
      Timer.Keepalive,
      now,
      silent < settings.keepIdle ? settings.keepIdle - silent : settings.keepIdle,
    )
    return
  }
  const isOver = settings.userTimeout > 0 ? silent >= settings.userTimeout : c.probes >= settings.keepCount
  if (c.probes > 0 && isOver) {
    sendReset(c, c.tcp.host.replies)
    giveUp(c)
    return
  }
  c.probes++
  c.tcp.host.counters.TCPKeepAlive++
  send.owesProbe = true
  c.timers.arm(Timer.Keepalive, now, settings.keepInterval)
  c.speak()
}

/** The peer is taken for dead; a soft ICMP error seen meanwhile is the better reason. */
function giveUp(c: Connection): void {
  c.tcp.host.counters.TCPAbortOnTimeout++
  c.tcp.finish(c, c.softError ?? 'timeout')
}
