/** A step's answer: the segment is dealt with, or the next step follows (RFC 9293 §3.10.7.4). */
export const Stop = true
export const Continue = false
export type Verdict = boolean
