import { measure } from './measure.ts'
import { checksumPlans } from './subjects/checksum.ts'
import { parsePlans } from './subjects/parse.ts'

measure('wire', [...parsePlans, ...checksumPlans])
