import { measure } from './measure.ts'
import { demultiplexPlans } from './subjects/demultiplex.ts'
import { timerPlans } from './subjects/timers.ts'

measure('tables', [...demultiplexPlans, ...timerPlans])
