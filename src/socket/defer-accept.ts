/** TCP_DEFER_ACCEPT is told in seconds and kept in time-outs of the SYN-ACK, the first after a second, each twice as long as the last. */

const LONGEST = 120
const MOST = 255

/** Time-outs that cover so many seconds (Linux's secs_to_retrans). */
export function deferOf(seconds: number): number {
  if (seconds <= 0) return 0
  let count = 1
  for (let timeout = 1, period = 1; seconds > period && count < MOST; count++) {
    timeout = Math.min(2 * timeout, LONGEST)
    period += timeout
  }
  return count
}

/** Seconds that so many time-outs take (Linux's retrans_to_secs). */
export function secondsOf(count: number): number {
  let period = 0
  for (let i = 0, timeout = 1; i < count; i++, timeout = Math.min(2 * timeout, LONGEST)) period += timeout
  return period
}
