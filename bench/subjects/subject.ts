/** Something to measure. */
export interface Subject {
  /** Does `count` operations, a multiple of the plan's batch. Throws when they had not the effect that they should have. */
  run(count: number): void
}

/** A subject before it is made: making it may take memory and time. */
export interface Plan {
  /** As asked for. */
  readonly key: string
  /** As printed: what one operation is. */
  readonly name: string
  /** Operations in one sample: so many that the clock's microseconds, and what reading it takes, do not count. */
  readonly batch: number
  /** Bytes that one operation carries, where that makes a rate worth printing. */
  readonly bytes?: number
  /** Heap bytes of an operation are measured too. */
  readonly isHeapMeasured?: boolean
  /** `operations`: how many will be asked for at most, when that is known. */
  create(operations?: number): Subject
}
