import { measure } from './measure.ts'
import { transferPlans } from './subjects/transfer.ts'

measure('transfer', transferPlans)
