/**
 * Time as the core knows it: numbers that somebody else read from a clock.
 *
 * The core never asks what time it is. Whoever drives it passes `now`, taken once a turn.
 */

/** Microseconds since the stack's start, monotonic. */
export type Instant = number

/** Microseconds. */
export type Duration = number

export const MICROSECOND: Duration = 1
export const MILLISECOND: Duration = 1_000
export const SECOND: Duration = 1_000_000
export const MINUTE: Duration = 60_000_000

/** A deadline that does not come. */
export const NEVER: Instant = Number.POSITIVE_INFINITY

/** The earlier of two. Unlike `Math.min` it gives back one of its arguments, and so makes no new object where a call is not inlined. */
export const sooner = (a: Instant, b: Instant): Instant => (b < a ? b : a)
