import { measure } from './measure.ts'
import { receivePlans } from './subjects/receive.ts'

measure('receive', receivePlans)
