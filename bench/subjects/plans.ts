import { amongPlans } from './among.ts'
import { checksumPlans } from './checksum.ts'
import { demultiplexPlans } from './demultiplex.ts'
import { floodPlans } from './flood.ts'
import { parsePlans } from './parse.ts'
import { receivePlans } from './receive.ts'
import { sendPlans } from './send.ts'
import type { Plan } from './subject.ts'
import { timerPlans } from './timers.ts'
import { transferPlans } from './transfer.ts'

/** Everything that is measured, in the order of the report. */
export const PLANS: readonly Plan[] = [
  ...parsePlans,
  ...checksumPlans,
  ...demultiplexPlans,
  ...timerPlans,
  ...receivePlans,
  ...sendPlans,
  ...transferPlans,
  ...floodPlans,
  ...amongPlans,
]
