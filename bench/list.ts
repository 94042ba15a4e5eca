// Prints what can be measured, as JSON.
import { PLANS } from './subjects/plans.ts'

console.log(JSON.stringify(PLANS))
