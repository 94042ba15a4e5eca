import { expect } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import { Bottleneck, SEGMENT } from './bottleneck.ts'

/** A row of RFC 9438's tables 1 and 2: packets of which one is lost, the round trip, and CUBIC's window, segments. */
export interface Response {
  lossEvery: number
  roundTrip: number
  window: number
  /** The first packet that is lost: where the window stands then decides how soon the steady state is reached. */
  firstLoss?: number
}

/** [RFC9438 §5.1] Within five percent of CUBIC's response function, over `epochs` losses. */
export function expectResponse(row: Response, epochs: number): void {
  const { lossEvery, roundTrip, window } = row
  const path = new Bottleneck({ rate: 1e9, buffer: 1 << 24, ...row })
  path.open('cubic')
  const epoch = (lossEvery / window) * roundTrip
  path.world.runFor(SECOND + 6 * epoch)
  const [rate] = path.measure(epochs * epoch)
  const average = ((rate! / SEGMENT) * roundTrip) / SECOND
  expect(Math.abs(average / window - 1)).toBeLessThan(0.05)
}
