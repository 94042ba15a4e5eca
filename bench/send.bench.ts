import { measure } from './measure.ts'
import { sendPlans } from './subjects/send.ts'

measure('send', sendPlans)
