import { measure } from './measure.ts'
import { floodPlans } from './subjects/flood.ts'

measure('flood', floodPlans)
