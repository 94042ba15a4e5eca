// hot path
import { type Duration, type Instant, MILLISECOND } from '../base/time.ts'
import type { Bbr } from './bbr.ts'
import { probeRttWindow } from './bbr-controls.ts'
import { AckPhase, cruise, goDown } from './bbr-probe-bandwidth.ts'
import { enterStartup } from './bbr-startup.ts'
import type { RateSample } from './delivery-rate.ts'
import type { Memo } from './memo.ts'

/** BBR.ProbeRTTDuration. */
const DURATION: Duration = 200 * MILLISECOND

const UNSET: Instant = -1

/** The time with little in flight in which the path shows how long its round trip is (draft-ietf-ccwg-bbr-06, "ProbeRTT"). */
export class BbrProbeRtt {
  /** BBR.probe_rtt_done_stamp; -1: there is still too much in flight. */
  doneAt: Instant = UNSET
  /** BBR.probe_rtt_round_done. */
  isRoundDone = false

  carry(memo: Memo): void {
    this.doneAt = memo.instant(this.doneAt)
    this.isRoundDone = memo.flag(this.isRoundDone)
  }
}

/** CheckProbeRTT. */
export function checkProbeRtt(b: Bbr, sample: RateSample, now: Instant): void {
  if (b.state !== 'ProbeRTT' && b.path.isProbeDue && !b.isIdleRestart) {
    b.saveWindow()
    b.enter('ProbeRTT')
    b.probeRtt.doneAt = UNSET
    b.cycle.ackPhase = AckPhase.Stopping
    b.path.startRound(b.rate.delivered)
  }
  if (b.state === 'ProbeRTT') handleProbeRtt(b, sample, now)
  if (sample.delivered > 0) b.isIdleRestart = false
}

/** HandleProbeRTT. */
function handleProbeRtt(b: Bbr, sample: RateSample, now: Instant): void {
  const { probeRtt, path, rate } = b
  rate.limitedByApplication(sample.inFlight) // the low rate says nothing of the path
  if (probeRtt.doneAt !== UNSET) {
    if (path.isRoundStart) probeRtt.isRoundDone = true
    if (probeRtt.isRoundDone) checkProbeRttDone(b, now)
  } else if (sample.inFlight <= probeRttWindow(b)) {
    probeRtt.doneAt = now + DURATION
    probeRtt.isRoundDone = false
    path.startRound(rate.delivered)
  }
}

/** CheckProbeRTTDone, ExitProbeRTT. */
export function checkProbeRttDone(b: Bbr, now: Instant): void {
  if (b.probeRtt.doneAt === UNSET || now <= b.probeRtt.doneAt) return
  b.path.probed(now)
  b.restoreWindow()
  b.bounds.resetShortTerm()
  if (!b.fullPipe.wasFull) enterStartup(b)
  else {
    goDown(b, now)
    cruise(b)
  }
}
