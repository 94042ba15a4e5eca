import type { Figure } from './figures.ts'

/** Who was measured. */
export interface Measured {
  key: string
  name: string
  /** The candidate that its figures are compared with. */
  reference?: string
  /** Why it could not be measured. */
  missing?: string
  /** What to know when reading its figures. */
  note?: string
}

export interface Settings {
  rounds: number
  unpinnedRounds: number
  seconds: number
  warmup: number
  /** To which client and stack are pinned. */
  cpu: number
}

/** What the wire benches write. */
export interface WireResults {
  settings: Settings
  candidates: Measured[]
  /** Client and stack on one CPU; the idle connections too. */
  pinned: Figure[]
  unpinned: Figure[]
}
