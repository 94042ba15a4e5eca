import { type Duration, type Instant, NEVER, SECOND } from '../base/time.ts'

/**
 * When an event happens, in microseconds.
 *
 * `start`: counted from the start of the script; `previous`: from when the event before ended, or, if both are inbound
 * packets, from when that one was due; `any`: whenever it comes, `from` is 0 and `to` never. Inbound packets, calls,
 * commands and code have `from` equal to `to`.
 */
export interface EventTime {
  readonly base: 'start' | 'previous' | 'any'
  readonly from: Duration
  readonly to: Duration
  /** Written as a window, `from~to`. */
  readonly window: boolean
}

/** How far a time may be off: `usecs`, or `percent` of the gap since the event before, whichever is more. */
export interface Tolerance {
  readonly usecs: Duration
  readonly percent: number
}

export const DEFAULT_TOLERANCE: Tolerance = { usecs: 4_000, percent: 12.5 }

/** Both ends are allowed. */
export interface TimeWindow {
  readonly earliest: Instant
  readonly latest: Instant
}

/** Microseconds of a decimal number of seconds. */
export const secondsToMicroseconds = (text: string): Duration => Math.round(Number(text) * SECOND)

/**
 * The expected time of an event on the script's clock, when its base is at `base` (the start of the script is 0): the
 * lower end of a window, and `base` for an event at any time.
 */
export function dueAt(time: EventTime, base: Instant): Instant {
  if (time.base === 'any') return base
  return time.base === 'start' ? time.from : base + time.from
}

/**
 * When a packet may be seen. `base`: as for `dueAt`; `previous`: when the event before was due (its expected time, not
 * its real one), from which the percentage counts.
 */
export function windowOf(
  time: EventTime,
  base: Instant,
  previous: Instant,
  tolerance: Tolerance,
): TimeWindow {
  if (time.base === 'any') return { earliest: 0, latest: NEVER }
  const due = dueAt(time, base)
  const slack = slackOf(due - previous, tolerance)
  return { earliest: due - slack, latest: due + (time.to - time.from) + slack }
}

/** The larger of the two tolerances over a gap; the percentage is cut to whole microseconds. */
export const slackOf = (gap: Duration, tolerance: Tolerance): Duration =>
  Math.max(tolerance.usecs, Math.trunc((tolerance.percent / 100) * gap))

/** Seconds with six decimals, `1.250000`. */
export const formatSeconds = (time: Duration): string => (time / SECOND).toFixed(6)
