import type { Figure } from './figures.ts'

/** Who was measured. */
export interface Measured {
  key: string
  name: string
  /** Whether segments of 64 KB and half a checksum pass between it and the kernel. */
  usesOffload: boolean
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
  idleRounds: number
  /** No further round begins that would end later than this, in seconds since the first. */
  patience: number
  seconds: number
  warmup: number
  /** After this much silence on idle connections nothing is put off any more: the daemon has V8 give memory back after 8 s. */
  settling: number
  /** Processor time of the stack in each scenario before anything is measured, for whoever is compiled while it runs. */
  warming: number
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
