/** Exit statuses of the command. */
export const Status = { Done: 0, Failed: 1, Usage: 2 } as const

/** Tells the exit status of a verb to whoever runs it. */
export type Finish = (status: number) => void
