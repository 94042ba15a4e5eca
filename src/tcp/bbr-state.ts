/** BBR's states (draft-ietf-ccwg-bbr-06, "State Machine"). */
export type BbrState =
  | 'Startup'
  | 'Drain'
  | 'ProbeBW_DOWN'
  | 'ProbeBW_CRUISE'
  | 'ProbeBW_REFILL'
  | 'ProbeBW_UP'
  | 'ProbeRTT'

/** Where a number stands for a state; before all of them, none. */
export const STATES: readonly (BbrState | undefined)[] = [
  undefined,
  'Startup',
  'Drain',
  'ProbeBW_DOWN',
  'ProbeBW_CRUISE',
  'ProbeBW_REFILL',
  'ProbeBW_UP',
  'ProbeRTT',
]

/** What a state makes of the model: the rate as a multiple of the bandwidth, the window as one of what the path holds. */
export interface Gains {
  readonly pacing: number
  readonly window: number
}

/** "Summary of Control Behavior in the State Machine". */
export const GAINS: Readonly<Record<BbrState, Gains>> = {
  Startup: { pacing: 2.77, window: 2 },
  Drain: { pacing: 0.5, window: 2 },
  ProbeBW_DOWN: { pacing: 0.9, window: 2 },
  ProbeBW_CRUISE: { pacing: 1, window: 2 },
  ProbeBW_REFILL: { pacing: 1, window: 2 },
  ProbeBW_UP: { pacing: 1.25, window: 2.25 },
  ProbeRTT: { pacing: 1, window: 0.5 },
}
