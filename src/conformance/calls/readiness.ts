import type { CallTable } from './outcome.ts'

/** Calls that wait for several descriptors. */
export const readiness: CallTable = {}
