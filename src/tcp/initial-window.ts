/** RFC 6928: ten segments, or what they would be at 1,460 bytes. */
export const initialWindow = (mss: number): number => Math.min(10 * mss, Math.max(2 * mss, 14600))
