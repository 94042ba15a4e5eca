import { measure } from './measure.ts'
import { amongPlans } from './subjects/among.ts'

measure('among', amongPlans)
