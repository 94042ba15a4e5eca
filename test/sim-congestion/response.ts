import { expect } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import { Bottleneck, SEGMENT } from './bottleneck.ts'

/** A row of RFC 9438's tables 1 and 2: packets of which one is lost, the round trip, and the average window, segments. */
export interface Response {
  lossEvery: number
  roundTrip: number
  window: number
  /** The first packet that is lost: where the window stands then decides how soon the steady state is reached. */
  firstLoss?: number
}

/**
 * Reno's average window [RFC9438 §5.1, AVG_AIMD with alpha 1 and beta a half], with a round trip at half the window for each recovery. Counted in
 * bytes, so delayed acknowledgements do not matter: between two losses lie W/2 rounds, 3/8 W^2 + W/2 segments.
 */
export function renoWindow(lossEvery: number): number {
  const most = (Math.sqrt(0.25 + 1.5 * lossEvery) - 0.5) / 0.75
  return lossEvery / (most / 2 + 1)
}

/** [RFC9438 §5.1] Within five percent of the controller's response function, over `epochs` losses. */
export function expectResponse(row: Response, epochs: number, controller = 'cubic'): void {
  const { lossEvery, roundTrip, window } = row
  const path = new Bottleneck({ rate: 1e9, buffer: 1 << 24, ...row })
  path.open(controller)
  const epoch = (lossEvery / window) * roundTrip
  path.world.runFor(SECOND + 6 * epoch)
  const [rate] = path.measure(epochs * epoch)
  const average = ((rate! / SEGMENT) * roundTrip) / SECOND
  expect(Math.abs(average / window - 1)).toBeLessThan(0.05)
}
