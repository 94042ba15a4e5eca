import type { Duration } from '../base/time.ts'

/** What happens to packets on their way in one direction, as `tc netem` knows it. Probabilities are from 0 to 1. */
export interface Impairments {
  loss: number
  /**
   * Of a packet that overtakes: it is not delayed as the others are. Without a delay it is held back instead, for a millisecond.
   */
  reorder: number
  /** Of a packet that comes twice; the second is delayed and harmed as any other. */
  duplicate: number
  /** Of a packet in which one bit is turned. */
  corrupt: number
  delay: Duration
  /** Bits a second; 0: as fast as it goes. */
  rate: number
}

export const NO_IMPAIRMENTS: Impairments = {
  loss: 0,
  reorder: 0,
  duplicate: 0,
  corrupt: 0,
  delay: 0,
  rate: 0,
}

/** How much may wait for a slow path; what comes on top is dropped. Without a rate nothing waits. */
export interface QueueLimit {
  packets?: number
  bytes?: number
}
